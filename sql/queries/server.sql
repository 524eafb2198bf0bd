-- name: facts^
-- What `paceline doctor` asks the server itself. `now` is read at the call, not at the transaction's start.
select current_setting('server_version') as version,
    current_setting('server_version_num')::integer as version_number,
    current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on' as durable,
    clock_timestamp() as now;

-- name: try_lock$
-- One worker at a time on the thing of this id; the lock ends with its connection.
select pg_try_advisory_lock(hashtextextended(:id::uuid::text, 0));
