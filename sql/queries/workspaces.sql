-- name: get^
select id, name, timezone from workspaces where id = :workspace_id;

-- name: settings^
select id, name, timezone, hourly_limit, late_after_seconds from workspaces where id = :workspace_id;

-- name: lock^
-- What can be changed of it, held against every other change until the commit.
select name, timezone, hourly_limit, late_after_seconds from workspaces where id = :workspace_id for no key update;

-- name: change!
update workspaces
set name = :name, timezone = :timezone, hourly_limit = :hourly_limit, late_after_seconds = :late_after_seconds
where id = :workspace_id;

-- name: lift_limit
-- Has the mailboxes looked at again that wait for the limit of the workspace, and no others.
update mailboxes set blocked_until = '-infinity', blocked_reason = null
where workspace_id = :workspace_id and blocked_reason = 'workspace_hour'
returning id;

-- name: above_ceiling
-- Every workspace of the installation that may send more an hour than this.
select id from workspaces where hourly_limit is null or hourly_limit > :ceiling order by id;

-- name: lower_to_ceiling$
update workspaces set hourly_limit = :ceiling
where id = :workspace_id and (hourly_limit is null or hourly_limit > :ceiling)
returning id;

-- name: add!
insert into workspaces (id, name, hourly_limit) values (:id, :name, :hourly_limit);

-- name: unclaimed$
-- The workspace that `paceline up` made, as long as its own person and the newcomer are the only ones with an account.
select m.workspace_id
from members m
join users u on u.id = m.user_id and u.email = :seeded_email and u.oidc_subject is null
where m.role = 'owner'
  and not exists (select from users other where other.id not in (u.id, :newcomer))
order by m.created_at, m.workspace_id
limit 1;
