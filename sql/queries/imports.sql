-- name: add!
insert into imports (workspace_id, id, purpose, state, filename, size, mapping, touched_at)
values (:workspace_id, :id, :purpose, :state, :filename, :size, :mapping::jsonb, clock_timestamp());

-- name: copy_chunks!
copy import_chunks (workspace_id, import_id, number, data) from stdin (format binary);

-- name: chunk$
select data from import_chunks where workspace_id = :workspace_id and import_id = :import_id and number = :number;

-- name: copy_recipients!
-- Those that are valid by themselves, in their order. The columns are those of services.imports.
copy import_recipients (workspace_id, import_id, position, row, email, key, name, variables) from stdin (format binary);

-- name: copy_notes!
copy import_notes (workspace_id, import_id, position, kind, row, value, reason) from stdin (format binary);

-- name: get^
select id, purpose, state, filename, detected, valid, duplicates, suppressed, roles, invalid_count, columns, size, bytes_read,
    rows_read, added_to, error, created_at
from imports where workspace_id = :workspace_id and id = :id;

-- name: notes
-- The first of one kind.
select row, value, reason from import_notes
where workspace_id = :workspace_id and import_id = :id and kind = :kind order by position limit :count;

-- name: report
-- Everything that is to be said about the list, kind by kind in its order. Read through a cursor.
select row, kind, value, reason from import_notes
where workspace_id = :workspace_id and import_id = :id order by kind, position;

-- name: sample
select email, name, variables from import_recipients
where workspace_id = :workspace_id and import_id = :id order by position limit :count;

-- name: usable^
-- A list of recipients. Held until the commit: a list that a campaign takes stays.
select id, state, valid, duplicates, columns from imports
where workspace_id = :workspace_id and id = :id and purpose = 'recipients' for share;

-- name: note_use!
update imports set state = 'used' where workspace_id = :workspace_id and id = :id and state in ('done', 'used');

-- name: recipients
select email, name, variables from import_recipients
where workspace_id = :workspace_id and import_id = :id order by position;

-- name: begin^
-- The reader starts, or goes on where the last one ended.
update imports set state = 'reading', touched_at = clock_timestamp(), attempts = attempts + 1
where workspace_id = :workspace_id and id = :id and state in ('waiting', 'reading')
returning purpose, filename, rows_read, added_to, mapping, attempts;

-- name: advance!
-- Zero rows: it was cancelled.
update imports
set rows_read = :rows_read, bytes_read = :bytes_read, columns = :columns::jsonb, touched_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and state = 'reading';

-- name: touch!
update imports set touched_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and touched_at is not null;

-- name: plan_in_bulk$
-- For the rest of the transaction. Rows that were just written have no statistics yet: where Postgres expects one row it
-- would look through the whole list for each of its rows.
select set_config('enable_nestloop', 'off', true);

-- name: drop_duplicates!
-- Of equal addresses the first stays.
with later as (
    select position from (
        select position, row_number() over (partition by key order by position) as nth
        from import_recipients where workspace_id = :workspace_id and import_id = :id
    ) as numbered where nth > 1
),
gone as (
    delete from import_recipients r using later
    where r.workspace_id = :workspace_id and r.import_id = :id and r.position = later.position
    returning r.position, r.row, r.email
)
insert into import_notes (workspace_id, import_id, position, kind, row, value, reason)
select :workspace_id, :id, position, 'duplicate', row, email, 'The same address stands in an earlier row.' from gone;

-- name: drop_suppressed!
with gone as (
    delete from import_recipients r using suppressions s
    where r.workspace_id = :workspace_id and r.import_id = :id
        and s.workspace_id = :workspace_id and s.address = lower(r.email)
    returning r.position, r.row, r.email, s.reason
)
insert into import_notes (workspace_id, import_id, position, kind, row, value, reason)
select :workspace_id, :id, position, 'suppressed', row, email, 'On the suppression list: ' || replace(reason::text, '_', ' ') || '.' from gone;

