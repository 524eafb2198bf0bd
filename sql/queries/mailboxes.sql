-- name: lease
-- Makes this worker the runner of those of the mailboxes that no living worker runs. The fence rises with every lease: whoever
-- held it before is refused by the gate from this commit on.
with free as (
    select m.id from mailboxes m
    where m.id = any (:mailbox_ids::uuid[])
        and (m.runner_id is null or m.runner_id = :worker_id
            or not exists (select from workers w where w.id = m.runner_id and w.expires_at > clock_timestamp()))
        and exists (select from workers w where w.id = :worker_id and w.expires_at > clock_timestamp())
    order by m.id for no key update of m
)
update mailboxes m set runner_id = :worker_id, fence = m.fence + 1
from free where m.id = free.id
returning m.id, m.workspace_id, m.fence, m.host, m.port, m.username;

-- name: held
-- The mailboxes that this worker runs.
select id, workspace_id, fence, host, port, username from mailboxes where runner_id = :worker_id order by id;

-- name: release!
-- Gives leases back.
update mailboxes m set runner_id = null
from unnest(:mailbox_ids::uuid[], :worker_ids::uuid[], :fences::bigint[]) as o (id, worker_id, fence)
where m.id = o.id and m.runner_id = o.worker_id and m.fence = o.fence;

-- name: release_if_quiet!
-- Gives the lease back unless something came up that is due before :horizon. A knock of that something finds the mailbox either
-- still leased, and then this sees its lane, or free.
update mailboxes m set runner_id = null
where m.id = :mailbox_id and m.runner_id = :worker_id and m.fence = :fence
    and not exists (
        select from lanes l
        where l.mailbox_id = m.id and l.next_due is not null and greatest(l.wake_at, m.blocked_until) < :horizon
    );

-- name: outlook
-- All that decides when the runners of these mailboxes must look next, of those whose lease is as given. `wake_at`: the earliest
-- lane; null: nothing waits at all.
select m.id as mailbox_id, m.blocked_until, m.blocked_reason, m.free_at, m.min_delay_ms, m.concurrency, m.hourly_limit, m.daily_limit,
    w.hourly_limit as workspace_limit, w.late_after_seconds, clock_timestamp() as now,
    (select min(l.wake_at) from lanes l where l.mailbox_id = m.id and l.next_due is not null) as wake_at
from unnest(:mailbox_ids::uuid[], :worker_ids::uuid[], :fences::bigint[]) as o (id, worker_id, fence)
join mailboxes m on m.id = o.id and m.runner_id = o.worker_id and m.fence = o.fence
join workspaces w on w.id = m.workspace_id;

-- name: senders
-- The senders that deliver through each of these mailboxes, with what it takes to sign in, and to sign their mail where that is set up.
select s.mailbox_id, s.id, s.from_name, s.from_email, s.reply_to, s.security::text as security, s.password, s.state::text as state,
    m.owned_at is not null or m.username = '' as is_ours, k.domain as dkim_domain, k.selector as dkim_selector,
    k.private_key as dkim_key
from senders s join mailboxes m on m.id = s.mailbox_id
left join dkim_keys k on k.workspace_id = s.workspace_id and k.sender_id = s.id and k.state = 'active'
where s.workspace_id = :workspace_id and s.mailbox_id = any (:mailbox_ids::uuid[]);

-- name: block!
-- Nothing is claimed for this mailbox until then. With a :limit, only where it is still the one in force.
update mailboxes m set blocked_until = :until, blocked_reason = :reason
where m.id = :mailbox_id and m.runner_id = :worker_id and m.fence = :fence
    and (:limit::integer is null or :limit::integer = case :reason::text
        when 'mailbox_hour' then m.hourly_limit when 'mailbox_day' then m.daily_limit
        when 'workspace_hour' then (select w.hourly_limit from workspaces w where w.id = m.workspace_id)
    end);

-- name: block_campaign!
-- A campaign's own limit is reached: its lanes on this mailbox wait, the rest of the mailbox goes on. With a :limit, only where
-- it is still the one in force.
update lanes l set blocked_until = :until, blocked_reason = 'campaign_hour'
from campaigns c
where l.workspace_id = :workspace_id and l.mailbox_id = :mailbox_id and l.campaign_id = :campaign_id
    and l.blocked_until < 'infinity'
    and c.workspace_id = l.workspace_id and c.id = l.campaign_id and (:limit::integer is null or c.hourly_limit = :limit::integer);

-- name: block_lane!
-- A window has closed: the lane waits until it opens.
update lanes set blocked_until = greatest(blocked_until, :until), blocked_reason = 'window'
where id = :lane_id and blocked_until < :until;

-- name: open_lane!
-- The window for which the lane waits is open.
update lanes set blocked_until = '-infinity', blocked_reason = null where id = :lane_id and blocked_reason = 'window';

-- name: windows
-- The lanes of each of these mailboxes that have something waiting, with the windows of their senders and campaigns, if any.
select l.mailbox_id, l.id, s.window_days as sender_days, s.window_start as sender_start, s.window_end as sender_end,
    s.window_timezone as sender_timezone, c.window_days as campaign_days, c.window_start as campaign_start,
    c.window_end as campaign_end, c.timezone as campaign_timezone,
    coalesce(l.blocked_reason = 'window' and l.blocked_until > clock_timestamp(), false) as is_waiting
from lanes l
join senders s on s.workspace_id = l.workspace_id and s.id = l.sender_id
left join campaigns c on c.workspace_id = l.workspace_id and c.id = l.campaign_id
where l.mailbox_id = any (:mailbox_ids::uuid[]) and l.next_due is not null and l.blocked_until < 'infinity';

-- name: lock_due_lanes
-- First half of bringing next_due up to date; waits for writers that are just adding to these lanes.
select l.id from unnest(:mailbox_ids::uuid[], :untils::timestamptz[]) as o (mailbox_id, until)
join lanes l on l.mailbox_id = o.mailbox_id and l.next_due <= o.until
order by l.id for no key update of l;

-- name: refresh_next_due!
-- Second half, in its own statement so that it sees what those writers committed.
update lanes l set next_due = (
    select min(e.due_at) from emails e where e.lane_id = l.id and e.status in ('scheduled', 'deferred')
)
where l.id = any (:lane_ids);

-- name: pause_sender!
with paused as (
    update senders set state = 'paused', state_reason = :reason, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :sender_id and state = 'active'
    returning workspace_id, id
)
insert into events (workspace_id, type, sender_id, data)
select workspace_id, 'sender.disabled', id, jsonb_build_object('reason', :reason::text) from paused;

-- name: block_sender!
update lanes set blocked_until = 'infinity', blocked_reason = 'sender_paused'
where workspace_id = :workspace_id and sender_id = :sender_id;
