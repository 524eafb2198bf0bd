-- When mail may be sent, and what becomes of mail that a downtime made late.

create type late_policy as enum ('send', 'skip', 'ask');

-- Days from Monday = 0; minutes after midnight, the end exclusive, 1440 is midnight.
alter table senders
    add column window_days smallint[], add column window_start smallint, add column window_end smallint, add column window_timezone text,
    add constraint senders_window check (
        num_nonnulls(window_days, window_start, window_end, window_timezone) in (0, 4)
        and window_start between 0 and 1439 and window_end between 1 and 1440 and cardinality(window_days) between 1 and 7
    );
-- A campaign's window is in the campaign's own zone.
alter table campaigns
    add column window_days smallint[], add column window_start smallint, add column window_end smallint,
    add column jitter_percent smallint not null default 0 check (jitter_percent between 0 and 100),
    add column late_policy late_policy not null default 'send',
    add constraint campaigns_window check (
        num_nonnulls(window_days, window_start, window_end) in (0, 3)
        and window_start between 0 and 1439 and window_end between 1 and 1440 and cardinality(window_days) between 1 and 7
    );
alter table emails add column late_policy late_policy not null default 'send';
alter table workspaces add column late_after_seconds integer not null default 900 check (late_after_seconds >= 0);

-- Spans in which no worker lived. Mail that came due in one is late through no limit of its own: the late policy speaks of it.
create table downtimes (
    started_at timestamptz primary key,
    ended_at timestamptz not null check (ended_at > started_at)
);
