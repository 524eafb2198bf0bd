-- Parts of lists, in their order: between two places, both left out. Of each status, and where one sender or campaign is asked for of
-- each of its lanes, an index holds them in this order; of each a few are read, then put together. A place is (at, position, id);
-- what a list is not sorted by is the same in all of it. Of many parts only those are read whose first message is among the first of all.

-- name: parts
-- The lanes of a sender, of some campaigns or of both, with the statuses in which they have messages. An empty list of campaigns:
-- those of single messages.
select l.id as lane_id, c.status::text as status
from lanes l join lane_counts c on c.lane_id = l.id
where l.workspace_id = :workspace_id and c.count > 0 and c.status = any (:statuses::email_status[])
    and (:sender_id::uuid is null or l.sender_id = :sender_id)
    and (:campaign_ids::uuid[] is null or l.campaign_id = any (:campaign_ids)
        or :campaign_ids = '{}' and l.campaign_id is null);

-- name: place^
-- Where a message stands in the lists. Null: not in that of what has ended.
select due_at, position, coalesce(ended_at, dispatched_at) as ended_at from emails where workspace_id = :workspace_id and id = :id;

-- name: created_falling
-- Newest first. With :whole in whatever status.
select v.id, 'epoch'::timestamptz as at, 0 as position from (
    (
        select e.id from emails e
        where :whole and e.workspace_id = :workspace_id and e.id > :low_id and e.id < :high_id
        order by e.id desc limit :count
    )
    union all
    select e.id from unnest(:statuses::email_status[]) as s (status)
    cross join lateral (
        select e.id from emails e
        where e.workspace_id = :workspace_id and e.status = s.status and e.id > :low_id and e.id < :high_id
        order by e.id desc limit :count
    ) as e
    union all
    select e.id from (
        select l.id, s.status from unnest(:lane_ids::bigint[], :lane_statuses::email_status[]) as s (lane_id, status)
        join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
        cross join lateral (
            select e.id as first from emails e
            where -e.lane_id = -l.id and e.status = s.status and e.id > :low_id and e.id < :high_id
            order by e.id desc limit 1
        ) as e
        order by e.first desc limit :count
    ) as l
    cross join lateral (
        select e.id from emails e where -e.lane_id = -l.id and e.status = l.status and e.id > :low_id and e.id < :high_id
        order by e.id desc limit :count
    ) as e
) as v
order by v.id desc limit :count;

-- name: created_rising
select v.id, 'epoch'::timestamptz as at, 0 as position from (
    (
        select e.id from emails e
        where :whole and e.workspace_id = :workspace_id and e.id > :low_id and e.id < :high_id
        order by e.id limit :count
    )
    union all
    select e.id from unnest(:statuses::email_status[]) as s (status)
    cross join lateral (
        select e.id from emails e
        where e.workspace_id = :workspace_id and e.status = s.status and e.id > :low_id and e.id < :high_id
        order by e.id limit :count
    ) as e
    union all
    select e.id from (
        select l.id, s.status from unnest(:lane_ids::bigint[], :lane_statuses::email_status[]) as s (lane_id, status)
        join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
        cross join lateral (
            select e.id as first from emails e
            where -e.lane_id = -l.id and e.status = s.status and e.id > :low_id and e.id < :high_id
            order by e.id limit 1
        ) as e
        order by e.first limit :count
    ) as l
    cross join lateral (
        select e.id from emails e where -e.lane_id = -l.id and e.status = l.status and e.id > :low_id and e.id < :high_id
        order by e.id limit :count
    ) as e
) as v
order by v.id limit :count;

-- name: sent_falling
-- What has ended or is in doubt, the latest first.
select v.id, v.at, 0 as position from (
    select e.id, e.at from unnest(:statuses::email_status[]) as s (status)
    cross join lateral (
        select e.id, coalesce(e.ended_at, e.dispatched_at) as at from emails e
        where e.workspace_id = :workspace_id and e.status = s.status
            and e.status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed')
            and (coalesce(e.ended_at, e.dispatched_at), e.id) > (:low_at, :low_id)
            and (coalesce(e.ended_at, e.dispatched_at), e.id) < (:high_at, :high_id)
        order by coalesce(e.ended_at, e.dispatched_at) desc, e.id desc limit :count
    ) as e
    union all
    select e.id, e.at from (
        select l.id, s.status from unnest(:lane_ids::bigint[], :lane_statuses::email_status[]) as s (lane_id, status)
        join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
        cross join lateral (
            select e.id as first, coalesce(e.ended_at, e.dispatched_at) as at from emails e
            where e.lane_id = l.id and e.status = s.status
                and e.status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed')
                and (coalesce(e.ended_at, e.dispatched_at), e.id) > (:low_at, :low_id)
                and (coalesce(e.ended_at, e.dispatched_at), e.id) < (:high_at, :high_id)
            order by coalesce(e.ended_at, e.dispatched_at) desc, e.id desc limit 1
        ) as e
        order by e.at desc, e.first desc limit :count
    ) as l
    cross join lateral (
        select e.id, coalesce(e.ended_at, e.dispatched_at) as at from emails e
        where e.lane_id = l.id and e.status = l.status
            and e.status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed')
            and (coalesce(e.ended_at, e.dispatched_at), e.id) > (:low_at, :low_id)
            and (coalesce(e.ended_at, e.dispatched_at), e.id) < (:high_at, :high_id)
        order by coalesce(e.ended_at, e.dispatched_at) desc, e.id desc limit :count
    ) as e
) as v
order by v.at desc, v.id desc limit :count;

