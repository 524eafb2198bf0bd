-- name: idempotency_keys!
delete from idempotency_keys where created_at < now() - interval '24 hours';

-- name: sessions!
delete from sessions where expires_at < now();

-- name: sign_in_links!
delete from sign_in_links where expires_at < now() - interval '1 day';

-- name: partitions!
select ensure_event_partitions(3);
