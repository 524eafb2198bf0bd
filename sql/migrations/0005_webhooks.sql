-- Webhooks: what happens is told to the customers' servers, at least once each.
--
-- A delivery is written by the statement that writes what it tells of, so it commits or vanishes with it: nobody reads `events` by a
-- cursor that a late commit could slip behind. A workspace without webhooks pays for one look into a small index a statement.

create type webhook_status as enum ('enabled', 'disabled');
create type delivery_status as enum ('pending', 'delivered', 'failed');

create table webhooks (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    endpoint text not null, -- a URL
    description text,
    event_types text[] not null check (cardinality(event_types) > 0),
    status webhook_status not null default 'enabled',
    disabled_reason text check (disabled_reason in ('person', 'failing', 'gone')),
    disabled_at timestamptz,
    secret bytea not null, -- AES-256-GCM, bound to the webhook's id
    previous_secret bytea, -- signs beside it for a while after a rotation
    previous_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz, -- its deliveries are pruned first
    -- How it went. `failures`: in a row, over all its deliveries; `blocked_until`: nothing is tried before.
    failures integer not null default 0,
    failing_since timestamptz, -- the first failure after the last success
    last_success_at timestamptz,
    last_failure_at timestamptz,
    blocked_until timestamptz not null default '-infinity',
    -- The lease of its one runner, alive as long as the worker; and when one was last called for.
    runner_id uuid,
    fence bigint not null default 0,
    knocked_at timestamptz,
    primary key (workspace_id, id),
    unique (id),
    constraint webhooks_disabled check ((status = 'disabled') = (disabled_at is not null)),
    constraint webhooks_reason check ((disabled_reason is null) = (disabled_at is null)),
    constraint webhooks_rotation check ((previous_secret is null) = (previous_until is null)),
    constraint webhooks_deleted check (deleted_at is null or status = 'disabled')
) with (fillfactor = 50);

-- One row per event and webhook that wants it. `data` is what was so at that moment; the body is made of it at the first attempt and
-- is the same in every later one. No foreign keys: rows come with the batches of the sending path.
create table webhook_deliveries (
    workspace_id uuid not null,
    id uuid not null, -- the `webhook-id` of all its attempts
    webhook_id uuid not null,
    type text not null,
    at timestamptz not null, -- of the event
    email_id uuid,
    campaign_id uuid,
    sender_id uuid,
    data jsonb not null,
    status delivery_status not null default 'pending',
    next_at timestamptz not null, -- of the next attempt, while pending
    attempts integer not null default 0,
    tries integer not null default 0, -- attempts since the last replay
    first_try_at timestamptz, -- it is given up some days from here
    body text,
    last_attempt_at timestamptz,
    last_code smallint,
    last_error text,
    primary key (workspace_id, id)
) with (fillfactor = 80);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at) where status = 'pending';
create index webhook_deliveries_log on webhook_deliveries (workspace_id, webhook_id, id);
create index webhook_deliveries_failed on webhook_deliveries (webhook_id, id) where status = 'failed';

create table webhook_attempts (
    workspace_id uuid not null,
    delivery_id uuid not null,
    number integer not null,
    at timestamptz not null,
    duration_ms integer not null,
    headers jsonb not null, -- of the request, without what is secret
    code smallint, -- null: no answer came
    answer text, -- the first of its body
    error text, -- what went wrong, in plain words; null: delivered
    primary key (workspace_id, delivery_id, number)
);

-- A UUIDv7 (RFC 9562, 5.7) of a moment.
create function uuid7(p_at timestamptz) returns uuid language sql volatile
    return encode(
        set_bit(set_bit(overlay(
            uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from p_at) * 1000)::bigint) from 3) from 1 for 6
        ), 52, 1), 53, 1),
        'hex'
    )::uuid;

-- After every statement that writes events: a delivery for each webhook that wants one.
create function events_fan_out() returns trigger language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    if not exists (
        select from (select distinct workspace_id from new_rows) as n
        join webhooks w on w.workspace_id = n.workspace_id and w.status = 'enabled'
    ) then
        return null;
    end if;
    insert into webhook_deliveries (
        workspace_id, id, webhook_id, type, at, email_id, campaign_id, sender_id, data, next_at
    )
    select n.workspace_id, uuid7(n.at), w.id, n.type, n.at, n.email_id, n.campaign_id, n.sender_id, n.data || coalesce(e.said, '{}'),
        n.at
    from new_rows n
    join webhooks w on w.workspace_id = n.workspace_id and w.status = 'enabled' and n.type = any (w.event_types)
    -- With a limit it is looked up by its key, never joined the other way round.
    left join lateral (
        select jsonb_build_object(
            'status', e.status, 'scheduled_at', e.scheduled_at, 'due_at', e.due_at, 'sent_at', e.sent_at, 'ended_at', e.ended_at,
            'attempts', e.attempts, 'last_reply', e.reply, 'preview_url', e.preview_url
        ) as said
        from emails e where e.workspace_id = n.workspace_id and e.id = n.email_id limit 1
    ) as e on true;
    return null;
end
$$;
create trigger events_fan_out after insert on events
    referencing new table as new_rows for each statement execute function events_fan_out();

-- A message that is new has no event of its own: its row says all.
create function emails_fan_out() returns trigger language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    if not exists (
        select from webhooks w
        where w.status = 'enabled' and w.workspace_id in (select n.workspace_id from new_rows n limit 1)
            and 'email.scheduled' = any (w.event_types)
    ) then
        return null;
    end if;
    insert into webhook_deliveries (
        workspace_id, id, webhook_id, type, at, email_id, campaign_id, sender_id, data, next_at
    )
    select n.workspace_id, uuid7(n.created_at), w.id, 'email.scheduled', n.created_at, n.id, n.campaign_id, n.sender_id,
        jsonb_build_object(
            'status', n.status, 'scheduled_at', n.scheduled_at, 'due_at', n.due_at, 'sent_at', null, 'ended_at', null,
            'attempts', 0, 'last_reply', null, 'preview_url', null
        ),
        n.created_at
    from new_rows n
    join webhooks w on w.workspace_id = n.workspace_id and w.status = 'enabled' and 'email.scheduled' = any (w.event_types)
    where n.status = 'scheduled';
    return null;
end
$$;
-- All messages of one insert belong to one workspace.
create trigger emails_fan_out after insert on emails
    referencing new table as new_rows for each statement execute function emails_fan_out();

-- Milestones --------------------------------------------------------------------------------------------------------

-- The last state of a campaign that was told: `running` once its time has come, `completed` once nothing of it waits. What people see
-- follows from the messages, so that no worker writes to the campaign while it sends; this is brought up to date now and then.
alter table campaigns add column told campaign_state check (told in ('running', 'completed'));
update campaigns set told = 'completed' where state <> 'draft';
create index campaigns_untold on campaigns (start_at) where state in ('scheduled', 'running') and told is distinct from 'completed';

-- When it was last told that a limit holds a mailbox back.
create table limit_notices (
    mailbox_id uuid not null references mailboxes (id),
    scope pacing_scope not null,
    told_at timestamptz not null,
    primary key (mailbox_id, scope)
);
