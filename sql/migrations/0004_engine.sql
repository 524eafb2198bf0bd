-- A person who has a message tried again, or moves it, begins a new lifetime: its waits grow from the shortest again.
alter table emails add column attempts_before smallint not null default 0; -- of `attempts`, those of earlier lifetimes

-- What an edited message said before is needed by nobody once workers have forgotten it.
alter table contents
    add column email_id uuid, -- of a text that an edit made: the one message that it belongs to
    add column replaced_at timestamptz; -- when an edit took it out of use
create index contents_replaced on contents (replaced_at) where replaced_at is not null;