-- name: sent_rising
select v.id, v.at, 0 as position from (
    select e.id, e.at from unnest(:statuses::email_status[]) as s (status)
    cross join lateral (
        select e.id, coalesce(e.ended_at, e.dispatched_at) as at from emails e
        where e.workspace_id = :workspace_id and e.status = s.status
            and e.status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed')
            and (coalesce(e.ended_at, e.dispatched_at), e.id) > (:low_at, :low_id)
            and (coalesce(e.ended_at, e.dispatched_at), e.id) < (:high_at, :high_id)
        order by coalesce(e.ended_at, e.dispatched_at), e.id limit :count
    ) as e
    union all
    select e.id, e.at from (
        select l.id, s.status from unnest(:lane_ids::bigint[], :lane_statuses::email_status[]) as s (lane_id, status)
        join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
        cross join lateral (
            select e.id as first, coalesce(e.ended_at, e.dispatched_at) as at from emails e
            where e.lane_id = l.id and e.status = s.status
                and e.status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed')
                and (coalesce(e.ended_at, e.dispatched_at), e.id) > (:low_at, :low_id)
                and (coalesce(e.ended_at, e.dispatched_at), e.id) < (:high_at, :high_id)
            order by coalesce(e.ended_at, e.dispatched_at), e.id limit 1
        ) as e
        order by e.at, e.first limit :count
    ) as l
    cross join lateral (
        select e.id, coalesce(e.ended_at, e.dispatched_at) as at from emails e
        where e.lane_id = l.id and e.status = l.status
            and e.status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed')
            and (coalesce(e.ended_at, e.dispatched_at), e.id) > (:low_at, :low_id)
            and (coalesce(e.ended_at, e.dispatched_at), e.id) < (:high_at, :high_id)
        order by coalesce(e.ended_at, e.dispatched_at), e.id limit :count
    ) as e
) as v
order by v.at, v.id limit :count;

-- name: scheduled_rising
-- What waits, the next one first. The indexes that have this order mix the two statuses: the few that are deferred are left out on the
-- way, or where they alone are asked for gathered by their status.
select v.id, v.at, v.position from (
    (
        select e.id, e.due_at as at, e.position from emails e
        where :whole and not :only_deferred and e.workspace_id = :workspace_id
            and e.status in ('scheduled', 'deferred') and e.status = any (:statuses::email_status[])
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at, e.position, e.id limit :count
    )
    union all
    (
        select e.id, e.due_at, e.position from emails e
        where :whole and :only_deferred and e.workspace_id = :workspace_id and e.status = 'deferred'
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at, e.position, e.id limit :count
    )
    union all
    select e.id, e.due_at, e.position from unnest(:lane_ids::bigint[]) as s (lane_id)
    join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
    cross join lateral (
        select e.id, e.due_at, e.position from emails e
        where not :only_deferred and e.lane_id = l.id
            and e.status in ('scheduled', 'deferred') and e.status = any (:statuses::email_status[])
            and (e.due_at, e.position) >= (:low_at, :low_position) and (e.due_at, e.position) <= (:high_at, :high_position)
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at, e.position, e.id limit :count
    ) as e
    union all
    select e.id, e.due_at, e.position from unnest(:lane_ids::bigint[]) as s (lane_id)
    join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
    cross join lateral (
        select e.id, e.due_at, e.position from emails e
        where :only_deferred and -e.lane_id = -l.id and e.status = 'deferred'
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at, e.position, e.id limit :count
    ) as e
) as v
order by v.at, v.position, v.id limit :count;

-- name: scheduled_falling
select v.id, v.at, v.position from (
    (
        select e.id, e.due_at as at, e.position from emails e
        where :whole and not :only_deferred and e.workspace_id = :workspace_id
            and e.status in ('scheduled', 'deferred') and e.status = any (:statuses::email_status[])
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at desc, e.position desc, e.id desc limit :count
    )
    union all
    (
        select e.id, e.due_at, e.position from emails e
        where :whole and :only_deferred and e.workspace_id = :workspace_id and e.status = 'deferred'
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at desc, e.position desc, e.id desc limit :count
    )
    union all
    select e.id, e.due_at, e.position from unnest(:lane_ids::bigint[]) as s (lane_id)
    join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
    cross join lateral (
        select e.id, e.due_at, e.position from emails e
        where not :only_deferred and e.lane_id = l.id
            and e.status in ('scheduled', 'deferred') and e.status = any (:statuses::email_status[])
            and (e.due_at, e.position) >= (:low_at, :low_position) and (e.due_at, e.position) <= (:high_at, :high_position)
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at desc, e.position desc, e.id desc limit :count
    ) as e
    union all
    select e.id, e.due_at, e.position from unnest(:lane_ids::bigint[]) as s (lane_id)
    join lanes l on l.workspace_id = :workspace_id and l.id = s.lane_id
    cross join lateral (
        select e.id, e.due_at, e.position from emails e
        where :only_deferred and -e.lane_id = -l.id and e.status = 'deferred'
            and (e.due_at, e.position, e.id) > (:low_at, :low_position, :low_id)
            and (e.due_at, e.position, e.id) < (:high_at, :high_position, :high_id)
        order by e.due_at desc, e.position desc, e.id desc limit :count
    ) as e
) as v
order by v.at desc, v.position desc, v.id desc limit :count;
