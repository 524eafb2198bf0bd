-- name: ensure<!
-- The lane of a sender and a campaign (or none), made where it is missing.
with made as (
    insert into lanes (workspace_id, mailbox_id, sender_id, campaign_id)
    select s.workspace_id, s.mailbox_id, s.id, :campaign_id from senders s
    where s.workspace_id = :workspace_id and s.id = :sender_id
    on conflict (sender_id, campaign_id) do nothing
    returning id, mailbox_id
)
select id, mailbox_id from made
union all
select id, mailbox_id from lanes
where workspace_id = :workspace_id and sender_id = :sender_id and campaign_id is not distinct from :campaign_id
limit 1;

-- name: lower_next_due^
-- Notes that the lane has a message due at :due. Holds the row's lock until the commit: a runner that recomputes next_due
-- either sees the new message or is overruled by this. `earlier`: nobody was waiting for so early a moment.
with old as (
    select id, next_due from lanes where workspace_id = :workspace_id and id = :lane_id for no key update
)
update lanes l set next_due = least(l.next_due, :due)
from old where l.id = old.id
returning l.mailbox_id, greatest(l.next_due, l.blocked_until) as wake_at, (old.next_due is null or :due < old.next_due) as earlier;

-- name: announce!
-- Tells the runner that holds this mailbox, if one does, to look at it again.
select pg_notify('paceline_mailbox', :mailbox_id::text);

-- name: share_settings!
-- Waits for a change of limits, gaps or pauses in this workspace and holds new ones until the commit, as a gate does.
select pg_advisory_xact_lock_shared(gate_lock_key(:workspace_id));

-- name: announce_many!
select pg_notify('paceline_mailbox', m::text) from unnest(:mailbox_ids::uuid[]) as m;

-- name: announce_all!
-- The same to every runner of the workspace.
select pg_notify('paceline_mailbox', id::text) from mailboxes where workspace_id = :workspace_id and runner_id is not null;

-- name: hold_settings!
-- Keeps limits, gaps and pauses as they are until the commit, as a gate does.
select pg_advisory_xact_lock_shared(gate_lock_key(:workspace_id));

-- name: lock_settings!
-- Waits for the gates in flight of this workspace and holds new ones until the commit: for every change of a limit, gap or pause.
select pg_advisory_xact_lock(gate_lock_key(:workspace_id));
