-- name: insert!
insert into webhooks (workspace_id, id, endpoint, description, event_types, secret)
values (:workspace_id, :id, :endpoint, :description, :events::text[], :secret);

-- name: count$
select count(*) from webhooks where workspace_id = :workspace_id and deleted_at is null;

-- name: shown
-- Webhooks as people see them: one, or a page of them, newest first, oldest first when walking back with :before.
select w.id, w.endpoint, w.description, w.event_types as events, w.status::text as status, w.disabled_reason, w.disabled_at,
    w.failing_since, w.last_success_at, w.last_failure_at, w.created_at,
    case when w.previous_until > clock_timestamp() then w.previous_until end as previous_secret_until,
    (
        select count(*) from (
            select from webhook_deliveries d where d.webhook_id = w.id and d.status = 'pending' limit 1000
        ) as waiting
    ) as pending
from webhooks w
where w.workspace_id = :workspace_id and w.deleted_at is null
    and (:id::uuid is null or w.id = :id)
    and (:after::uuid is null or w.id < :after)
    and (:before::uuid is null or w.id > :before)
order by case when :before::uuid is null then w.id end desc, case when :before::uuid is not null then w.id end
limit :count;

-- name: change!
update webhooks
set endpoint = coalesce(:endpoint, endpoint), event_types = coalesce(:events::text[], event_types),
    description = case when :describe then :description else description end, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and deleted_at is null;

-- name: enable!
-- It starts afresh, and what waits is tried at once.
update webhooks
set status = 'enabled', disabled_reason = null, disabled_at = null, failures = 0, failing_since = null, blocked_until = '-infinity',
    updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and status = 'disabled' and deleted_at is null;

-- name: hasten!
-- What waits is tried at once, with a life of its own from there.
update webhook_deliveries set next_at = clock_timestamp(), tries = 0, first_try_at = null
where workspace_id = :workspace_id and webhook_id = :id and status = 'pending';

-- name: disable!
update webhooks
set status = 'disabled', disabled_reason = :reason, disabled_at = clock_timestamp(), updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and status = 'enabled';

-- name: delete!
update webhooks
set status = 'disabled', disabled_reason = coalesce(disabled_reason, 'person'), disabled_at = coalesce(disabled_at, clock_timestamp()),
    deleted_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and deleted_at is null;

-- name: rotate!
-- The secret that was in force signs beside the new one for a while.
update webhooks
set previous_secret = secret, previous_until = clock_timestamp() + :grace::interval, secret = :secret, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and deleted_at is null;

-- Deliveries as people see them

-- name: deliveries
-- A page of the log: newest first, oldest first when walking back with :before. After failures in a row the webhook rests, and
-- with it what is new.
select d.id, d.type, d.status::text as status, d.at as created_at, d.attempts,
    case when d.status = 'pending' and w.status = 'enabled' then greatest(d.next_at, w.blocked_until) end as next_attempt_at,
    d.last_attempt_at, d.last_code as last_status_code, d.last_error, d.email_id, d.campaign_id, d.sender_id
from webhooks w join webhook_deliveries d on d.workspace_id = w.workspace_id and d.webhook_id = w.id
where w.workspace_id = :workspace_id and w.id = :webhook_id and d.workspace_id = :workspace_id and d.webhook_id = :webhook_id
    and (:id::uuid is null or d.id = :id)
    and (:after::uuid is null or d.id < :after)
    and (:before::uuid is null or d.id > :before)
    and (:status::delivery_status is null or d.status = :status::delivery_status)
    and (:type::text is null or d.type = :type)
order by case when :before::uuid is null then d.id end desc, case when :before::uuid is not null then d.id end
limit :count;

-- name: body$
select coalesce(body, '') from webhook_deliveries where workspace_id = :workspace_id and id = :id;

-- name: attempts
select number, at, duration_ms, headers as request_headers, code as status_code, answer as response_body, error
from webhook_attempts where workspace_id = :workspace_id and delivery_id = :id order by number desc;

-- name: replay
-- Tries deliveries again, whatever became of them: one, or all that failed since a moment. The id stays, its life begins anew.
update webhook_deliveries
set status = 'pending', next_at = clock_timestamp(), tries = 0, first_try_at = null
where workspace_id = :workspace_id and webhook_id = :webhook_id
    and (id = :id or (:id::uuid is null and status = 'failed' and (:since::timestamptz is null or at >= :since)))
returning id;

-- name: add_delivery!
-- One that was made up: a test.
insert into webhook_deliveries (workspace_id, id, webhook_id, type, at, data, next_at, body)
values (:workspace_id, :id, :webhook_id, :type, :at, '{}', clock_timestamp(), :body);

-- What the worker does

-- name: to_knock
-- Webhooks of these workspaces that have something to deliver, no runner that lives, and were not called for a moment ago. Whoever is
-- at one already, does this too.
update webhooks w set knocked_at = clock_timestamp()
from (
    select h.id from webhooks h
    where h.workspace_id = any (:workspace_ids::uuid[]) and h.status = 'enabled' and h.blocked_until <= clock_timestamp()
        and (h.knocked_at is null or h.knocked_at < clock_timestamp() - interval '10 seconds')
        and not exists (select from workers k where k.id = h.runner_id and k.expires_at > clock_timestamp())
        and exists (
            select from webhook_deliveries d where d.webhook_id = h.id and d.status = 'pending' and d.next_at <= clock_timestamp()
        )
    for no key update skip locked
) as idle
where w.id = idle.id
returning w.id;

