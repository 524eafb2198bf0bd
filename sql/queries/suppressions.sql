-- name: among
-- Those of these addresses (in lower case) that are suppressed.
select address from suppressions where workspace_id = :workspace_id and address = any (:addresses::text[]);
