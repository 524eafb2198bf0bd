-- name: counts
-- All messages of a workspace by status, from the counters of its lanes.
select c.status::text as status, sum(c.count)::bigint as count
from senders s join lanes l on l.sender_id = s.id join lane_counts c on c.lane_id = l.id
where s.workspace_id = :workspace_id
group by c.status;

-- name: next_due$
-- The first moment at which a lane has something to do, if it does not wait for a person.
select min(greatest(l.wake_at, m.blocked_until))
from senders s join lanes l on l.sender_id = s.id join mailboxes m on m.id = l.mailbox_id
where s.workspace_id = :workspace_id and l.next_due is not null and l.blocked_until < 'infinity' and m.blocked_until < 'infinity'
    and s.state = 'active';

-- name: sent_since$
-- Messages that were accepted in the window that ends now: whole minutes from the rollup, the two ends from the ledger, mailbox
-- by mailbox, by its index: each in a subquery of its own, or the planner, which knows neither moment, reads the whole ledger.
with edges as (
    select since, ceil.minute as whole_from, greatest(r.until, ceil.minute) as whole_to
    from sent_rollup r
    cross join (select clock_timestamp() - make_interval(secs => :window) as since) as w
    cross join lateral (select date_trunc('minute', w.since) + interval '1 minute' as minute) as ceil
)
select (
    select coalesce(sum(s.sent), 0) from sent_minutes s
    where s.workspace_id = :workspace_id and s.minute >= e.whole_from and s.minute < e.whole_to
) + (
    select coalesce(sum(d.count), 0)::bigint from mailboxes m cross join lateral (
        select count(*) from dispatches d
        where d.mailbox_id = m.id and d.dispatched_at > e.since and d.dispatched_at < e.whole_from and d.outcome = 'accepted'
    ) as d where m.workspace_id = :workspace_id
) + (
    select coalesce(sum(d.count), 0)::bigint from mailboxes m cross join lateral (
        select count(*) from dispatches d where d.mailbox_id = m.id and d.dispatched_at >= e.whole_to and d.outcome = 'accepted'
    ) as d where m.workspace_id = :workspace_id
)
from edges e;

-- name: hours
-- What was accepted in each hour of the workspace's own clock, in recipients as limits count: the 24th last to this one. From the
-- rollup; what is younger from the ledger.
with zone as (select timezone from workspaces where id = :workspace_id),
hours as (
    select generate_series(last - interval '23 hours', last, interval '1 hour') as start, last - interval '23 hours' as first
    from zone, lateral (select date_trunc('hour', clock_timestamp(), zone.timezone) as last) as l
),
left_at as (
    select s.minute as at, s.recipients from sent_minutes s, sent_rollup r
    where s.workspace_id = :workspace_id and s.minute >= (select min(start) from hours) and s.minute < r.until
    union all
    select d.dispatched_at, d.recipients
    from sent_rollup r cross join mailboxes m cross join lateral (
        select d.dispatched_at, d.recipients from dispatches d
        where d.mailbox_id = m.id and d.outcome = 'accepted' and d.dispatched_at >= greatest(r.until, (select min(start) from hours))
        offset 0
    ) as d
    where m.workspace_id = :workspace_id
)
select h.start, coalesce(sum(l.recipients), 0)::bigint as count
from hours h
left join left_at l on date_bin('1 hour', l.at, h.first) = h.start
group by h.start order by h.start;

-- name: on_time^
-- How long after its moment a message left, of the newest that were first in line: nothing of the mailbox that was due earlier
-- left in between, and it had no sending hours to wait for. Looks at no more than :count dispatches of a mailbox.
with newest as (
    select d.* from mailboxes m
    cross join lateral (
        select d.workspace_id, d.email_id, d.attempt, d.outcome, d.dispatched_at, coalesce(d.dot_at, d.dispatched_at) as left_at,
            lag(d.dispatched_at) over (order by d.dispatched_at) as previous_at
        from (
            select * from dispatches
            where mailbox_id = m.id and dispatched_at > statement_timestamp() - interval '24 hours'
            order by dispatched_at desc limit :count
        ) as d
    ) as d
    where m.workspace_id = :workspace_id
    order by d.dispatched_at desc limit :count
),
late as (
    select extract(epoch from greatest(n.left_at - e.due_at, interval '0')) as seconds
    from newest n
    join emails e on e.workspace_id = n.workspace_id and e.id = n.email_id
    join senders s on s.workspace_id = e.workspace_id and s.id = e.sender_id
    left join campaigns c on c.workspace_id = e.workspace_id and c.id = e.campaign_id
    where n.workspace_id = :workspace_id and n.outcome = 'accepted' and n.attempt = 1 and e.status = 'sent'
        and (n.previous_at is null or n.previous_at <= e.due_at)
        and s.window_days is null and c.window_days is null
)
select count(*) as count, percentile_cont(0.5) within group (order by seconds)::double precision as p50_seconds,
    percentile_cont(0.99) within group (order by seconds)::double precision as p99_seconds
from late;

-- name: workspace_hour^
-- The global limit and what the gate counts against it; no row without one.
select w.hourly_limit as limit, h.used, case when h.used >= w.hourly_limit then h.next_at end as next_at
from workspaces w cross join lateral headroom('workspace_hour', w.id, w.hourly_limit, :window) as h
where w.id = :workspace_id and w.hourly_limit is not null;

-- name: senders
-- Each sender with what its mailbox may send and has sent in the window that ends now.
select s.id, s.name, s.from_email, s.state::text as state, s.state_reason, s.mailbox_id, m.hourly_limit, u.used, u.next_at,
    coalesce(k.waiting, 0)::bigint as waiting,
    case when m.blocked_until > clock_timestamp() then m.blocked_reason end as blocked_reason,
    case when m.blocked_until > clock_timestamp() and m.blocked_until < 'infinity' then m.blocked_until end as blocked_until
from senders s
join (
    select b.*, h.used as limited_use, h.next_at as limited_next
    from mailboxes b
    left join lateral headroom('mailbox_hour', b.id, b.hourly_limit, :window) as h on b.hourly_limit is not null
    where b.workspace_id = :workspace_id
) as m on m.id = s.mailbox_id
cross join lateral (
    select case when m.hourly_limit is not null then m.limited_use else (
            select coalesce(sum(d.recipients), 0)
            from pacing_ledger('mailbox_hour', m.id, clock_timestamp() - make_interval(secs => :window)) as d
        ) end::bigint as used,
        case when m.limited_use >= m.hourly_limit then m.limited_next end as next_at
) as u
left join lateral (
    select sum(c.count) as waiting from lanes l join lane_counts c on c.lane_id = l.id
    where l.sender_id = s.id and c.status in ('scheduled', 'deferred', 'held')
) as k on true
where s.workspace_id = :workspace_id and s.deleted_at is null
order by s.is_default desc, s.id;
