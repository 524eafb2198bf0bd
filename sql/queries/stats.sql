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
-- From the ledger, mailbox by mailbox, by its index.
select count(*) from mailboxes m join dispatches d on d.mailbox_id = m.id
where m.workspace_id = :workspace_id and d.dispatched_at > clock_timestamp() - make_interval(secs => :window)
    and d.outcome = 'accepted';

-- name: workspace_hour^
-- The global limit and what the gate counts against it; no row without one.
select w.hourly_limit as limit, h.used, case when h.used >= w.hourly_limit then h.next_at end as next_at
from workspaces w cross join lateral headroom('workspace_hour', w.id, w.hourly_limit, :window) as h
where w.id = :workspace_id and w.hourly_limit is not null;

-- name: senders
-- Each sender with what its mailbox may send and has sent in the window that ends now.
select s.id, s.name, s.from_email, s.state::text as state, s.state_reason, m.hourly_limit, u.used, u.next_at,
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
