-- name: add_content!
insert into contents (workspace_id, id, subject, html, text, styled_html, plain_text, is_template)
values (:workspace_id, :id, :subject, :html, :text, :styled_html, :plain_text, :is_template);

-- name: change_content!
-- Only while the campaign is a draft: nobody has read it yet.
update contents set subject = :subject, html = :html, text = :text, styled_html = :styled_html, plain_text = :plain_text,
    is_template = :is_template
where workspace_id = :workspace_id and id = :id;

-- name: add!
insert into campaigns (
    workspace_id, id, name, content_id, sender_ids, start_at, timezone, delay_ms, jitter_percent, window_days, window_start,
    window_end, late_policy, hourly_limit, recipient_count, import_id, created_by
) values (
    :workspace_id, :id, :name, :content_id, :sender_ids, :start_at, :timezone, :delay_ms, :jitter_percent, :window_days,
    :window_start, :window_end, :late_policy::late_policy, :hourly_limit, :recipient_count, :import_id, :created_by
);

-- name: change!
update campaigns
set name = :name, sender_ids = :sender_ids, start_at = :start_at, timezone = :timezone, delay_ms = :delay_ms,
    jitter_percent = :jitter_percent, window_days = :window_days, window_start = :window_start, window_end = :window_end,
    late_policy = :late_policy::late_policy, hourly_limit = :hourly_limit, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id;

-- name: get^
select c.id, c.name, c.state::text as state, c.sender_ids, t.subject, t.html, t.text, c.start_at, c.timezone, c.delay_ms,
    c.jitter_percent, c.window_days, c.window_start, c.window_end, c.late_policy::text as late_policy, c.hourly_limit,
    c.recipient_count, c.import_id, c.placed, c.created_at, c.scheduled_at, c.cancelled_at, k.counts
from campaigns c
join contents t on t.workspace_id = c.workspace_id and t.id = c.content_id
cross join lateral (
    select coalesce(jsonb_object_agg(status, count), '{}') as counts from (
        select n.status, sum(n.count) as count from lanes l join lane_counts n on n.lane_id = l.id
        where l.campaign_id = c.id group by n.status
    ) as s
) as k
where c.workspace_id = :workspace_id and c.id = :id;

-- name: page
-- Newest first, or with :before oldest first from there. :state is the one that people see (domain/campaigns.shown_state).
select c.id, c.name, c.state::text as state, c.sender_ids, t.subject, c.start_at, c.timezone, c.delay_ms,
    c.jitter_percent, c.window_days, c.window_start, c.window_end, c.late_policy::text as late_policy, c.hourly_limit,
    c.recipient_count, c.placed, c.created_at, c.scheduled_at, c.cancelled_at, k.counts
from (
    select * from campaigns p
    where workspace_id = :workspace_id and (:after::uuid is null or id < :after) and (:before::uuid is null or id > :before)
        and (:q::text is null or strpos(lower(name), lower(:q)) > 0)
        and (:state::text is null or case
            when state <> 'scheduled' then state::text = :state
            when :state in ('scheduled', 'running', 'completed') then (
                coalesce(placed < recipient_count, false) or exists (
                    select from lanes l join lane_counts n on n.lane_id = l.id
                    where l.campaign_id = p.id and n.status in ('scheduled', 'deferred', 'held', 'sending') and n.count > 0
                )
            ) = (:state <> 'completed') and (:state = 'completed' or (start_at <= :now) = (:state = 'running'))
            else false end)
    order by case when :before::uuid is null then id end desc, case when :before::uuid is not null then id end
    limit :count
) as c
join contents t on t.workspace_id = c.workspace_id and t.id = c.content_id
cross join lateral (
    select coalesce(jsonb_object_agg(status, count), '{}') as counts from (
        select n.status, sum(n.count) as count from lanes l join lane_counts n on n.lane_id = l.id
        where l.campaign_id = c.id group by n.status
    ) as s
) as k
order by case when :before::uuid is null then c.id end desc, case when :before::uuid is not null then c.id end;

-- name: lock^
-- The campaign, held against every other change until the commit.
select id, name, state::text as state, content_id, sender_ids, start_at, timezone, delay_ms, jitter_percent, window_days,
    window_start, window_end, late_policy::text as late_policy, hourly_limit, recipient_count, import_id
from campaigns where workspace_id = :workspace_id and id = :id for update;

-- name: content^
select subject, html, text from contents where workspace_id = :workspace_id and id = :id;

-- name: senders
-- Those of these senders that exist; they stay until the commit.
select id, from_email, window_days, window_start, window_end, window_timezone from senders
where workspace_id = :workspace_id and id = any (:ids::uuid[]) and deleted_at is null
order by id for share;

