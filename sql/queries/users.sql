-- name: get^
-- A member of a workspace.
select u.id, u.email, u.name, u.avatar_url
from users u
join members m on m.user_id = u.id
where m.workspace_id = :workspace_id and u.id = :id;

-- name: by_email^
-- A person by address, with the first workspace that they belong to (null where none).
select u.id, u.name, u.oidc_subject,
    (select m.workspace_id from members m where m.user_id = u.id order by m.created_at, m.workspace_id limit 1) as workspace_id
from users u
where u.email = :email;

-- name: by_identity^
-- A person by what their provider calls them.
select id, oidc_subject from users where oidc_issuer = :issuer and oidc_subject = :subject;

-- name: add!
insert into users (id, email, name, avatar_url, oidc_issuer, oidc_subject)
values (:id, :email, :name, :avatar_url, :issuer, :subject);

-- name: link!
-- Ties an account to an identity and takes over what the provider says now. An address that another account has stays there.
update users u
set oidc_issuer = :issuer, oidc_subject = :subject, name = :name, avatar_url = :avatar_url,
    email = case when exists (select from users o where o.email = :email and o.id <> u.id) then u.email else :email end
where u.id = :id;

-- name: lock_sign_in$
-- One first sign-in at a time, until the end of the transaction.
select pg_advisory_xact_lock(hashtext('paceline.sign_in'));
