-- name: by_hash
-- The keys of tokens, and how much each may: never more than the person who made it. Asked before the workspace is known: the hash
-- is the credential.
select k.key_hash, k.workspace_id, k.id, k.name, k.scope::text as scope, k.created_by, k.last_used_at, k.expires_at,
    coalesce(m.role::text, 'owner') as role
from api_keys k
left join members m on m.workspace_id = k.workspace_id and m.user_id = k.created_by
where k.key_hash = any (:hashes::bytea[]) and k.revoked_at is null and (k.created_by is null or m.user_id is not null);

-- name: note_use!
update api_keys set last_used_at = now() where workspace_id = :workspace_id and id = :id;

-- name: add<!
insert into api_keys (workspace_id, id, name, prefix, key_hash, scope, created_by, expires_at)
values (:workspace_id, :id, :name, :prefix, :key_hash, :scope, :created_by, :expires_at)
returning id, name, prefix, scope::text as scope, created_at, last_used_at, expires_at,
    (select u.name from users u where u.id = created_by) as created_by;

-- name: page
-- The keys of a workspace that were not revoked: newest first, oldest first when walking back with :before.
select k.id, k.name, k.prefix, k.scope::text as scope, k.created_at, k.last_used_at, k.expires_at, u.name as created_by
from api_keys k
left join users u on u.id = k.created_by
where k.workspace_id = :workspace_id and k.revoked_at is null
  and (:after::uuid is null or k.id < :after)
  and (:before::uuid is null or k.id > :before)
order by case when :before::uuid is null then k.id end desc, case when :before::uuid is not null then k.id end
limit :count;

-- name: revoke!
update api_keys set revoked_at = now() where workspace_id = :workspace_id and id = :id and revoked_at is null;

-- name: revoke_of!
-- The keys that a person made, who is no member any more.
update api_keys set revoked_at = now() where workspace_id = :workspace_id and created_by = :user_id and revoked_at is null;
