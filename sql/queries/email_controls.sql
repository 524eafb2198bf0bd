-- What people do to messages that are there. Each is one UPDATE that its old status guards, so the gate and it never both win;
-- `revision` rises, so that what a worker has in hand of the old one is refused. Many are chosen and locked in the order of their
-- ids; an array and no join, which takes a second for 500 rows where a mass change has just made the statistics wrong.

-- name: cancel
with chosen as (
    select e.id from emails e
    where e.workspace_id = :workspace_id and e.id = any (:ids::uuid[]) and e.status in ('scheduled', 'deferred', 'held')
    order by e.id for no key update
),
cancelled as (
    update emails e
    set status = 'cancelled', ended_at = clock_timestamp(), revision = e.revision + 1,
        reply = case
            when exists (
                select from dispatches d where d.workspace_id = e.workspace_id and d.email_id = e.id and d.outcome = 'unknown'
            ) then 'It was cancelled before it was sent again. Nobody knows whether it arrived the first time.'
            else 'It was cancelled.'
        end
    where e.workspace_id = :workspace_id and e.id = any (array(select id from chosen))
        and e.status in ('scheduled', 'deferred', 'held')
    returning e.id, e.campaign_id, e.sender_id
),
story as (
    insert into events (workspace_id, type, email_id, campaign_id, sender_id, data)
    select :workspace_id, 'email.cancelled', id, campaign_id, sender_id, :data::jsonb from cancelled
)
select id from cancelled order by id;

-- name: hold^
-- The message, held against the gate and every other change until the commit.
select status::text as status, campaign_id, late_policy::text as late_policy, content_id from emails
where workspace_id = :workspace_id and id = :id for no key update;

-- name: said^
-- In a statement of its own, after `hold`: together they would look for the text that the message had before it was waited for.
select subject, html, text, plain_text, reply_to, headers, tags, metadata, confidential
from contents where workspace_id = :workspace_id and id = :id;

-- name: say!
-- Another text for one message, :id. Texts never change: workers keep them by their ids. The old one is out of use if it was this
-- message's alone: the one that it was made with, under its own id, or one of an earlier edit.
with replaced as (
    update contents c set replaced_at = clock_timestamp()
    where c.workspace_id = :workspace_id and c.id = :content_id and :id in (c.id, c.email_id)
)
insert into contents (
    workspace_id, id, email_id, subject, html, text, plain_text, reply_to, headers, tags, metadata, from_name, template_id,
    template_version
)
select c.workspace_id, :new_id, :id, :subject, :html, :text, :plain_text, :reply_to::jsonb, :headers::jsonb, :tags::jsonb, :metadata::jsonb,
    c.from_name, c.template_id, c.template_version
from contents c where c.workspace_id = :workspace_id and c.id = :content_id;

-- name: change^
-- With a time it is scheduled for that; without, it stays as it waits.
with changed as (
    update emails e
    set status = case when :due_at::timestamptz is null then e.status else 'scheduled' end,
        scheduled_at = coalesce(:due_at, e.scheduled_at), due_at = coalesce(:due_at, e.due_at),
        first_tried_at = case when :due_at::timestamptz is null then e.first_tried_at end,
        attempts_before = case when :due_at::timestamptz is null then e.attempts_before else e.attempts end,
        content_id = :content_id, late_policy = :late_policy::late_policy, revision = e.revision + 1
    where e.workspace_id = :workspace_id and e.id = :id and e.status in ('scheduled', 'deferred', 'held')
    returning e.id, e.lane_id, e.campaign_id, e.sender_id
),
story as (
    insert into events (workspace_id, type, email_id, campaign_id, sender_id, data)
    select :workspace_id, t.type, c.id, c.campaign_id, c.sender_id, t.data
    from changed c, unnest(:types::text[], :data::jsonb[]) as t (type, data)
)
select id, lane_id from changed;

-- name: hold_campaigns
-- Campaigns that are not cancelled meanwhile, so that nothing of a cancelled one waits again.
select id from campaigns
where workspace_id = :workspace_id
    and id in (select campaign_id from emails where workspace_id = :workspace_id and id = any (:ids::uuid[]))
order by id for share;

-- name: hold_senders
-- Senders that are not deleted meanwhile, so that nothing waits for one that is gone. After `hold_campaigns`.
select id from senders
where workspace_id = :workspace_id
    and id in (select sender_id from emails where workspace_id = :workspace_id and id = any (:ids::uuid[]))
order by id for share;

