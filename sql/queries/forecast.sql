-- What a forecast looks at: mailboxes, lanes and counters, never messages.

-- name: senders
-- The senders that a campaign names, in its order, or with none the default one.
select s.id, s.mailbox_id, s.from_email, s.state::text as state, w.timezone, w.hourly_limit as workspace_limit,
    s.window_days, s.window_start, s.window_end, s.window_timezone
from workspaces w
join senders s on s.workspace_id = w.id and s.deleted_at is null
where w.id = :workspace_id
    and case when cardinality(:ids::uuid[]) > 0 then s.id = any (:ids::uuid[]) else s.is_default end
order by array_position(:ids::uuid[], s.id);

-- name: campaign^
select state::text as state, sender_ids, start_at, timezone, delay_ms, jitter_percent, window_days, window_start, window_end,
    hourly_limit, recipient_count
from campaigns where workspace_id = :workspace_id and id = :id;

-- name: mailboxes
-- These mailboxes, and with :all every other one of the workspace that has something waiting. What is known of its last messages,
-- in seconds: `dot_seconds` from the gate to the dot, `reply_seconds` from the gate to the server's reply.
select m.id, m.host, m.hourly_limit, m.daily_limit, m.min_delay_ms, m.concurrency, m.free_at, m.blocked_until, m.blocked_reason,
    r.dot_seconds, r.reply_seconds
from mailboxes m
cross join lateral (
    select avg(extract(epoch from x.dot_at - x.dispatched_at))::float8 as dot_seconds,
        (avg(extract(epoch from x.outcome_at - x.dispatched_at)) filter (where x.outcome = 'accepted'))::float8 as reply_seconds
    from (
        select d.outcome, d.outcome_at, d.dispatched_at, d.dot_at from dispatches d
        where d.mailbox_id = m.id order by d.dispatched_at desc limit 50
    ) as x
) as r
where m.workspace_id = :workspace_id and (m.id = any (:ids::uuid[]) or (:all and exists (
    select from lanes l where l.mailbox_id = m.id and l.next_due is not null
)))
order by m.id;

-- name: lanes
-- What waits on these mailboxes and not for a person, and all of one campaign.
select l.id, l.mailbox_id, l.sender_id, l.campaign_id, l.blocked_until, l.blocked_reason, n.waiting::bigint as waiting,
    s.window_days as sender_days, s.window_start as sender_start, s.window_end as sender_end, s.window_timezone as sender_timezone,
    c.window_days as campaign_days, c.window_start as campaign_start, c.window_end as campaign_end, c.timezone as campaign_timezone,
    c.sender_ids, c.start_at, c.delay_ms, c.jitter_percent, c.hourly_limit, c.recipient_count
from lanes l
join senders s on s.workspace_id = l.workspace_id and s.id = l.sender_id
left join campaigns c on c.workspace_id = l.workspace_id and c.id = l.campaign_id
cross join lateral (
    select sum(k.count) as waiting from lane_counts k where k.lane_id = l.id and k.status in ('scheduled', 'deferred')
) as n
where l.workspace_id = :workspace_id and l.mailbox_id = any (:mailbox_ids::uuid[]) and n.waiting > 0
    and (l.next_due is not null and l.blocked_until < 'infinity' or l.campaign_id = :campaign_id::uuid)
order by l.id;

-- name: dues
-- When single emails of these lanes are due later: by the minute for a day, then by the hour.
select d.lane_id, extract(epoch from b.starts)::float8 as starts, b.seconds, sum(d.count)::bigint as count
from lane_dues d
join lanes l on l.workspace_id = :workspace_id and l.id = d.lane_id
cross join lateral (
    select case when d.minute < :now + interval '1 day' then d.minute else date_trunc('hour', d.minute) end as starts,
        case when d.minute < :now + interval '1 day' then 60 else 3600 end as seconds
) as b
where d.lane_id = any (:lane_ids::bigint[]) and d.minute > :now
group by 1, 2, 3 having sum(d.count) > 0 order by 1, 2;

-- name: counters
-- The counters of these scopes, newest slot first, as the gate would find them now. Nothing of another workspace is asked for:
-- mailboxes and campaigns are looked up by it.
select k.kind, k.id, p.head, p.counts
from unnest(:kinds::text[], :ids::uuid[], :windows::float8[]) as k (kind, id, seconds)
cross join lateral pacing_seen(k.kind::pacing_scope, k.id, k.seconds) as p
where k.id = :workspace_id
    or exists (select from mailboxes m where m.workspace_id = :workspace_id and m.id = k.id)
    or exists (select from campaigns c where c.workspace_id = :workspace_id and c.id = k.id);
