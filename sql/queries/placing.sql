-- name: begin!
-- The campaign was just scheduled and none of its messages is written.
update campaigns set placed = 0, placed_until = -1, placing_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id;

-- name: lock^
-- A campaign of which messages are left to write, held until the commit against whoever pauses, changes or cancels it.
select id, name, state::text as state, content_id, sender_ids, start_at, timezone, delay_ms, jitter_percent, window_days,
    window_start, window_end, late_policy::text as late_policy, recipient_count, import_id, placed, placed_until
from campaigns where workspace_id = :workspace_id and id = :id and placed is not null for update;

-- name: senders
-- Its senders; none can be deleted while messages are left to write.
select id, from_email from senders where workspace_id = :workspace_id and id = any (:ids::uuid[]);

-- name: recipients
select position, email, name, variables from import_recipients
where workspace_id = :workspace_id and import_id = :import_id and position > :after
order by position limit :count;

-- name: advance!
update campaigns set placed = :placed, placed_until = :until, placing_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id;

-- name: finish!
update campaigns set placed = null, placed_until = null, placing_at = null where workspace_id = :workspace_id and id = :id;

-- name: is_sender_of$
-- Whether messages are left to write for a sender.
select exists (
    select from campaigns
    where workspace_id = :workspace_id and placing_at is not null and state <> 'cancelled' and :sender_id::uuid = any (sender_ids)
);
