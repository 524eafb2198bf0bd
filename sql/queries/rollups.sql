-- What left, minute by minute, over all workspaces. One worker at a time; the sending never waits for it.

-- name: sent$
-- The next minutes, at most 15, up to half a minute ago: a gate that has read its clock has committed by then. Returns whether
-- there are more; null: another worker is at it.
with turn as (
    select until as starts,
        least(date_trunc('minute', clock_timestamp() - interval '30 seconds'), until + interval '15 minutes') as ends
    from sent_rollup for update skip locked
),
counted as (
    insert into sent_minutes (workspace_id, minute, sent, recipients, pending)
    select d.workspace_id, date_trunc('minute', d.dispatched_at), count(*) filter (where d.outcome = 'accepted'),
        coalesce(sum(d.recipients) filter (where d.outcome = 'accepted'), 0), count(*) filter (where d.outcome = 'pending')
    from turn t cross join mailboxes m
    join dispatches d on d.mailbox_id = m.id and d.dispatched_at >= t.starts and d.dispatched_at < t.ends
    group by 1, 2
    on conflict (workspace_id, minute) do update
    set sent = excluded.sent, recipients = excluded.recipients, pending = excluded.pending
),
moved as (
    update sent_rollup r set until = t.ends from turn t where t.ends > t.starts
)
select ends < date_trunc('minute', clock_timestamp() - interval '30 seconds') from turn;

-- name: settle!
-- Counts minutes again in which something was still on the wire, for as long as a server may take to answer.
with open as (
    select workspace_id, minute from sent_minutes
    where pending > 0 and minute > clock_timestamp() - interval '20 minutes'
    order by minute limit 1000 for update skip locked
)
update sent_minutes s set sent = n.sent, recipients = n.recipients, pending = n.pending
from open o cross join lateral (
    select count(*) filter (where d.outcome = 'accepted') as sent,
        coalesce(sum(d.recipients) filter (where d.outcome = 'accepted'), 0) as recipients,
        count(*) filter (where d.outcome = 'pending') as pending
    from mailboxes m join dispatches d
        on d.mailbox_id = m.id and d.dispatched_at >= o.minute and d.dispatched_at < o.minute + interval '1 minute'
    where m.workspace_id = o.workspace_id
) as n
where s.workspace_id = o.workspace_id and s.minute = o.minute;
