-- name: lease^
-- Makes this worker the runner of a mailbox, unless a living worker is. The fence rises with every lease: whoever held it
-- before is refused by the gate from this commit on.
update mailboxes m set runner_id = :worker_id, fence = m.fence + 1
where m.id = :mailbox_id
    and (m.runner_id is null or m.runner_id = :worker_id
        or not exists (select from workers w where w.id = m.runner_id and w.expires_at > clock_timestamp()))
    and exists (select from workers w where w.id = :worker_id and w.expires_at > clock_timestamp())
returning m.id, m.workspace_id, m.fence, m.host, m.port, m.username;

-- name: release!
-- Gives the lease back.
update mailboxes set runner_id = null where id = :mailbox_id and runner_id = :worker_id and fence = :fence;

-- name: release_if_quiet!
-- Gives the lease back unless something came up that is due before :horizon. A knock of that something finds the mailbox either
-- still leased, and then this sees its lane, or free.
update mailboxes m set runner_id = null
where m.id = :mailbox_id and m.runner_id = :worker_id and m.fence = :fence
    and not exists (
        select from lanes l
        where l.mailbox_id = m.id and l.next_due is not null and greatest(l.wake_at, m.blocked_until) < :horizon
    );

-- name: outlook^
-- All that decides when the runner of this mailbox must look next. `wake_at`: the earliest lane; null: nothing waits at all.
select m.blocked_until, m.blocked_reason, m.free_at, m.min_delay_ms, m.concurrency, m.hourly_limit, m.daily_limit,
    w.hourly_limit as workspace_limit, clock_timestamp() as now,
    (select min(l.wake_at) from lanes l where l.mailbox_id = m.id and l.next_due is not null) as wake_at
from mailboxes m join workspaces w on w.id = m.workspace_id
where m.id = :mailbox_id and m.runner_id = :worker_id and m.fence = :fence;

-- name: senders
-- The senders that deliver through this mailbox, with what it takes to sign in.
select s.id, s.from_name, s.from_email, s.reply_to, s.security::text as security, s.password, s.state::text as state
from senders s where s.workspace_id = :workspace_id and s.mailbox_id = :mailbox_id;

-- name: block!
update mailboxes set blocked_until = :until, blocked_reason = :reason
where id = :mailbox_id and runner_id = :worker_id and fence = :fence;

-- name: block_campaign!
-- A campaign's own limit is reached: its lanes on this mailbox wait, the rest of the mailbox goes on.
update lanes set blocked_until = :until, blocked_reason = 'campaign_hour'
where workspace_id = :workspace_id and mailbox_id = :mailbox_id and campaign_id = :campaign_id and blocked_until < 'infinity';

-- name: lock_due_lanes
-- First half of bringing next_due up to date; waits for writers that are just adding to these lanes.
select id from lanes where mailbox_id = :mailbox_id and next_due <= :until order by id for no key update;

-- name: refresh_next_due!
-- Second half, in its own statement so that it sees what those writers committed.
update lanes l set next_due = (
    select min(e.due_at) from emails e where e.lane_id = l.id and e.status in ('scheduled', 'deferred')
)
where l.id = any (:lane_ids);

-- name: pause_sender!
update senders set state = 'paused', state_reason = :reason, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :sender_id and state = 'active';

-- name: block_sender!
update lanes set blocked_until = 'infinity', blocked_reason = 'sender_paused'
where workspace_id = :workspace_id and sender_id = :sender_id;
