-- name: take_time^
-- For a transaction that reads the whole ledger: sorts in memory up to 64 MB, then on disk; plans for all rows, not the first tenth.
select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('work_mem', '64MB', true), set_config('cursor_tuple_fraction', '1', true), set_config('jit', 'off', true);

-- name: bounds^
-- How much there is to judge, and how far back a window or a gap in it may reach (seconds).
select count(*) as dispatches, count(*) filter (where outcome = 'void') as voided,
    coalesce(max(window_seconds), 0) as window_reach,
    coalesce(max(window_seconds) filter (where mailbox_day_limit is not null), 0) * 24 as day_reach,
    coalesce(max(gap_ms), 0) / 1000.0 as gap_reach
from dispatches
where (:workspace_id::uuid is null or workspace_id = :workspace_id) and (:since::timestamptz is null or dispatched_at >= :since);

-- name: of_mailboxes
-- Every dispatch of the mailboxes that had a limit or a gap. Read by the index dispatches_mailbox where the planner thinks that
-- cheaper, else sorted, on disk where it is long; what is sorted is kept narrow.
select s.mailbox_id::text, s.id, (extract(epoch from s.dispatched_at) * 1000000)::bigint,
    (extract(epoch from s.dot_at) * 1000000)::bigint, s.recipients, (s.window_seconds * 1000000)::bigint,
    s.mailbox_hour_limit, s.mailbox_day_limit, s.gap_ms::bigint * 1000
from (
    select d.mailbox_id, d.id, d.dispatched_at, d.dot_at, d.recipients, d.window_seconds, d.mailbox_hour_limit, d.mailbox_day_limit, d.gap_ms
    from dispatches d
    where d.outcome <> 'void' and (:workspace_id::uuid is null or d.workspace_id = :workspace_id)
        and (:earliest::timestamptz is null or d.dispatched_at > :earliest)
        and d.mailbox_id in (
            select x.mailbox_id from dispatches x
            where (x.mailbox_hour_limit is not null or x.mailbox_day_limit is not null or x.gap_ms > 0)
                and (:workspace_id::uuid is null or x.workspace_id = :workspace_id)
                and (:since::timestamptz is null or x.dispatched_at >= :since)
        )
    order by d.mailbox_id, d.dispatched_at, d.id
) as s
order by s.mailbox_id, s.dispatched_at, s.id;

-- name: of_campaigns
-- Every dispatch of the campaigns that had a limit. No index has this order: it is sorted.
select s.campaign_id::text, s.id, (extract(epoch from s.dispatched_at) * 1000000)::bigint,
    (extract(epoch from s.dot_at) * 1000000)::bigint, s.recipients, (s.window_seconds * 1000000)::bigint,
    s.campaign_hour_limit, null::integer, 0::bigint
from (
    select d.campaign_id, d.id, d.dispatched_at, d.dot_at, d.recipients, d.window_seconds, d.campaign_hour_limit
    from dispatches d
    where d.outcome <> 'void' and (:workspace_id::uuid is null or d.workspace_id = :workspace_id)
        and (:earliest::timestamptz is null or d.dispatched_at > :earliest)
        and d.campaign_id in (
            select x.campaign_id from dispatches x
            where x.campaign_hour_limit is not null
                and (:workspace_id::uuid is null or x.workspace_id = :workspace_id)
                and (:since::timestamptz is null or x.dispatched_at >= :since)
        )
    order by d.campaign_id, d.dispatched_at, d.id
) as s
order by s.campaign_id, s.dispatched_at, s.id;

-- name: of_workspaces
-- Every dispatch of the workspaces that had a limit; sorted as well.
select s.workspace_id::text, s.id, (extract(epoch from s.dispatched_at) * 1000000)::bigint,
    (extract(epoch from s.dot_at) * 1000000)::bigint, s.recipients, (s.window_seconds * 1000000)::bigint,
    s.workspace_hour_limit, null::integer, 0::bigint
