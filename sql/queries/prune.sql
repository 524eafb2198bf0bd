-- name: idempotency_keys!
delete from idempotency_keys where created_at < now() - interval '24 hours';

-- name: sessions!
delete from sessions where expires_at < now() or last_seen_at < now() - :idle::interval;

-- name: sign_in_links!
delete from sign_in_links where expires_at < now() - interval '1 day';

-- name: partitions!
select ensure_event_partitions(3);

-- name: contents!
-- Up to :count texts that edits took out of use, once no worker can have one in hand. What is marked stays out of use.
with old as (
    select workspace_id, id from contents
    where replaced_at < clock_timestamp() - interval '1 hour'
    order by replaced_at limit :count for update skip locked
)
delete from contents c using old where c.workspace_id = old.workspace_id and c.id = old.id;