-- name: orphans
-- Webhooks that have something to deliver now and no runner that lives, or one in the worker that asks, which knows nothing of it.
select w.id from webhooks w
where w.status = 'enabled' and w.blocked_until <= clock_timestamp()
    and ((w.runner_id = :worker_id and not w.id = any (:running::uuid[]))
        or not exists (select from workers k where k.id = w.runner_id and k.expires_at > clock_timestamp()))
    and exists (
        select from webhook_deliveries d where d.webhook_id = w.id and d.status = 'pending' and d.next_at <= clock_timestamp()
    )
limit 1000;

-- name: lease^
-- Makes this worker the runner of a webhook, unless a living worker is. The fence rises with every lease.
update webhooks w set runner_id = :worker_id, fence = w.fence + 1, knocked_at = null
where w.id = :id and w.status = 'enabled'
    and (w.runner_id is null or w.runner_id = :worker_id
        or not exists (select from workers k where k.id = w.runner_id and k.expires_at > clock_timestamp()))
    and exists (select from workers k where k.id = :worker_id and k.expires_at > clock_timestamp())
returning w.workspace_id, w.fence;

-- name: run^
-- What its runner goes by; none: it is another's, or disabled. `next_at`: the earliest that waits.
select w.endpoint, w.secret, case when w.previous_until > clock_timestamp() then w.previous_secret end as previous_secret,
    w.failures, w.blocked_until, clock_timestamp() as now,
    (select min(d.next_at) from webhook_deliveries d where d.webhook_id = w.id and d.status = 'pending') as next_at
from webhooks w
where w.workspace_id = :workspace_id and w.id = :id and w.runner_id = :worker_id and w.fence = :fence and w.status = 'enabled';

-- name: release!
update webhooks set runner_id = null
where workspace_id = :workspace_id and id = :id and runner_id = :worker_id and fence = :fence;

-- name: rest!
-- Nothing is tried for so many seconds.
update webhooks set blocked_until = clock_timestamp() + make_interval(secs => :seconds)
where workspace_id = :workspace_id and id = :id and runner_id = :worker_id and fence = :fence;

-- name: give_up!
-- Deliveries of which nothing can be told.
update webhook_deliveries set status = 'failed', last_error = 'What it would tell of is gone.'
where workspace_id = :workspace_id and id = any (:ids::uuid[]) and status = 'pending';

-- name: due
-- The next deliveries of a webhook. Reading is the claim: its runner is alone, and what it writes names the fence.
select id, type, at, email_id, campaign_id, sender_id, data, body, tries, first_try_at
from webhook_deliveries
where workspace_id = :workspace_id and webhook_id = :webhook_id and status = 'pending' and next_at <= clock_timestamp()
    and not id = any (:busy::uuid[])
order by next_at limit :limit;

-- name: lock_run^
-- The webhook held by its runner; none: the lease is another's.
select failures, failing_since, status::text as status from webhooks
where workspace_id = :workspace_id and id = :id and runner_id = :worker_id and fence = :fence for no key update;

-- name: record!
-- What became of attempts, a batch at a time.
with o as (
    select * from unnest(
        :ids::uuid[], :statuses::delivery_status[], :nexts::timestamptz[], :bodies::text[], :ats::timestamptz[], :durations::integer[],
        :headers::jsonb[], :codes::smallint[], :answers::text[], :errors::text[]
    ) as o (id, status, next_at, body, at, duration_ms, headers, code, answer, error)
),
done as (
    update webhook_deliveries d
    set status = o.status, next_at = coalesce(o.next_at, d.next_at), attempts = d.attempts + 1, tries = d.tries + 1, body = coalesce(d.body, o.body),
        first_try_at = coalesce(d.first_try_at, o.at), last_attempt_at = o.at, last_code = o.code, last_error = o.error
    from o where d.workspace_id = :workspace_id and d.id = o.id
    returning d.id, d.attempts
)
insert into webhook_attempts (workspace_id, delivery_id, number, at, duration_ms, headers, code, answer, error)
select :workspace_id, o.id, done.attempts, o.at, o.duration_ms, o.headers, o.code, o.answer, o.error
from o join done on done.id = o.id;

-- name: note_health!
update webhooks
set failures = :failures, failing_since = :failing_since, blocked_until = :blocked_until,
    last_success_at = coalesce(:success_at, last_success_at), last_failure_at = coalesce(:failure_at, last_failure_at)
where workspace_id = :workspace_id and id = :id;

-- Of what events speak

-- name: email_extras
-- What a list does not say of these messages.
select e.id, e.message_id, c.tags, c.metadata
from emails e join contents c on c.workspace_id = e.workspace_id and c.id = e.content_id
where e.workspace_id = :workspace_id and e.id = any (:ids::uuid[]);

-- name: campaigns
select id, name, start_at, recipient_count from campaigns where workspace_id = :workspace_id and id = any (:ids::uuid[]);

-- name: senders
select id, name, from_email from senders where workspace_id = :workspace_id and id = any (:ids::uuid[]);
