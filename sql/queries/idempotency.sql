-- name: wait_at_most!
-- Until the end of the transaction or the next call; 0 is no bound.
select set_config('lock_timeout', :milliseconds, true);

-- name: claim^
-- Takes the key for this transaction. A twin that runs at the same moment waits here for the other end of it: then it finds the
-- answer, or takes the key itself where the first one came to nothing. Keys older than a day are taken over. No row: it is taken.
insert into idempotency_keys as k (workspace_id, key, body_hash, status_code, response)
values (:workspace_id, :key, :body_hash, 0, 'null')
on conflict (workspace_id, key) do update
set body_hash = excluded.body_hash, status_code = 0, response = 'null', created_at = now()
where k.created_at < now() - interval '24 hours'
returning key;

-- name: kept^
select body_hash, response from idempotency_keys where workspace_id = :workspace_id and key = :key;

-- name: keep!
update idempotency_keys set status_code = :status_code, response = :response::jsonb
where workspace_id = :workspace_id and key = :key;
