-- name: get^
select s.id, s.name, s.from_name, s.from_email, s.reply_to, m.host, m.port, s.security::text as security,
    nullif(m.username, '') as username, s.password is not null as has_password, s.hourly_limit, s.daily_limit, s.min_delay_ms,
    s.concurrency, s.window_days, s.window_start, s.window_end, s.window_timezone, s.state::text as state, s.state_reason, s.is_default,
    coalesce((select max(k.state)::text from dkim_keys k where k.workspace_id = s.workspace_id and k.sender_id = s.id), 'off') as dkim,
    s.created_at
from senders s join mailboxes m on m.workspace_id = s.workspace_id and m.id = s.mailbox_id
where s.workspace_id = :workspace_id and s.id = :id and s.deleted_at is null;

-- name: page
-- Newest first, or with :before oldest first from there.
select s.id, s.name, s.from_name, s.from_email, s.reply_to, m.host, m.port, s.security::text as security,
    nullif(m.username, '') as username, s.password is not null as has_password, s.hourly_limit, s.daily_limit, s.min_delay_ms,
    s.concurrency, s.window_days, s.window_start, s.window_end, s.window_timezone, s.state::text as state, s.state_reason, s.is_default,
    coalesce((select max(k.state)::text from dkim_keys k where k.workspace_id = s.workspace_id and k.sender_id = s.id), 'off') as dkim,
    s.created_at
from senders s join mailboxes m on m.workspace_id = s.workspace_id and m.id = s.mailbox_id
where s.workspace_id = :workspace_id and s.deleted_at is null
    and (:after::uuid is null or s.id < :after) and (:before::uuid is null or s.id > :before)
order by case when :before::uuid is null then s.id end desc, case when :before::uuid is not null then s.id end
limit :count;

-- name: sign_in^
-- What it takes to sign in.
select s.id, s.mailbox_id, s.security::text as security, s.password, m.host, m.port, nullif(m.username, '') as username
from senders s join mailboxes m on m.workspace_id = s.workspace_id and m.id = s.mailbox_id
where s.workspace_id = :workspace_id and s.id = :id and s.deleted_at is null;

-- name: by_from_email$
select id from senders
where workspace_id = :workspace_id and lower(from_email) = lower(:from_email) and deleted_at is null and id <> :id;

-- name: insert!
-- The first of a workspace is its default.
insert into senders (
    workspace_id, id, mailbox_id, name, from_name, from_email, reply_to, security, password, hourly_limit, daily_limit,
    min_delay_ms, concurrency, window_days, window_start, window_end, window_timezone, is_default
) values (
    :workspace_id, :id, :mailbox_id, :name, :from_name, :from_email, :reply_to, :security::smtp_security, :password,
    :hourly_limit, :daily_limit, :min_delay_ms, :concurrency, :window_days, :window_start, :window_end, :window_timezone,
    not exists (select from senders s where s.workspace_id = :workspace_id and s.is_default and s.deleted_at is null)
);

-- name: update!
update senders
set mailbox_id = :mailbox_id, name = :name, from_name = :from_name, from_email = :from_email, reply_to = :reply_to,
    security = :security::smtp_security, password = :password, hourly_limit = :hourly_limit, daily_limit = :daily_limit,
    min_delay_ms = :min_delay_ms, concurrency = :concurrency, window_days = :window_days, window_start = :window_start,
    window_end = :window_end, window_timezone = :window_timezone, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id;

-- name: set_state!
update senders set state = :state::sender_state, state_reason = :reason, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id and deleted_at is null;

-- name: no_default!
update senders set is_default = false where workspace_id = :workspace_id and is_default;

-- name: make_default!
update senders set is_default = true where workspace_id = :workspace_id and id = :id;

-- name: default$
-- The default of a workspace, while it sends.
select id from senders where workspace_id = :workspace_id and is_default and deleted_at is null and state = 'active';

-- name: note_server!
-- Who said which server it uses.
update senders set server_set_by = :by where workspace_id = :workspace_id and id = :id;

-- name: oldest$
select id from senders where workspace_id = :workspace_id and deleted_at is null order by id limit 1;

-- name: delete!
update senders
set state = 'disabled', state_reason = 'Deleted.', deleted_at = clock_timestamp(), updated_at = clock_timestamp(),
    is_default = false, password = null
where workspace_id = :workspace_id and id = :id;

-- name: open^
-- Messages of a sender that have not left yet, and those of which a person must say what became of them.
select coalesce(sum(c.count) filter (where c.status <> 'uncertain'), 0)::bigint as waiting,
    coalesce(sum(c.count) filter (where c.status = 'uncertain'), 0)::bigint as in_doubt
from lanes l join lane_counts c on c.lane_id = l.id
where l.workspace_id = :workspace_id and l.sender_id = :id
    and c.status in ('scheduled', 'deferred', 'held', 'sending', 'uncertain');

-- name: find_mailbox$
-- User names that are addresses are one whatever their case; others are told apart by the secret.
select id from mailboxes
where workspace_id = :workspace_id and host = :host and port = :port and secret_hash = :secret_hash
    and case
        when position('@' in :username::text) > 0 then lower(username) = lower(:username::text)
        else username = :username::text
    end
order by id limit 1;