-- name: drop_roles!
-- A note on an address that is left out says nothing any more.
delete from import_notes n
where n.workspace_id = :workspace_id and n.import_id = :id and n.kind = 'role' and not exists (
    select from import_recipients r
    where r.workspace_id = :workspace_id and r.import_id = :id and r.position = n.position
);

-- name: finish!
-- Counts what is left of the list. One of recipients is done; the addresses of one of suppressions are still to be added. Zero
-- rows: it was cancelled.
update imports
set state = case purpose when 'recipients' then 'done' else state end,
    touched_at = case purpose when 'recipients' then null else clock_timestamp() end,
    added_to = case purpose when 'suppressions' then 0 end,
    valid = case purpose when 'recipients' then counted.valid else 0 end,
    bytes_read = size, columns = :columns::jsonb,
    detected = counted.valid + counted.duplicates + counted.suppressed + counted.invalid,
    duplicates = counted.duplicates, suppressed = counted.suppressed, invalid_count = counted.invalid, roles = counted.roles
from (
    select (select count(*) from import_recipients where workspace_id = :workspace_id and import_id = :id) as valid,
        count(*) filter (where kind = 'duplicate') as duplicates, count(*) filter (where kind = 'suppressed') as suppressed,
        count(*) filter (where kind = 'invalid') as invalid, count(*) filter (where kind = 'role') as roles
    from import_notes where workspace_id = :workspace_id and import_id = :id
) as counted
where workspace_id = :workspace_id and id = :id and state in ('waiting', 'reading');

-- name: suppress_some^
-- Puts the next addresses of the list on the suppression list, and notes how far that came. What somebody else has put there
-- meanwhile stays as it is. `taken` 0: there are no more.
with batch as (
    select position, lower(email) as address, coalesce(variables ->> 'reason', 'manual')::suppression_reason as reason
    from import_recipients
    where workspace_id = :workspace_id and import_id = :id
        and position >= (select added_to from imports where workspace_id = :workspace_id and id = :id)
    order by position limit :count
),
added as (
    insert into suppressions (workspace_id, address, reason, detail)
    select :workspace_id, address, reason, :detail from batch order by address
    on conflict (workspace_id, address) do nothing
    returning 1
),
counted as (
    select (select count(*) from batch)::integer as taken, (select count(*) from added)::integer as added,
        (select max(position) + 1 from batch) as upto
)
update imports set added_to = coalesce(counted.upto, added_to), touched_at = clock_timestamp(),
    valid = valid + counted.added, suppressed = suppressed + counted.taken - counted.added
from counted
where workspace_id = :workspace_id and id = :id and added_to is not null
returning counted.taken;

-- name: finish_suppressing!
update imports set state = 'done', touched_at = null
where workspace_id = :workspace_id and id = :id and state in ('waiting', 'reading') and added_to is not null;

-- name: fail!
update imports set state = 'failed', error = :error, touched_at = null
where workspace_id = :workspace_id and id = :id and state in ('waiting', 'reading');

-- name: cancel$
-- The state afterwards; null: there is no such list. What has begun to be suppressed is brought to its end.
update imports
set state = case when state in ('waiting', 'reading') and added_to is null then 'cancelled' else state end,
    touched_at = case when added_to is not null then touched_at end
where workspace_id = :workspace_id and id = :id
returning state;

-- name: drop_chunks!
delete from import_chunks where workspace_id = :workspace_id and import_id = :id;

-- name: drop_recipients!
delete from import_recipients where workspace_id = :workspace_id and import_id = :id;

-- name: drop_notes!
delete from import_notes where workspace_id = :workspace_id and import_id = :id;

-- name: forgotten
-- Lists of a week ago that no campaign uses, some at a time.
delete from imports i
where (workspace_id, id) in (
    select workspace_id, id from imports
    where created_at < clock_timestamp() - interval '7 days' and touched_at is null
        and not exists (select from campaigns c where c.workspace_id = imports.workspace_id and c.import_id = imports.id)
    order by created_at limit 20 for update skip locked
)
returning id;
