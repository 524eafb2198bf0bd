-- How much left in each minute, for charts and figures: nobody counts a day of the ledger to draw them. It is rolled up a minute
-- behind the sending and never by it; what is younger is counted from the ledger.
create table sent_minutes (
    workspace_id uuid not null,
    minute timestamptz not null, -- of the passage through the gate
    sent integer not null, -- messages that were accepted
    recipients integer not null, -- of these
    pending integer not null, -- messages whose end was not known yet: the minute is counted again
    primary key (workspace_id, minute)
);
create index sent_minutes_pending on sent_minutes (minute) where pending > 0;

-- Everything before `until` is rolled up.
create table sent_rollup (
    only_row boolean primary key default true check (only_row),
    until timestamptz not null
);
insert into sent_rollup (until) values (date_trunc('minute', now() - interval '24 hours'));
