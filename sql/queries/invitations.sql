-- name: page
-- Who was invited and has not joined: newest first, oldest first with :before. Links that have expired are among them.
select i.id, i.email, i.role::text as role, u.name as invited_by, i.created_at, i.expires_at
from invitations i left join users u on u.id = i.invited_by
where i.workspace_id = :workspace_id and i.accepted_at is null and i.revoked_at is null
    and (:after::uuid is null or i.id < :after) and (:before::uuid is null or i.id > :before)
order by case when :before::uuid is null then i.id end desc, case when :before::uuid is not null then i.id end
limit :count;

-- name: is_member$
select exists (
    select from members m join users u on u.id = m.user_id where m.workspace_id = :workspace_id and u.email = :email
);

-- name: replace!
-- Takes back what is open for an address: a new link takes its place.
update invitations set revoked_at = now()
where workspace_id = :workspace_id and email = :email and accepted_at is null and revoked_at is null;

-- name: add<!
insert into invitations (workspace_id, id, email, role, token_hash, invited_by, expires_at)
values (:workspace_id, :id, :email, :role::member_role, :token_hash, :invited_by, :expires_at)
returning id, email, role::text as role, (select u.name from users u where u.id = invited_by) as invited_by, created_at, expires_at;

-- name: revoke!
update invitations set revoked_at = now()
where workspace_id = :workspace_id and id = :id and accepted_at is null and revoked_at is null;

-- name: revoke_of!
-- What somebody invited who is an owner no longer.
update invitations set revoked_at = now()
where workspace_id = :workspace_id and invited_by = :user_id and accepted_at is null and revoked_at is null;

-- name: open^
-- The invitation of a link that still holds. Asked before the workspace is known: the hash is the credential.
select i.id, i.workspace_id, w.name as workspace, i.email, i.role::text as role, u.name as invited_by, i.expires_at
from invitations i
join workspaces w on w.id = i.workspace_id
left join users u on u.id = i.invited_by
where i.token_hash = :token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > now();

-- name: accept^
-- Spends it: of two who come at once, one gets the row.
update invitations set accepted_at = now()
where id = :id and email = :email and accepted_at is null and revoked_at is null and expires_at > now()
returning workspace_id, role::text as role;
