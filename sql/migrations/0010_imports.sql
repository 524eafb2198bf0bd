-- Lists of a million rows: the file is kept in parts until a worker has read it, a batch at a time.

alter table imports
    drop constraint imports_state_check,
    add constraint imports_state_check check (state in ('waiting', 'reading', 'done', 'used', 'failed', 'cancelled')),
    drop column invalid, -- now rows of import_notes
    alter column detected set default 0,
    alter column duplicates set default 0,
    alter column columns set default '[]',
    add column roles integer not null default 0,
    add column mapping jsonb, -- the names that a person gave the columns
    add column size bigint not null default 0, -- bytes of the file
    add column bytes_read bigint not null default 0,
    add column rows_read integer not null default 0, -- all that is written of them is committed: where to go on
    add column attempts smallint not null default 0,
    add column touched_at timestamptz, -- when somebody last worked on it; null: there is nothing to do
    add column error text,
    add constraint imports_failed check ((state = 'failed') = (error is not null)),
    add constraint imports_at_work check ((state in ('waiting', 'reading')) = (touched_at is not null));
create index imports_untouched on imports (touched_at) where touched_at is not null;
create index imports_age on imports (created_at);

-- The file itself, while it is read. Compressing it again would cost more than it saves.
create table import_chunks (
    workspace_id uuid not null,
    import_id uuid not null,
    number integer not null,
    data bytea not null,
    primary key (workspace_id, import_id, number),
    foreign key (workspace_id, import_id) references imports (workspace_id, id) on delete cascade
);
alter table import_chunks alter column data set storage external;

-- What is to be said about single rows.
create table import_notes (
    workspace_id uuid not null,
    import_id uuid not null,
    position integer not null, -- among all rows that were read, from 0
    kind text not null check (kind in ('invalid', 'duplicate', 'suppressed', 'role')),
    row integer not null, -- as a spreadsheet counts, from 1
    value text not null,
    reason text not null,
    primary key (workspace_id, import_id, kind, position),
    foreign key (workspace_id, import_id) references imports (workspace_id, id) on delete cascade
);

alter table import_recipients
    add column row integer not null default 0,
    add column key text not null default '', -- equal for addresses that are to be taken for one mailbox
    add foreign key (workspace_id, import_id) references imports (workspace_id, id) on delete cascade;
create index campaigns_import on campaigns (workspace_id, import_id) where import_id is not null;
