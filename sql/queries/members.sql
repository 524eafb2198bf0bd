-- name: page
-- The people of a workspace, with how many keys each has made that still work: newest first, oldest first with :before.
select u.id, u.email, u.name, u.avatar_url, m.role::text as role, m.created_at as joined_at, m.last_seen_at, (
    select count(*) from api_keys k
    where k.workspace_id = m.workspace_id and k.created_by = m.user_id and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now())
)::integer as api_keys
from members m join users u on u.id = m.user_id
where m.workspace_id = :workspace_id
    and (:after::uuid is null or u.id < :after) and (:before::uuid is null or u.id > :before)
order by case when :before::uuid is null then u.id end desc, case when :before::uuid is not null then u.id end
limit :count;

-- name: get^
select u.id, u.email, u.name, u.avatar_url, m.role::text as role, m.created_at as joined_at, m.last_seen_at, (
    select count(*) from api_keys k
    where k.workspace_id = m.workspace_id and k.created_by = m.user_id and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now())
)::integer as api_keys
from members m join users u on u.id = m.user_id
where m.workspace_id = :workspace_id and m.user_id = :user_id;

-- name: lock$
-- One change of the members of a workspace at a time, until the commit: two owners who leave at once would leave none.
select id from workspaces where id = :workspace_id for no key update;

-- name: has_other_owner$
select exists (
    select from members where workspace_id = :workspace_id and user_id <> :user_id and role = 'owner'
);

-- name: add!
insert into members (workspace_id, user_id, role) values (:workspace_id, :user_id, :role)
on conflict (workspace_id, user_id) do nothing;

-- name: set_role!
update members set role = :role::member_role where workspace_id = :workspace_id and user_id = :user_id;

-- name: remove!
delete from members where workspace_id = :workspace_id and user_id = :user_id;

-- name: of_person
-- The workspaces of a person, by name; of a confined session just its own.
select w.id, w.name, w.timezone, m.role::text as role
from members m join workspaces w on w.id = m.workspace_id
where m.user_id = :user_id and (:only::uuid is null or m.workspace_id = :only)
order by lower(w.name), w.id;

-- name: count_of_person$
select count(*) from members where user_id = :user_id;

-- name: last_of$
-- The workspace that a person used last, else the one that they joined first.
select workspace_id from members where user_id = :user_id
order by last_seen_at desc nulls last, created_at, workspace_id limit 1;
