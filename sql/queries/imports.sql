-- name: add!
insert into imports (
    workspace_id, id, state, filename, detected, valid, duplicates, suppressed, invalid_count, invalid, columns
) values (
    :workspace_id, :id, 'done', :filename, :detected, :valid, :duplicates, :suppressed, :invalid_count, :invalid::jsonb, :columns::jsonb
);

-- name: copy_recipients!
-- The valid ones in their order. The columns are those of services.recipients.
copy import_recipients (workspace_id, import_id, position, email, name, variables) from stdin (format binary);

-- name: get^
select id, state, valid, duplicates, columns from imports where workspace_id = :workspace_id and id = :id;

-- name: note_use!
update imports set state = 'used' where workspace_id = :workspace_id and id = :id;

-- name: recipients
select email, name, variables from import_recipients
where workspace_id = :workspace_id and import_id = :id order by position;