-- name: add_mailbox!
insert into mailboxes (workspace_id, id, host, port, username, secret_hash)
values (:workspace_id, :id, :host, :port, :username, :secret_hash);

-- name: has_other_owner$
-- Whether this mailbox belongs to another workspace.
select exists (
    select from mailboxes
    where workspace_id <> :workspace_id and owned_at is not null and host = :host and port = :port and secret_hash = :secret_hash
        and mailbox_user(username) = mailbox_user(:username)
);

-- name: own_mailbox$
select own_mailbox(:mailbox_id, :window);

-- name: release_mailbox!
-- Once its last sender is gone anybody may have it. Waits for a sign-in that is just being noted.
update mailboxes m set owned_at = null
where m.workspace_id = :workspace_id and m.id = :mailbox_id
    and not exists (select from senders s where s.mailbox_id = m.id and s.deleted_at is null);

-- name: move_lanes!
update lanes set mailbox_id = :mailbox_id where workspace_id = :workspace_id and sender_id = :id;

-- name: refresh_mailbox!
-- Brings the limits of a mailbox to the lowest of its senders. What held it back by a limit is looked at again, and the moment
-- of the next dispatch moves with the gap. :afresh clears every other reason to wait too.
update mailboxes m
set hourly_limit = s.hourly_limit, daily_limit = s.daily_limit, min_delay_ms = s.min_delay_ms, concurrency = s.concurrency,
    free_at = m.free_at + make_interval(secs => (s.min_delay_ms - m.min_delay_ms) / 1000.0),
    blocked_until = case when b.lift then '-infinity' else m.blocked_until end,
    blocked_reason = case when b.lift then null else m.blocked_reason end
from (
    select min(hourly_limit) as hourly_limit, min(daily_limit) as daily_limit, max(min_delay_ms) as min_delay_ms,
        min(concurrency) as concurrency
    from senders where workspace_id = :workspace_id and mailbox_id = :mailbox_id and deleted_at is null
    having count(*) > 0
) as s
cross join lateral (
    select :afresh or x.blocked_reason in ('workspace_hour', 'mailbox_day', 'mailbox_hour', 'gap') as lift
    from mailboxes x where x.id = :mailbox_id
) as b
where m.workspace_id = :workspace_id and m.id = :mailbox_id;

-- name: settle_lanes!
-- Holds back or lets go the lanes of one sender or one campaign as the states of both say; a wait for a limit is looked at again.
update lanes l
set blocked_until = case when held.reason is null then '-infinity'::timestamptz else 'infinity' end, blocked_reason = held.reason,
    freed_at = case when l.blocked_until = 'infinity' and held.reason is null then clock_timestamp() else l.freed_at end
from lanes x
join senders s on s.workspace_id = x.workspace_id and s.id = x.sender_id
left join campaigns c on c.workspace_id = x.workspace_id and c.id = x.campaign_id
cross join lateral (
    select case
        when c.state = 'cancelled' then 'campaign_cancelled' when c.state = 'paused' then 'campaign_paused'
        when s.state <> 'active' then 'sender_paused'
    end as reason
) as held
where l.id = x.id and x.workspace_id = :workspace_id
    and (x.sender_id = :sender_id::uuid or x.campaign_id = :campaign_id::uuid);

-- name: lift!
-- Has the lanes of one sender or one campaign looked at again that wait for one of these reasons; a pause is none of them.
update lanes set blocked_until = '-infinity', blocked_reason = null
where workspace_id = :workspace_id and (sender_id = :sender_id::uuid or campaign_id = :campaign_id::uuid)
    and blocked_reason = any (:reasons::text[]) and blocked_until < 'infinity';

-- name: mailboxes_to_wake
-- The mailboxes of one sender or one campaign, each with the first moment at which it has something to do.
select m.id as mailbox_id, (
    select min(greatest(l.next_due, l.blocked_until)) from lanes l
    where l.mailbox_id = m.id and l.next_due is not null and l.blocked_until < 'infinity'
) as due
from mailboxes m
where m.workspace_id = :workspace_id and m.id in (
    select l.mailbox_id from lanes l
    where l.workspace_id = :workspace_id and (l.sender_id = :sender_id::uuid or l.campaign_id = :campaign_id::uuid)
    union select unnest(:mailbox_ids::uuid[])
)
order by m.id;

-- name: usage^
-- What the gate counts for the sender's mailbox. Without a limit nobody counts, so the ledger is asked.
select m.hourly_limit, m.daily_limit,
    case when m.hourly_limit is not null then h.used else (
        select coalesce(sum(d.recipients), 0)
        from pacing_ledger('mailbox_hour', m.id, clock_timestamp() - make_interval(secs => :window)) as d
    ) end::bigint as hour_used,
    case when h.used >= m.hourly_limit then h.next_at end as hour_next_at,
    d.used as day_used,
    case when d.used >= m.daily_limit then d.next_at end as day_next_at
from senders s
join mailboxes m on m.workspace_id = s.workspace_id and m.id = s.mailbox_id
left join lateral headroom('mailbox_hour', m.id, m.hourly_limit, :window) as h on m.hourly_limit is not null
left join lateral headroom('mailbox_day', m.id, m.daily_limit, :window * 24) as d on m.daily_limit is not null
where s.workspace_id = :workspace_id and s.id = :id and s.deleted_at is null;
