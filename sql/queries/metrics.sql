-- What operators watch, over all workspaces: from rollups and indexes alone, never by counting messages.

-- name: emails
select status::text as status, sum(count)::bigint as count from lane_counts group by status;

-- name: lanes^
-- Lanes whose time has come though nothing holds them back, beyond a moment that is a worker's to take; and for how long.
select count(*) as overdue, coalesce(extract(epoch from max(clock_timestamp() - due)), 0)::double precision as lateness
from (
    select greatest(l.wake_at, m.blocked_until, case when m.min_delay_ms > 0 then m.free_at else '-infinity' end) as due
    from lanes l join mailboxes m on m.id = l.mailbox_id
    where l.next_due is not null and l.wake_at < clock_timestamp() - interval '1 second'
) as d
where due < clock_timestamp() - interval '1 second';

-- name: waiting
-- Lanes that have something waiting, by what holds them back.
select coalesce(
        case when l.blocked_until > clock_timestamp() then l.blocked_reason end,
        case when m.blocked_until > clock_timestamp() then m.blocked_reason end,
        'nothing'
    ) as reason, count(*) as count
from lanes l join mailboxes m on m.id = l.mailbox_id
where l.next_due is not null
group by 1;

-- name: workers$
select count(*) from workers where expires_at > clock_timestamp();

-- name: dispatches
-- Of the last minute, mailbox by mailbox, by the ledger's index.
select d.outcome::text as outcome, count(*) as count
from mailboxes m join dispatches d on d.mailbox_id = m.id and d.dispatched_at > statement_timestamp() - interval '1 minute'
group by d.outcome;

-- name: senders
select state::text as state, count(*) as count from senders where deleted_at is null group by state;

-- name: webhooks
-- Endpoints, and those that have a delivery overdue.
select w.status::text as status, count(*) as count,
    count(*) filter (where exists (
        select from webhook_deliveries d
        where d.webhook_id = w.id and d.status = 'pending' and d.next_at < clock_timestamp() - interval '10 seconds'
    )) as overdue
from webhooks w where w.deleted_at is null group by w.status;