from (
    select d.workspace_id, d.id, d.dispatched_at, d.dot_at, d.recipients, d.window_seconds, d.workspace_hour_limit
    from dispatches d
    where d.outcome <> 'void' and (:workspace_id::uuid is null or d.workspace_id = :workspace_id)
        and (:earliest::timestamptz is null or d.dispatched_at > :earliest)
        and d.workspace_id in (
            select x.workspace_id from dispatches x
            where x.workspace_hour_limit is not null
                and (:workspace_id::uuid is null or x.workspace_id = :workspace_id)
                and (:since::timestamptz is null or x.dispatched_at >= :since)
        )
    order by d.workspace_id, d.dispatched_at, d.id
) as s
order by s.workspace_id, s.dispatched_at, s.id;

-- name: repeated
-- The dispatches of every email that was, or may have been, sent more than once, in the order of the index dispatches_email.
select workspace_id::text, email_id::text, id, (extract(epoch from dispatched_at) * 1000000)::bigint, outcome::text, ordered
from (
    select workspace_id, email_id, id, dispatched_at, outcome, ordered_by is not null as ordered,
        count(*) over (partition by workspace_id, email_id) as times
    from dispatches
    where outcome in ('accepted', 'unknown', 'pending') and (:workspace_id::uuid is null or workspace_id = :workspace_id)
) as d
where times > 1
order by d.workspace_id, d.email_id, d.id;

-- name: states
-- How many emails are in each combination of status, dispatches and times, and the first of each.
select e.status::text, coalesce(d.accepted, 0), coalesce(d.pending, 0), coalesce(d.unknown, 0),
    coalesce(d.ordered, false) or e.ordered_by is not null,
    e.sent_at is not null, e.ended_at is not null, e.dispatched_at is not null, count(*), min(e.id::text)
from emails e
left join (
    select workspace_id, email_id, count(*) filter (where outcome = 'accepted') as accepted,
        count(*) filter (where outcome = 'pending') as pending, count(*) filter (where outcome = 'unknown') as unknown,
        bool_or(ordered_by is not null) as ordered
    from dispatches where :workspace_id::uuid is null or workspace_id = :workspace_id
    group by workspace_id, email_id
) as d on d.workspace_id = e.workspace_id and d.email_id = e.id
where (:workspace_id::uuid is null or e.workspace_id = :workspace_id)
    and (:since::timestamptz is null or e.dispatched_at >= :since or e.created_at >= :since)
group by 1, 2, 3, 4, 5, 6, 7, 8
order by 1, 2, 3, 4, 5, 6, 7, 8;

-- name: strays
-- Dispatches whose email is not there: which one, how many of them, the first; and whose the email is, if it is another workspace's.
with stray as materialized (
    select d.workspace_id, d.email_id, count(*) as times, min(d.id) as first
    from dispatches d
    where (:workspace_id::uuid is null or d.workspace_id = :workspace_id)
        and (:since::timestamptz is null or d.dispatched_at >= :since)
        and not exists (select from emails e where e.workspace_id = d.workspace_id and e.id = d.email_id)
    group by d.workspace_id, d.email_id
)
select s.email_id::text, s.times, s.first, min(e.workspace_id::text)
from stray s left join emails e on e.id = s.email_id
group by s.workspace_id, s.email_id, s.times, s.first
order by s.workspace_id, s.email_id;

-- name: miscounted
-- Where `lane_counts` is not the true count.
select lane_id, status::text, coalesce(c.count, 0), coalesce(e.count, 0)
from (
    select k.lane_id, k.status, k.count from lane_counts k join lanes l on l.id = k.lane_id
    where :workspace_id::uuid is null or l.workspace_id = :workspace_id
) as c
full join (
    select lane_id, status, count(*) as count from emails
    where :workspace_id::uuid is null or workspace_id = :workspace_id
    group by lane_id, status
) as e using (lane_id, status)
where coalesce(c.count, 0) <> coalesce(e.count, 0)
order by 1, 2;
