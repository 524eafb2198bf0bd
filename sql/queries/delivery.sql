-- name: due
-- The next messages of each of these mailboxes in the order (due, position), at most :limit of one, from the lanes that nothing holds
-- back. Only reads: the claim is the runner's lease, and the gate checks the fence, the revision and the status again. Not those
-- under way (:busy, of :busy_boxes), nor those in hand as they are (:held, :revisions): one that was moved or edited since is read again.
select o.mailbox_id, e.* from unnest(:mailbox_ids::uuid[], :nows::timestamptz[], :untils::timestamptz[]) as o (mailbox_id, now, until)
cross join lateral (
    select e.id, e.revision, e.lane_id, e.sender_id, e.campaign_id, e.content_id, e.due_at, e.position, e.first_tried_at,
        e.attempts - e.attempts_before as attempts, e.to_address, e.to_name, e.recipients, e.recipient_count, e.variables, e.message_id,
        e.late_policy::text as late_policy, l.freed_at, exists (
            select from (
                select lower(e.to_address) as address
                union all select lower(t ->> 'email') from jsonb_array_elements(e.recipients) as t
            ) as a join suppressions x on x.workspace_id = e.workspace_id and x.address = a.address
        ) as suppressed
    from lanes l
    cross join lateral (
        select * from emails x
        where x.lane_id = l.id and x.status in ('scheduled', 'deferred') and x.due_at <= o.until
            and (o.mailbox_id, x.id) not in (select * from unnest(:busy_boxes::uuid[], :busy::uuid[]))
            and (o.mailbox_id, x.id, x.revision) not in (
                select * from unnest(:held_boxes::uuid[], :held::uuid[], :revisions::integer[])
            )
        order by x.due_at, x.position
        limit :limit
    ) as e
    where l.mailbox_id = o.mailbox_id and l.next_due <= o.until and l.blocked_until <= o.now
    order by e.due_at, e.position, e.id
    limit :limit
) as e
order by o.mailbox_id, e.due_at, e.position, e.id;

-- name: contents
select c.id, c.subject, coalesce(c.styled_html, c.html) as html, coalesce(c.plain_text, nullif(c.text, '')) as text, c.is_template,
    c.reply_to, c.headers, c.from_name, (
    select jsonb_agg(
        jsonb_build_object(
            'filename', a.filename, 'content_type', a.content_type, 'cid', a.cid, 'hash', encode(a.hash, 'hex'), 'size', a.size
        ) order by a.place
    )
    from attachments a where a.workspace_id = c.workspace_id and a.content_id = c.id
) as attachments
from contents c
where c.workspace_id = :workspace_id and c.id = any (:ids::uuid[]);

-- name: campaign_limits
select id, hourly_limit from campaigns
where workspace_id = :workspace_id and id = any (:ids::uuid[]) and hourly_limit is not null;

-- name: gate
select email_id, verdict, dispatch_id, at, next_at
from gate(:workspace_id, :mailbox_id, :worker_id, :fence, :window, :prior_dot, :email_ids::uuid[], :revisions::integer[]);

-- name: gate_unlimited
select email_id, verdict, dispatch_id, at, next_at
from gate_unlimited(
    :workspace_id, :worker_id, :window, :mailbox_ids::uuid[], :fences::bigint[], :email_ids::uuid[], :revisions::integer[]
);

-- name: headroom^
select used, next_at from headroom(:scope::pacing_scope, :scope_id, :limit, :window);

-- name: record
-- Writes down what became of dispatched messages, a batch at a time: ledger, email, event. Only a dispatch whose outcome is
-- open takes one, so saying it twice changes nothing; a late 2xx turns `uncertain` into `sent`. Where a person has had a message
-- sent again, its last dispatch decides about it; of an earlier one only a 2xx is heard, and then the later one is in doubt until
-- its own reply. Returns the lanes that have a retry waiting.
with o as (
    select * from jsonb_to_recordset(:outcomes::jsonb) as o (
        workspace_id uuid, dispatch_id bigint, email_id uuid, outcome dispatch_outcome, status email_status, dot_at timestamptz,
        code smallint, reply text, preview_url text, due_at timestamptz, recipients jsonb
    )
),
ledger as (
    update dispatches d
    set outcome = o.outcome, outcome_at = clock_timestamp(), dot_at = o.dot_at, reply_code = o.code, reply_text = o.reply
    from o
    where d.workspace_id = o.workspace_id and d.id = o.dispatch_id and d.outcome in ('pending', 'unknown')
    returning d.id, d.attempt
),
mail as (
    update emails e
    set status = o.status, reply = o.reply, preview_url = coalesce(o.preview_url, e.preview_url),
        sent_at = case when o.status = 'sent' then clock_timestamp() end,
        ended_at = case when o.status in ('sent', 'failed') then clock_timestamp() end,
        due_at = coalesce(o.due_at, e.due_at), first_tried_at = coalesce(e.first_tried_at, e.dispatched_at),
        recipients = coalesce(o.recipients, e.recipients),
        ordered_by = case when o.status = 'deferred' then e.ordered_by end
    from o join ledger on ledger.id = o.dispatch_id
    where e.workspace_id = o.workspace_id and e.id = o.email_id and e.status in ('sending', 'uncertain')
        and (e.attempts = ledger.attempt or o.status = 'sent')
    returning e.workspace_id, e.id, e.campaign_id, e.sender_id, e.lane_id, e.status, e.due_at, e.attempts <> ledger.attempt as overtaken
),
overtaking as (
    update dispatches d set outcome = 'unknown', outcome_at = clock_timestamp()
    from mail where mail.overtaken and d.workspace_id = mail.workspace_id and d.email_id = mail.id
        and d.outcome = 'pending' and d.id not in (select o.dispatch_id from o)
),
story as (
    insert into events (workspace_id, type, email_id, campaign_id, sender_id)
    select workspace_id, 'email.' || status, id, campaign_id, sender_id from mail
)
select workspace_id, lane_id, min(due_at) as due_at from mail where status = 'deferred' group by workspace_id, lane_id;

