-- The core: people, senders and their mailboxes, lanes, emails, the ledger of dispatches, events.
-- Tenant tables carry workspace_id in their keys, so that a later split by workspace is a move, not a rewrite.

create type email_status as enum (
    'scheduled', 'deferred', 'sending', 'sent', 'uncertain', 'held', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed'
);
create type campaign_state as enum ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled');
create type sender_state as enum ('active', 'paused', 'disabled');
create type member_role as enum ('owner', 'member', 'viewer');
create type key_scope as enum ('full', 'send');
create type smtp_security as enum ('starttls', 'tls', 'none');
create type dispatch_outcome as enum ('pending', 'accepted', 'rejected', 'unknown', 'void');
create type late_policy as enum ('send', 'skip', 'ask'); -- of mail that a downtime made late
create type pacing_scope as enum ('workspace_hour', 'campaign_hour', 'mailbox_day', 'mailbox_hour');

-- People ---------------------------------------------------------------------------------------------------------

create table workspaces (
    id uuid primary key,
    name text not null check (name <> ''),
    timezone text not null default 'UTC',
    hourly_limit integer check (hourly_limit > 0),
    late_after_seconds integer not null default 900 check (late_after_seconds >= 0),
    created_at timestamptz not null default now()
);

create table users (
    id uuid primary key,
    email text not null check (email = lower(email)),
    name text not null,
    avatar_url text,
    oidc_issuer text,
    oidc_subject text,
    created_at timestamptz not null default now(),
    constraint users_oidc_whole check ((oidc_issuer is null) = (oidc_subject is null)),
    constraint users_email_key unique (email),
    constraint users_oidc_key unique (oidc_issuer, oidc_subject)
);

create table members (
    workspace_id uuid not null references workspaces,
    user_id uuid not null references users,
    role member_role not null,
    created_at timestamptz not null default now(),
    primary key (workspace_id, user_id)
);
create index members_user on members (user_id);

