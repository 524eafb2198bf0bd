-- name: get^
select id, name, timezone from workspaces where id = :workspace_id;