-- name: refuse
-- Writes down what became of messages that did not reach the gate: refused by the server, or by us. Needs the lease.
with o as (
    select * from unnest(
        :email_ids::uuid[], :revisions::integer[], :statuses::email_status[], :replies::text[], :dues::timestamptz[], :recipients::jsonb[]
    ) as o (email_id, revision, status, reply, due_at, recipients)
),
mail as (
    update emails e
    set status = o.status, reply = o.reply, attempts = e.attempts + 1, due_at = coalesce(o.due_at, e.due_at),
        first_tried_at = coalesce(e.first_tried_at, clock_timestamp()),
        ended_at = case when o.status in ('failed', 'suppressed') then clock_timestamp() end,
        recipients = coalesce(o.recipients, e.recipients)
    from o
    where e.workspace_id = :workspace_id and e.id = o.email_id and e.revision = o.revision and e.status in ('scheduled', 'deferred')
        and exists (
            select from mailboxes m where m.id = :mailbox_id and m.runner_id = :worker_id and m.fence = :fence
        )
    returning e.id, e.campaign_id, e.sender_id, e.lane_id, e.status, e.due_at
),
story as (
    insert into events (workspace_id, type, email_id, campaign_id, sender_id, data)
    select :workspace_id, 'email.' || m.status, m.id, m.campaign_id, m.sender_id, jsonb_build_object('reply', o.reply)
    from mail m join o on o.email_id = m.id
)
select lane_id, min(due_at) as due_at from mail where status = 'deferred' group by lane_id;

-- name: suppress!
-- A server said that the address does not exist: it is not tried again.
insert into suppressions (workspace_id, address, reason, detail, source_id)
select :workspace_id, lower(address), 'hard_bounce', detail, source_id
from unnest(:addresses::text[], :details::text[], :source_ids::uuid[]) as a (address, detail, source_id)
on conflict do nothing;

-- name: void
select void_dispatches as email_id from void_dispatches(:workspace_id, :mailbox_id, :worker_id, :dispatch_ids::bigint[]);

-- name: due_by_lane
-- The lanes of these messages, each with the first moment at which one of them is due.
select lane_id, min(due_at) as due_at from emails
where workspace_id = :workspace_id and id = any (:email_ids::uuid[]) and status in ('scheduled', 'deferred')
group by lane_id order by lane_id;

-- name: wait_for_gate!
-- Until no gate holds the mailbox or one of these messages.
with box as materialized (select from mailboxes where workspace_id = :workspace_id and id = :mailbox_id for no key update)
select from box cross join lateral (
    select from emails where workspace_id = :workspace_id and id = any (:email_ids::uuid[]) order by id for no key update
) as e;

-- name: unsettled
-- The dispatches of these messages that were booked under this lease and whose end is not known: asked after a commit with an
-- unknown outcome. Not those of an earlier lease: they may have had their dot.
select d.id from dispatches d
where d.workspace_id = :workspace_id and d.email_id = any (:email_ids::uuid[]) and d.worker_id = :worker_id and d.fence = :fence
    and d.outcome in ('pending', 'unknown') and d.dot_at is null;

-- name: doubt
-- What earlier runners of these mailboxes left between their gates and their replies: nobody can know whether it arrived (RFC 1047).
with late as (
    update emails e
    set status = 'uncertain', reply = 'The worker ended before the server answered.', ordered_by = null
    from lanes l
    where l.mailbox_id = any (:mailbox_ids::uuid[]) and e.lane_id = l.id and e.status = 'sending'
    returning e.workspace_id, e.id, e.campaign_id, e.sender_id
),
ledger as (
    update dispatches d set outcome = 'unknown', outcome_at = clock_timestamp()
    from late where d.workspace_id = late.workspace_id and d.email_id = late.id and d.outcome = 'pending'
)
insert into events (workspace_id, type, email_id, campaign_id, sender_id)
select workspace_id, 'email.uncertain', id, campaign_id, sender_id from late
returning email_id;

-- name: set_late
-- What a downtime made late, by its policy: `skip` is missed, `ask` is held for a person. Needs the lease.
with late as (
    update emails e set
        status = case when e.late_policy = 'skip' then 'missed'::email_status else 'held' end,
        ended_at = case when e.late_policy = 'skip' then clock_timestamp() end,
        reply = 'It came due while nothing was running to send it.'
    where e.workspace_id = :workspace_id and e.id = any (:email_ids::uuid[]) and e.late_policy <> 'send'
        and e.status in ('scheduled', 'deferred')
        and exists (
            select from mailboxes m where m.id = :mailbox_id and m.runner_id = :worker_id and m.fence = :fence
        )
    returning e.id, e.campaign_id, e.sender_id, e.status
)
insert into events (workspace_id, type, email_id, campaign_id, sender_id)
select :workspace_id, 'email.' || status, id, campaign_id, sender_id from late
returning email_id;
