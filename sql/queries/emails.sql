-- name: copy_rows!
-- Many at once. The columns are those of services.emails.NewEmail, in its order.
copy emails (
    workspace_id, id, lane_id, sender_id, campaign_id, content_id, position, scheduled_at, due_at, to_address, to_name, recipients,
    recipient_count, variables, message_id, late_policy
) from stdin (format binary);

-- name: senders
-- The senders that mail may leave by, as a message names them: by id or by address; with all that limits it. They stay until the
-- commit: who deletes one either counts this mail or is gone before it.
select s.id, lower(s.from_email) as address, s.from_email, s.state::text as state, l.id as lane_id,
    least(m.hourly_limit, m.daily_limit, w.hourly_limit) as most_recipients,
    m.hourly_limit is null and m.daily_limit is null and w.hourly_limit is null and m.min_delay_ms = 0
        and (greatest(m.blocked_until, l.blocked_until) <= now() or l.blocked_reason = 'window') as unlimited,
    s.window_days as sender_days, s.window_start as sender_start, s.window_end as sender_end, s.window_timezone as sender_timezone
from senders s
join mailboxes m on m.id = s.mailbox_id
join workspaces w on w.id = s.workspace_id
left join lanes l on l.sender_id = s.id and l.campaign_id is null
where s.workspace_id = :workspace_id and s.deleted_at is null
    and (s.id = any (:ids::uuid[]) or lower(s.from_email) = any (:addresses::text[]))
order by s.is_default desc, s.created_at, s.id for share of s;

-- name: insert
-- Single messages, each with a content of its own under the same id, in one statement. One that goes to a suppressed address is
-- kept and ends here; returns those.
with r as (
    select r.*, x.why as suppressed from jsonb_to_recordset(:rows::jsonb) as r (
        id uuid, lane_id bigint, sender_id uuid, position integer, due_at timestamptz, to_address text, to_name text,
        recipients jsonb, recipient_count smallint, message_id text, late_policy late_policy, addresses text[], from_name text,
        subject text, html text, text text, plain_text text, reply_to jsonb, headers jsonb, tags jsonb, metadata jsonb, confidential boolean,
        template_id uuid, template_version integer
    )
    left join lateral (
        select suppression_words(s.address, s.reason) as why from suppressions s
        where s.workspace_id = :workspace_id and s.address in (select lower(a) from unnest(r.addresses) as a) limit 1
    ) as x on true
),
said as (
    insert into contents (
        workspace_id, id, subject, html, text, plain_text, reply_to, headers, tags, metadata, from_name, confidential, template_id,
        template_version
    )
    select :workspace_id, id, subject, html, text, plain_text, reply_to, headers, tags, metadata, from_name, confidential, template_id,
        template_version
    from r
),
placed as (
    insert into emails (
        workspace_id, id, lane_id, sender_id, content_id, position, scheduled_at, due_at, to_address, to_name, recipients,
        recipient_count, message_id, late_policy, status, ended_at, reply
    )
    select :workspace_id, id, lane_id, sender_id, id, position, due_at, due_at, to_address, to_name,
        case when recipients <> 'null' then recipients end, recipient_count, message_id, late_policy,
        case when suppressed is null then 'scheduled'::email_status else 'suppressed' end,
        case when suppressed is not null then clock_timestamp() end,
        suppressed
    from r
    returning id, sender_id, status, reply
),
story as (
    insert into events (workspace_id, type, email_id, sender_id, data)
    select :workspace_id, 'email.suppressed', id, sender_id, jsonb_build_object('reply', reply)
    from placed where status = 'suppressed'
)
select id from placed where status = 'suppressed';

-- name: state^
select id, status::text as status, scheduled_at, due_at, position from emails where workspace_id = :workspace_id and id = :id;

-- name: campaign_span^
-- The ids of a campaign rise with its positions, so its rows lie between two ids.
select
    (select id from emails where campaign_id = :campaign_id order by position limit 1) as first,
    (select id from emails where campaign_id = :campaign_id order by position desc limit 1) as last
