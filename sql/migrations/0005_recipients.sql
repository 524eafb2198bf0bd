-- What a sender, a list and a draft still need to know.

-- `from` picks the sender, so one address belongs to one.
create unique index senders_from_email on senders (workspace_id, lower(from_email)) where deleted_at is null;

-- What the reader of a list found: detected = valid + duplicates + suppressed + invalid_count. `invalid` holds the first of them.
alter table imports
    add column valid integer not null default 0,
    add column suppressed integer not null default 0,
    add column invalid_count integer not null default 0;

-- Who a campaign goes to is its list until it is scheduled, its emails afterwards.
alter table campaigns
    add column import_id uuid,
    add column updated_at timestamptz not null default now(),
    add constraint campaigns_import foreign key (workspace_id, import_id) references imports (workspace_id, id);
