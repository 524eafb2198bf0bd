-- name: by_hash^
-- The key of a token. Asked before the workspace is known: the hash is the credential.
select workspace_id, id, name, scope::text as scope, created_by, last_used_at
from api_keys
where key_hash = :key_hash and revoked_at is null;

-- name: note_use!
update api_keys set last_used_at = now() where workspace_id = :workspace_id and id = :id;

-- name: add<!
insert into api_keys (workspace_id, id, name, prefix, key_hash, scope, created_by)
values (:workspace_id, :id, :name, :prefix, :key_hash, :scope, :created_by)
returning id, name, prefix, scope::text as scope, created_at, last_used_at;

-- name: page
-- The keys of a workspace that still work: newest first, oldest first when walking back with :before.
select id, name, prefix, scope::text as scope, created_at, last_used_at
from api_keys
where workspace_id = :workspace_id and revoked_at is null
  and (:after::uuid is null or id < :after)
  and (:before::uuid is null or id > :before)
order by case when :before::uuid is null then id end desc, case when :before::uuid is not null then id end
limit :count;

-- name: revoke!
update api_keys set revoked_at = now() where workspace_id = :workspace_id and id = :id and revoked_at is null;