-- name: retry
-- What failed or was missed waits again, now or at :due_at. Not what a late answer has shown to have arrived, and nothing of a
-- cancelled campaign or a deleted sender. The next dispatch names who ordered it.
with chosen as (
    select e.id from emails e
    where e.workspace_id = :workspace_id and e.id = any (:ids::uuid[]) and e.status in ('failed', 'missed')
        and not exists (
            select from dispatches d where d.workspace_id = e.workspace_id and d.email_id = e.id and d.outcome = 'accepted'
        )
        and not exists (
            select from campaigns c where c.workspace_id = e.workspace_id and c.id = e.campaign_id and c.state = 'cancelled'
        )
        and exists (
            select from senders s where s.workspace_id = e.workspace_id and s.id = e.sender_id and s.deleted_at is null
        )
    order by e.id for no key update
),
again as (
    update emails e
    set status = 'scheduled', scheduled_at = coalesce(:due_at, now()), due_at = coalesce(:due_at, now()),
        first_tried_at = null, attempts_before = e.attempts, ended_at = null, revision = e.revision + 1, ordered_by = :by
    where e.workspace_id = :workspace_id and e.id = any (array(select id from chosen)) and e.status in ('failed', 'missed')
    returning e.id, e.lane_id, e.campaign_id, e.sender_id, e.due_at
),
story as (
    insert into events (workspace_id, type, email_id, campaign_id, sender_id, data)
    select :workspace_id, 'email.scheduled', id, campaign_id, sender_id, :data::jsonb || jsonb_build_object('scheduled_at', due_at)
    from again
)
select id, lane_id, due_at from again order by id;

-- name: resolve
-- A person decides what nobody else can. What is said to have arrived was sent when its last dot was, and the ledger takes their
-- word; of what is given up in doubt the row keeps who did, as a late answer may still come.
with chosen as (
    select e.id from emails e
    where e.workspace_id = :workspace_id and e.id = any (:ids::uuid[]) and e.status = :old_status::email_status
        and (:new_status::email_status <> 'scheduled' or not exists (
            select from campaigns c where c.workspace_id = e.workspace_id and c.id = e.campaign_id and c.state = 'cancelled'
        ) and exists (
            select from senders s where s.workspace_id = e.workspace_id and s.id = e.sender_id and s.deleted_at is null
        ))
    order by e.id for no key update
),
decided as (
    update emails e
    set status = :new_status::email_status,
        sent_at = case when :new_status::email_status = 'sent' then coalesce(
            (
                select d.dot_at from dispatches d
                where d.workspace_id = e.workspace_id and d.email_id = e.id and d.attempt = e.attempts and d.outcome <> 'void'
                order by d.id desc limit 1
            ),
            e.dispatched_at
        ) end,
        ended_at = case when :new_status::email_status <> 'scheduled' then clock_timestamp() end,
        scheduled_at = case when :new_status::email_status = 'scheduled' then now() else e.scheduled_at end,
        due_at = case when :new_status::email_status = 'scheduled' then now() else e.due_at end,
        first_tried_at = case when :new_status::email_status <> 'scheduled' then e.first_tried_at end,
        attempts_before = case when :new_status::email_status = 'scheduled' then e.attempts else e.attempts_before end,
        revision = e.revision + 1,
        ordered_by = case when e.status = 'uncertain' and :new_status::email_status <> 'sent' then :by else e.ordered_by end,
        reply = coalesce(:reply, e.reply)
    where e.workspace_id = :workspace_id and e.id = any (array(select id from chosen)) and e.status = :old_status::email_status
    returning e.id, e.lane_id, e.campaign_id, e.sender_id, e.status, e.due_at, e.attempts
),
ledger as (
    update dispatches d set outcome = 'accepted', outcome_at = clock_timestamp(), reply_text = :reply
    from decided
    where decided.status = 'sent' and d.workspace_id = :workspace_id and d.email_id = decided.id and d.attempt = decided.attempts
        and d.outcome = 'unknown'
),
story as (
    insert into events (workspace_id, type, email_id, campaign_id, sender_id, data)
    select :workspace_id, 'email.' || status, id, campaign_id, sender_id, :data::jsonb from decided
)
select id, lane_id, due_at from decided order by id;

-- name: statuses
select e.id, e.status::text as status, e.ordered_by,
    exists (
        select from dispatches d where d.workspace_id = e.workspace_id and d.email_id = e.id and d.outcome = 'accepted'
    ) as arrived,
    coalesce(c.state = 'cancelled', false) as campaign_cancelled, s.deleted_at is not null as sender_deleted
from emails e
join senders s on s.workspace_id = e.workspace_id and s.id = e.sender_id
left join campaigns c on c.workspace_id = e.workspace_id and c.id = e.campaign_id
where e.workspace_id = :workspace_id and e.id = any (:ids::uuid[]);

-- name: matching
-- The next of one status in the order of their ids, after :above. With :again only what may be sent again: nothing of a cancelled
-- campaign or a deleted sender. With :certain nothing that may have arrived: what a person gave up in doubt.
select e.id from emails e
where e.workspace_id = :workspace_id and e.status = :status::email_status and e.id > :above and e.id < :below
    and (:campaign_id::uuid is null or e.campaign_id = :campaign_id)
    and not (:again and exists (
        select from campaigns c where c.workspace_id = e.workspace_id and c.id = e.campaign_id and c.state = 'cancelled'
    ))
    and not (:again and exists (
        select from senders s where s.workspace_id = e.workspace_id and s.id = e.sender_id and s.deleted_at is not null
    ))
    and not (:certain and exists (
        select from dispatches d where d.workspace_id = e.workspace_id and d.email_id = e.id and d.outcome in ('unknown', 'accepted')
    ))
order by e.id limit :count;