from campaigns where workspace_id = :workspace_id and id = :campaign_id;

-- name: shown
-- All that a list says of these messages, in the order of the ids. A limit that is full says itself until when.
with asked as (
    select o.id, o.place from unnest(:ids::uuid[]) with ordinality as o (id, place)
),
held as materialized (
    select l.id, l.mailbox_id, case when l.blocked_reason = 'campaign_hour' and l.blocked_until > clock_timestamp()
        then limit_frees_at('campaign_hour', l.campaign_id, k.hourly_limit) end as lane_frees_at
    from (select distinct e.lane_id from asked o join emails e on e.workspace_id = :workspace_id and e.id = o.id) as x
    join lanes l on l.id = x.lane_id
    left join campaigns k on k.workspace_id = l.workspace_id and k.id = l.campaign_id
),
filled as materialized (
    select m.id, case m.blocked_reason
        when 'mailbox_hour' then limit_frees_at('mailbox_hour', m.id, m.hourly_limit)
        when 'mailbox_day' then limit_frees_at('mailbox_day', m.id, m.daily_limit)
        when 'workspace_hour' then limit_frees_at('workspace_hour', w.id, w.hourly_limit)
    end as frees_at
    from mailboxes m join workspaces w on w.id = m.workspace_id
    where m.id in (select mailbox_id from held) and m.blocked_until > clock_timestamp()
)
select e.id, e.status::text as status, e.scheduled_at, e.due_at, e.created_at, e.sent_at, e.ended_at, e.attempts, e.reply,
    e.preview_url, e.late_policy::text as late_policy, e.campaign_id, e.sender_id, e.to_address, e.to_name, e.recipients, e.variables, e.message_id,
    c.subject, c.is_template, c.from_name, s.from_email, s.from_name as sender_name, s.state::text as sender_state,
    k.state::text as campaign_state, greatest(l.blocked_until, h.lane_frees_at) as lane_until, l.blocked_reason as lane_reason,
    greatest(m.blocked_until, f.frees_at) as mailbox_until, m.blocked_reason as mailbox_reason, m.free_at,
    s.window_days as sender_days, s.window_start as sender_start, s.window_end as sender_end, s.window_timezone as sender_timezone,
    k.window_days as campaign_days, k.window_start as campaign_start, k.window_end as campaign_end, k.timezone as campaign_timezone,
    m.hourly_limit is null and m.daily_limit is null and w.hourly_limit is null and k.hourly_limit is null
        and m.min_delay_ms = 0 as unlimited
from asked o
join emails e on e.workspace_id = :workspace_id and e.id = o.id
join contents c on c.workspace_id = e.workspace_id and c.id = e.content_id
join senders s on s.workspace_id = e.workspace_id and s.id = e.sender_id
join lanes l on l.id = e.lane_id
join mailboxes m on m.id = l.mailbox_id
join workspaces w on w.id = e.workspace_id
join held h on h.id = l.id
left join filled f on f.id = m.id
left join campaigns k on k.workspace_id = e.workspace_id and k.id = e.campaign_id
order by o.place;

-- name: content^
-- What one message says as it is sent, with what its sender adds.
select c.subject, coalesce(c.styled_html, c.html) as html, coalesce(c.plain_text, nullif(c.text, '')) as text, c.is_template, c.reply_to, c.headers, c.tags, c.metadata, c.from_name, c.confidential,
    c.template_id, c.template_version, s.id as sender_id, s.from_email, s.from_name as sender_name, s.reply_to as sender_reply_to,
    e.to_address, e.to_name, e.recipients, e.variables, e.message_id, e.campaign_id,
    coalesce(e.dispatched_at, e.due_at) as date
from emails e
join contents c on c.workspace_id = e.workspace_id and c.id = e.content_id
join senders s on s.workspace_id = e.workspace_id and s.id = e.sender_id
where e.workspace_id = :workspace_id and e.id = :id;