create table sessions (
    token_hash bytea primary key, -- SHA-256 of the cookie's value
    user_id uuid not null references users on delete cascade,
    workspace_id uuid not null references workspaces,
    csrf_token text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

create table sign_in_links (
    token_hash bytea primary key,
    user_id uuid not null references users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);

create table api_keys (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    name text not null,
    prefix text not null, -- what a person sees of it afterwards
    key_hash bytea not null unique,
    scope key_scope not null,
    created_by uuid references users,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    primary key (workspace_id, id)
);

create table idempotency_keys (
    workspace_id uuid not null references workspaces,
    key text not null check (length(key) between 1 and 256),
    body_hash bytea not null,
    status_code smallint not null,
    response jsonb not null,
    created_at timestamptz not null default now(),
    primary key (workspace_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Workers, mailboxes, senders ------------------------------------------------------------------------------------

-- One row per worker process, kept alive by its heartbeat: every lease of the worker lives as long as this row.
create table workers (
    id uuid primary key,
    host text not null,
    pid integer not null,
    started_at timestamptz not null default now(),
    -- The last sign of life. A worker that is killed sends nothing from here on, not only from the end of its lease.
    beat_at timestamptz not null default now(),
    expires_at timestamptz not null
);

-- Spans in which no worker lived. Mail that came due in one is late through no limit of its own: the late policy speaks of it.
create table downtimes (
    started_at timestamptz primary key,
    ended_at timestamptz not null check (ended_at > started_at)
);

-- What really limits sending: an account at a server. Senders on one mailbox share its limits; the lowest of theirs are kept here.
create table mailboxes (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    host text not null,
    port integer not null check (port between 1 and 65535),
    username text not null default '',
    secret_hash bytea not null default '', -- keyed hash, only where the user name is no address (relays that share a name)
    hourly_limit integer check (hourly_limit > 0),
    daily_limit integer check (daily_limit > 0),
    min_delay_ms integer not null default 0 check (min_delay_ms >= 0),
    concurrency integer not null default 5 check (concurrency > 0),
    -- the lease of its one runner
    runner_id uuid,
    fence bigint not null default 0,
    -- pacing of the mailbox as a whole
    last_gate_at timestamptz not null default '-infinity',
    free_at timestamptz not null default '-infinity', -- earliest next dispatch, by the gap
    blocked_until timestamptz not null default '-infinity',
    blocked_reason text,
    primary key (id),
    unique (workspace_id, host, port, username, secret_hash)
);
create index mailboxes_leased on mailboxes (runner_id) where runner_id is not null;

create table senders (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    mailbox_id uuid not null references mailboxes,
    name text not null check (name <> ''),
    from_name text,
    from_email text not null,
    reply_to text,
    security smtp_security not null,
    password bytea, -- AES-256-GCM, bound to the sender's id
    hourly_limit integer check (hourly_limit > 0),
    daily_limit integer check (daily_limit > 0),
    min_delay_ms integer not null check (min_delay_ms >= 0),
    concurrency integer not null check (concurrency > 0),
    state sender_state not null default 'active',
    state_reason text,
    is_default boolean not null default false,
    -- Days from Monday = 0; minutes after midnight, the end exclusive, 1440 is midnight.
    window_days smallint[],
    window_start smallint,
    window_end smallint,
    window_timezone text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (workspace_id, id),
    unique (id),
    constraint senders_window check (
        num_nonnulls(window_days, window_start, window_end, window_timezone) in (0, 4)
        and window_start between 0 and 1439 and window_end between 1 and 1440 and cardinality(window_days) between 1 and 7
    )
);
-- `from` picks the sender, so one address belongs to one.
create unique index senders_from_email on senders (workspace_id, lower(from_email)) where deleted_at is null;
create unique index senders_default on senders (workspace_id) where is_default and deleted_at is null;
create index senders_mailbox on senders (mailbox_id);

-- Content, campaigns, lanes --------------------------------------------------------------------------------------

-- What a message says, once per single email or campaign, so that the rows of emails stay narrow.
create table contents (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    from_name text, -- null: the sender's own
    subject text not null,
    html text,
    text text,
    is_template boolean not null default false,
    reply_to jsonb not null default '[]',
    headers jsonb not null default '{}',
    tags jsonb not null default '[]',
    metadata jsonb not null default '{}',
    primary key (workspace_id, id),
    check (html is not null or text is not null)
);

create table campaigns (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    name text not null check (name <> ''),
    state campaign_state not null default 'draft',
    content_id uuid not null,
    sender_ids uuid[] not null check (cardinality(sender_ids) > 0),
    start_at timestamptz not null,
    timezone text not null,
    delay_ms bigint not null default 0 check (delay_ms >= 0), -- message i is due at start + i x delay
    hourly_limit integer check (hourly_limit > 0),
    jitter_percent smallint not null default 0 check (jitter_percent between 0 and 100),
    late_policy late_policy not null default 'send',
    window_days smallint[], -- as of a sender, in the campaign's own zone
    window_start smallint,
    window_end smallint,
    import_id uuid, -- who it goes to, until it is scheduled; its emails afterwards
    recipient_count integer not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    scheduled_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    cancel_order jsonb, -- who ordered it, as the story of each message tells
    cancel_marked_at timestamptz, -- when some of its messages were last marked; null: none is left to mark
    primary key (workspace_id, id),
    unique (id),
    constraint campaigns_scheduled check (state = 'draft' or scheduled_at is not null or cancelled_at is not null),
    constraint campaigns_completed check ((state = 'completed') = (completed_at is not null)),
    constraint campaigns_cancelled check ((state = 'cancelled') = (cancelled_at is not null)),
    constraint campaigns_cancel_marked check (cancel_marked_at is null or state = 'cancelled'),
    constraint campaigns_window check (
        num_nonnulls(window_days, window_start, window_end) in (0, 3)
        and window_start between 0 and 1439 and window_end between 1 and 1440 and cardinality(window_days) between 1 and 7
    )
);
create index campaigns_cancelling on campaigns (cancel_marked_at) where cancel_marked_at is not null;

-- One row per (sender, campaign or none): the only thing that a knock, a limit, a pause or the watchdog looks at.
create table lanes (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspaces,
    mailbox_id uuid not null references mailboxes,
    sender_id uuid not null references senders (id),
    campaign_id uuid references campaigns (id),
    next_due timestamptz, -- no waiting message of the lane is due before this; null: none waits
    blocked_until timestamptz not null default '-infinity', -- infinity: until a person says so
    blocked_reason text,
    -- When a person last let it go: until then what was due waited for that person, not for us.
    freed_at timestamptz not null default '-infinity',
    wake_at timestamptz generated always as (greatest(next_due, blocked_until)) stored,
    unique nulls not distinct (sender_id, campaign_id)
);
create index lanes_wake on lanes (mailbox_id, wake_at) where next_due is not null;
create index lanes_overdue on lanes (wake_at) where next_due is not null; -- what the watchdog looks at
create index lanes_campaign on lanes (campaign_id) where campaign_id is not null;

-- Emails per lane and status: kept by a trigger, so that no page ever counts a backlog.
create table lane_counts (
    lane_id bigint not null references lanes,
    status email_status not null,
    count bigint not null,
    primary key (lane_id, status)
) with (fillfactor = 50);

-- Emails ---------------------------------------------------------------------------------------------------------

-- No foreign keys: rows come a million at a time from one service that has just read what they point at, and nothing
-- they point at is ever deleted.
create table emails (
    workspace_id uuid not null,
    id uuid not null,
    lane_id bigint not null,
    sender_id uuid not null,
    campaign_id uuid,
    content_id uuid not null,
    position integer not null default 0, -- place in the campaign
    revision integer not null default 0, -- raised by every edit; the gate refuses what was rendered from an older one
    status email_status not null default 'scheduled',
    scheduled_at timestamptz not null, -- when a person wants it
    due_at timestamptz not null, -- when it may be tried next
    created_at timestamptz not null default now(),
    attempts smallint not null default 0,
    first_tried_at timestamptz, -- a lifetime of retries counts from here, not from its creation or a wait for limits
    late_policy late_policy not null default 'send',
    ordered_by uuid, -- who had it sent again: a person, or an API key that nobody made; until that dispatch has an end
    to_address text not null, -- the first recipient
    to_name text,
    recipients jsonb, -- [{kind, email, name}] where there is more than the first; null otherwise
    recipient_count smallint not null default 1 check (recipient_count between 1 and 50),
    variables jsonb,
    message_id text not null,
    dispatched_at timestamptz, -- the last time that it passed the gate
    sent_at timestamptz,
    ended_at timestamptz,
    reply text, -- the server's last word, or why it will not be sent
    preview_url text,
    primary key (workspace_id, id),
    constraint emails_sent_at check ((status in ('sent', 'bounced')) = (sent_at is not null)),
    constraint emails_ended_at check (
        (status in ('sent', 'bounced', 'failed', 'cancelled', 'suppressed', 'missed')) = (ended_at is not null)
    ),
    constraint emails_dispatched_at check (status not in ('sending', 'uncertain') or dispatched_at is not null)
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
create index emails_lane on emails (lane_id, due_at, position) where status in ('scheduled', 'deferred');
create index emails_sending on emails (lane_id) where status = 'sending';
create index emails_status on emails (workspace_id, status, id);
create index emails_campaign on emails (campaign_id, position) where campaign_id is not null;

-- What may follow what; app/domain/status.py holds the same table and a test holds them equal.
create table status_transitions (
    old_status email_status not null,
    new_status email_status not null,
    primary key (old_status, new_status)
);
insert into status_transitions (old_status, new_status) values
    ('scheduled', 'sending'), ('scheduled', 'deferred'), ('scheduled', 'failed'), ('scheduled', 'held'), ('scheduled', 'missed'),
    ('scheduled', 'cancelled'), ('scheduled', 'suppressed'),
    ('deferred', 'sending'), ('deferred', 'scheduled'), ('deferred', 'failed'), ('deferred', 'held'), ('deferred', 'missed'),
    ('deferred', 'cancelled'), ('deferred', 'suppressed'),
    ('sending', 'sent'), ('sending', 'failed'), ('sending', 'deferred'), ('sending', 'uncertain'), ('sending', 'scheduled'),
    ('uncertain', 'sent'), ('uncertain', 'failed'), ('uncertain', 'deferred'), ('uncertain', 'scheduled'), ('uncertain', 'cancelled'),
    ('sent', 'bounced'),
    ('held', 'scheduled'), ('held', 'missed'), ('held', 'cancelled'),
    ('missed', 'scheduled'), ('failed', 'scheduled');

-- Runs once per statement, whatever the number of rows: checks every change of status and keeps lane_counts.
create function emails_inserted() returns trigger language plpgsql as $$
begin
    insert into lane_counts as c (lane_id, status, count)
    select lane_id, status, count(*) from new_rows group by lane_id, status order by lane_id, status
    on conflict (lane_id, status) do update set count = c.count + excluded.count;
    return null;
end
$$;

create function emails_updated() returns trigger language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    illegal record;
begin
    select o.id, o.status as old_status, n.status as new_status into illegal
    from old_rows o join new_rows n on n.workspace_id = o.workspace_id and n.id = o.id
    where o.status <> n.status
      and not exists (
          select from status_transitions t where t.old_status = o.status and t.new_status = n.status
      )
    limit 1;
    if found then
        raise exception 'email % may not go from % to %', illegal.id, illegal.old_status, illegal.new_status
            using errcode = 'check_violation';
    end if;
    insert into lane_counts as c (lane_id, status, count)
    select lane_id, status, sum(change)
    from (
        select lane_id, status, -1 as change from old_rows
        union all
        select lane_id, status, 1 from new_rows
    ) as changes
    group by lane_id, status having sum(change) <> 0 order by lane_id, status
    on conflict (lane_id, status) do update set count = c.count + excluded.count;
    return null;
end
$$;

create trigger emails_inserted after insert on emails
    referencing new table as new_rows for each statement execute function emails_inserted();
create trigger emails_updated after update on emails
    referencing old table as old_rows new table as new_rows for each statement execute function emails_updated();

-- The ledger -----------------------------------------------------------------------------------------------------

-- One row per dispatch, written in the gate's own commit; rows are never deleted or re-opened, `outcome` is filled in once known.
-- The limits are those in force at the dispatch: `paceline verify` needs nothing else.
create table dispatches (
    workspace_id uuid not null,
    id bigint generated by default as identity,
    email_id uuid not null,
    attempt smallint not null,
    mailbox_id uuid not null,
    campaign_id uuid,
    recipients smallint not null,
    worker_id uuid not null,
    fence bigint not null,
    dispatched_at timestamptz not null,
    window_seconds double precision not null,
    workspace_hour_limit integer,
    campaign_hour_limit integer,
    mailbox_day_limit integer,
    mailbox_hour_limit integer,
    gap_ms integer not null,
    ordered_by uuid, -- the person who ordered a second dispatch
    dot_at timestamptz,
    outcome dispatch_outcome not null default 'pending',
    outcome_at timestamptz,
    reply_code smallint,
    reply_text text,
    primary key (workspace_id, id),
    constraint dispatches_outcome_at check ((outcome = 'pending') = (outcome_at is null))
) with (fillfactor = 75);
create index dispatches_email on dispatches (workspace_id, email_id);
create index dispatches_mailbox on dispatches (mailbox_id, dispatched_at);
-- Not by its lanes' mailboxes: a sender may have moved to another since.
create index dispatches_campaign on dispatches (campaign_id, dispatched_at) where campaign_id is not null;

-- What the gate counts: per limited scope a ring of sub-windows, newest first. Apart from editable settings.
create table pacing (
    scope pacing_scope not null,
    scope_id uuid not null,
    window_seconds double precision not null,
    head bigint not null, -- number of the newest sub-window since the epoch
    counts integer[] not null,
    last_at timestamptz not null,
    primary key (scope, scope_id)
) with (fillfactor = 20);

-- Events, suppressions, imports ----------------------------------------------------------------------------------

-- Partitioned by time, so that retention is a DROP. What the email row and the ledger say already is not repeated here.
create table events (
    workspace_id uuid not null,
    id bigint generated by default as identity,
    at timestamptz not null default clock_timestamp(),
    type text not null,
    email_id uuid,
    campaign_id uuid,
    sender_id uuid,
    data jsonb not null default '{}',
    primary key (at, id)
) partition by range (at);
create index events_email on events (email_id) where email_id is not null;
create index events_feed on events (workspace_id, id);
create table events_default partition of events default;

-- Makes the monthly partitions from the current month to `ahead` months later, where they are missing.
create function ensure_event_partitions(ahead integer) returns void language plpgsql as $$
declare
    first date := date_trunc('month', now() at time zone 'UTC');
    starts date;
begin
    for i in 0..ahead loop
        starts := first + make_interval(months => i);
        if to_regclass(format('events_%s', to_char(starts, 'YYYY_MM'))) is null then
            execute format(
                'create table events_%s partition of events for values from (%L) to (%L)', to_char(starts, 'YYYY_MM'),
                starts::timestamp at time zone 'UTC', (starts + interval '1 month') at time zone 'UTC'
            );
        end if;
    end loop;
end
$$;

create table suppressions (
    workspace_id uuid not null references workspaces,
    address text not null check (address = lower(address)),
    reason text not null,
    detail text,
    created_at timestamptz not null default now(),
    primary key (workspace_id, address)
);

-- A parsed list of recipients that a campaign can be made from.
create table imports (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    state text not null check (state in ('done', 'used')),
    filename text,
    -- detected = valid + duplicates + suppressed + invalid_count
    detected integer not null,
    valid integer not null default 0,
    duplicates integer not null,
    suppressed integer not null default 0,
    invalid_count integer not null default 0,
    invalid jsonb not null, -- the first of them
    columns jsonb not null,
    created_at timestamptz not null default now(),
    primary key (workspace_id, id)
);

create table import_recipients (
    workspace_id uuid not null,
    import_id uuid not null,
    position integer not null,
    email text not null,
    name text,
    variables jsonb,
    primary key (workspace_id, import_id, position)
);
alter table campaigns
    add constraint campaigns_import foreign key (workspace_id, import_id) references imports (workspace_id, id);
