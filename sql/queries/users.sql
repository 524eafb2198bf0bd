-- name: by_email^
-- A person by address, with the first workspace that they belong to (null where none).
select u.id, u.email, u.name, u.avatar_url, u.oidc_issuer, u.oidc_subject,
    (select m.workspace_id from members m where m.user_id = u.id order by m.created_at, m.workspace_id limit 1) as workspace_id
from users u
where u.email = :email;

-- name: get^
-- A member of a workspace.
select u.id, u.email, u.name, u.avatar_url
from users u
join members m on m.user_id = u.id
where m.workspace_id = :workspace_id and u.id = :id;