-- name: timezone$
select timezone from workspaces where id = :workspace_id;

-- name: mark_scheduled!
update campaigns
set state = 'scheduled', start_at = :start_at, scheduled_at = :now, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and state = 'draft';

-- name: set_state!
update campaigns set state = :state::campaign_state, updated_at = clock_timestamp() where workspace_id = :workspace_id and id = :id;

-- name: cancel!
update campaigns
set state = 'cancelled', cancelled_at = :now, cancel_order = :data::jsonb, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id;

-- name: note_marking!
-- Somebody works on marking the messages of a cancelled campaign.
update campaigns set cancel_marked_at = clock_timestamp() where workspace_id = :workspace_id and id = :id;

-- name: end_marking!
update campaigns set cancel_marked_at = null where workspace_id = :workspace_id and id = :id;

-- name: lock_cancelled$
-- Who cancelled a campaign of which messages may be left to mark; held against whoever else marks them.
select coalesce(cancel_order, '{}')::text from campaigns
where workspace_id = :workspace_id and id = :id and cancel_marked_at is not null for no key update;

-- name: cancel_some^
-- The next :count waiting messages of a campaign, in one statement, so that counters are locked in one order. Returns how many,
-- and the position of the last.
with batch as (
    select id from emails
    where workspace_id = :workspace_id and campaign_id = :campaign_id and position > :after
        and status in ('scheduled', 'deferred', 'held')
    order by position limit :count for update
),
cancelled as (
    update emails e
    set status = 'cancelled', ended_at = clock_timestamp(), revision = e.revision + 1, reply = 'The campaign was cancelled.'
    from batch where e.workspace_id = :workspace_id and e.id = batch.id
    returning e.id, e.sender_id, e.position
),
story as (
    insert into events (workspace_id, type, email_id, campaign_id, sender_id, data)
    select :workspace_id, 'email.cancelled', id, :campaign_id, sender_id, :data::jsonb from cancelled
)
select count(*) as count, max(position) as last from cancelled;

-- name: left^
-- What of a campaign still waits, and what is on its way and may come back.
select coalesce(sum(c.count) filter (where c.status <> 'sending'), 0)::bigint as waiting,
    coalesce(sum(c.count) filter (where c.status = 'sending'), 0)::bigint as sending
from lanes l join lane_counts c on c.lane_id = l.id
where l.campaign_id = :campaign_id and c.status in ('scheduled', 'deferred', 'held', 'sending');

-- name: quiet_lanes!
-- Nothing waits in the lanes of a campaign any more.
update lanes set next_due = null where workspace_id = :workspace_id and campaign_id = :id and next_due is not null;

-- name: said^
-- What a campaign says as it is sent, to which list and by which senders.
select c.import_id, c.sender_ids, t.subject, coalesce(t.styled_html, t.html) as html,
    coalesce(t.plain_text, nullif(t.text, '')) as text, t.is_template, t.reply_to, t.headers, t.from_name
from campaigns c
join contents t on t.workspace_id = c.workspace_id and t.id = c.content_id
where c.workspace_id = :workspace_id and c.id = :id;

-- name: sender^
-- As messages are from it, also if it was deleted since.
select id, from_name as name, from_email as email, reply_to from senders where workspace_id = :workspace_id and id = :id;

-- name: duplicate!
-- A draft like another campaign, and without its start; zero rows: there is no such campaign.
with original as (
    select * from campaigns where workspace_id = :workspace_id and id = :original_id
),
said as (
    insert into contents (
        workspace_id, id, from_name, subject, html, text, styled_html, plain_text, is_template, reply_to, headers, tags, metadata,
        template_id, template_version
    )
    select t.workspace_id, :content_id, t.from_name, t.subject, t.html, t.text, t.styled_html, t.plain_text, t.is_template, t.reply_to,
        t.headers, t.tags, t.metadata, t.template_id, t.template_version
    from original o join contents t on t.workspace_id = o.workspace_id and t.id = o.content_id
)
insert into campaigns (
    workspace_id, id, name, content_id, sender_ids, start_at, timezone, delay_ms, jitter_percent, window_days, window_start,
    window_end, late_policy, hourly_limit, recipient_count, import_id, created_by
)
select workspace_id, :id, left(name, 190) || ' (copy)', :content_id, sender_ids, :now, timezone, delay_ms, jitter_percent,
    window_days, window_start, window_end, late_policy, hourly_limit, recipient_count, import_id, :created_by
from original;

-- name: places
-- The messages of a campaign in their order, some at a time.
select id, position from emails
where workspace_id = :workspace_id and campaign_id = :campaign_id and position > :after order by position limit :count;
