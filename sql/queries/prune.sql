-- name: idempotency_keys!
delete from idempotency_keys where created_at < now() - interval '24 hours';

-- name: sessions!
delete from sessions where expires_at < now() or last_seen_at < now() - :idle::interval;

-- name: sign_in_links!
delete from sign_in_links where expires_at < now() - interval '1 day';

-- name: sign_in_requests!
delete from sign_in_requests where at < now() - interval '1 day';

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

-- name: webhook_deliveries!
-- Deliveries, with their attempts, of events more than 30 days ago; :count of them. Ids begin with their time (UUIDv7).
with old as (
    select d.workspace_id, d.id from webhooks w
    cross join lateral (
        select workspace_id, id from webhook_deliveries
        where workspace_id = w.workspace_id and webhook_id = w.id
            and id < overlay(uuid7(now() - interval '30 days')::text placing '-7000-8000-000000000000' from 14)::uuid
        order by id limit :count
    ) as d
    limit :count
),
tries as (
    delete from webhook_attempts a using old where a.workspace_id = old.workspace_id and a.delivery_id = old.id
)
delete from webhook_deliveries d using old where d.workspace_id = old.workspace_id and d.id = old.id;

-- name: webhooks!
-- Those that were deleted and of which nothing is kept any more.
delete from webhooks w where w.deleted_at < now() - interval '1 hour'
    and not exists (select from webhook_deliveries d where d.workspace_id = w.workspace_id and d.webhook_id = w.id);

-- name: sent_minutes!
-- The overview looks a day back.
delete from sent_minutes where minute < now() - interval '48 hours';

-- name: lane_dues!
-- What is due by now is counted with its lane.
delete from lane_dues where minute < now() - interval '1 hour';
