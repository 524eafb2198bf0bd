-- name: exist$
-- Whether one of the queries below would find anything.
select exists (select from campaigns where cancel_marked_at < clock_timestamp() - interval '5 seconds')
    or exists (select from imports where touched_at < clock_timestamp() - interval '15 seconds')
    or exists (select from campaigns where placing_at < clock_timestamp() - interval '15 seconds');

-- name: cancelled
-- Cancelled campaigns of which messages are left to mark.
update campaigns c set cancel_marked_at = clock_timestamp()
from (
    select workspace_id, id from campaigns where cancel_marked_at < clock_timestamp() - interval '5 seconds'
    order by cancel_marked_at limit 20 for update skip locked
) as stale
where c.workspace_id = stale.workspace_id and c.id = stale.id
returning c.workspace_id, c.id;

-- name: imports
-- Lists that are not read to their end.
update imports i set touched_at = clock_timestamp()
from (
    select workspace_id, id from imports where touched_at < clock_timestamp() - interval '15 seconds'
    order by touched_at limit 20 for update skip locked
) as stale
where i.workspace_id = stale.workspace_id and i.id = stale.id
returning i.workspace_id, i.id;

-- name: placing
-- Campaigns of which messages are left to write.
update campaigns c set placing_at = clock_timestamp()
from (
    select workspace_id, id from campaigns where placing_at < clock_timestamp() - interval '15 seconds'
    order by placing_at limit 20 for update skip locked
) as stale
where c.workspace_id = stale.workspace_id and c.id = stale.id
returning c.workspace_id, c.id;
