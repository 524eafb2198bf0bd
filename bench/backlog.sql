-- A store of messages as years of use leave it, written straight down: message n of :size, in the order of their ids.

-- name: prepare#
-- Which lanes there are; numbers that are the same on every run.
create table bench_lanes (
    kind text, number integer, place integer, workspace_id uuid, campaign_id uuid, content_id uuid, sender_id uuid, mailbox_id uuid,
    lane_id bigint, primary key (kind, number, place)
);
create function bench_hash(n bigint, salt bigint) returns bigint language sql immutable parallel safe
    return hashint8extended(n, salt) & 2147483647;
create function bench_id(ms bigint, n bigint) returns uuid language sql immutable parallel safe
    return (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0') || '8' || substr(md5(n::text), 1, 15))::uuid;
create function bench_name(p bigint) returns text language sql immutable parallel safe
    return (array['anna', 'bob', 'carla', 'david', 'emma', 'felix', 'greta', 'hugo', 'ida', 'jonas', 'karin', 'luca', 'maria', 'nina',
        'otto', 'paula', 'quentin', 'rosa', 'samir', 'tina', 'uwe', 'vera', 'walter', 'xenia', 'yusuf', 'zoe'])[p % 26 + 1];
create function bench_address(p bigint) returns text language sql immutable parallel safe
    return bench_name(p) || '.' || (array['adler', 'bauer', 'costa', 'diaz', 'evans', 'fischer', 'garcia', 'huber', 'ito', 'jones'])[p / 26 % 10 + 1]
        || p / 260 || '@company' || p % 4999 || '.example';

-- name: lanes!
-- Every sender with a lane for single messages: 20 of the first workspace, 5 of each other.
with l as (
    insert into lanes (workspace_id, mailbox_id, sender_id)
    select workspace_id, mailbox_id, id from senders order by id
    returning workspace_id, mailbox_id, sender_id, id
)
insert into bench_lanes (kind, number, place, workspace_id, sender_id, mailbox_id, lane_id)
select 'single', row_number() over (order by w.created_at, w.id, l.sender_id) - 1, 0, l.workspace_id, l.sender_id, l.mailbox_id, l.id
from l join workspaces w on w.id = l.workspace_id;

-- name: campaigns!
-- 200 campaigns, six of ten in the first workspace, with two senders each.
with k as (
    select k, case when k %% 10 < 6 then k %% 20 else 20 + k %% 20 end as first,
        bench_id((extract(epoch from :now::timestamptz) * 1000)::bigint - (200 - k) * 157680000::bigint, k) as id,
        bench_id((extract(epoch from :now::timestamptz) * 1000)::bigint - (200 - k) * 157680000::bigint, k + 1000) as content_id
    from generate_series(0, 199) as k
),
chosen as (
    select k.*, a.workspace_id, a.sender_id as one, a.mailbox_id as one_box, b.sender_id as two, b.mailbox_id as two_box
    from k join bench_lanes a on a.kind = 'single' and a.number = k.first
    join bench_lanes b on b.kind = 'single' and b.number = case when k.first %% 5 < 4 then k.first + 1 else k.first - 1 end
),
said as (
    insert into contents (workspace_id, id, subject, html, text, is_template)
    select workspace_id, content_id, 'A question about {{ company }} in season ' || k, '<p>' || repeat('Hi {{ name }}. ', 20) || '</p>',
        repeat('Hi {{ name }}. ', 20), true
    from chosen
),
made as (
    insert into campaigns (
        workspace_id, id, name, state, content_id, sender_ids, start_at, timezone, recipient_count, scheduled_at, told
    )
    select workspace_id, id, 'Season ' || k || case when k %% 20 = 0 then ' webinar' else '' end, 'running', content_id, array[one, two],
        :now, 'UTC', 0, :now, case when k < 116 then 'completed'::campaign_state end
    from chosen
),
l as (
    insert into lanes (workspace_id, mailbox_id, sender_id, campaign_id)
    select workspace_id, one_box, one, id from chosen union all select workspace_id, two_box, two, id from chosen
    returning workspace_id, mailbox_id, sender_id, campaign_id, id
)
insert into bench_lanes (kind, number, place, workspace_id, campaign_id, content_id, sender_id, mailbox_id, lane_id)
select 'campaign', c.k, case when l.sender_id = c.one then 0 else 1 end, l.workspace_id, l.campaign_id, c.content_id, l.sender_id,
    l.mailbox_id, l.id
from l join chosen c on c.id = l.campaign_id;

-- name: emails!
-- Three of five are a campaign's, each campaign in its part of the time; 58 in a hundred have ended, the rest waits. They were made
-- over the last year.
with n as (
    select n, n * 200 / :size as k, n %% 5 < 3 as of_campaign, n < :size * 0.58 as done, bench_hash(n, 1) %% 1000 as x,
        bench_hash(n, 2) %% greatest(:size / 3, 1) as person,
        case when bench_hash(n, 3) %% 10 < 6 then bench_hash(n, 4) %% 20 else 20 + bench_hash(n, 4) %% 20 end as single,
        :now::timestamptz - (1 - n / :size::double precision) * interval '364 days' as made_at
    from generate_series(:first::bigint, :last::bigint) as n
),
m as (
    select n.*, b.workspace_id, b.sender_id, b.lane_id, b.campaign_id, b.content_id,
        bench_id((extract(epoch from made_at) * 1000)::bigint, n.n) as id,
        case when done then case when x < 940 then 'sent' when x < 965 then 'failed' when x < 970 then 'uncertain' when x < 973 then 'bounced'
                when x < 985 then 'cancelled' when x < 995 then 'suppressed' else 'missed' end
            else case when x < 990 then 'scheduled' when x < 996 then 'deferred' else 'held' end end::email_status as status,
        case when done then made_at + interval '1 hour' when x >= 990 then :now::timestamptz + x * interval '1 minute'
            else :now::timestamptz + interval '1 day' + (n.n / :size::double precision - 0.58) * interval '60 days' end as due_at
    from n join bench_lanes b on b.kind = case when of_campaign then 'campaign' else 'single' end
        and b.number = case when of_campaign then k else single end and b.place = case when of_campaign then n.n %% 2 else 0 end
)
insert into emails (
    workspace_id, id, lane_id, sender_id, campaign_id, content_id, position, status, scheduled_at, due_at, created_at, attempts, to_address,
    to_name, recipients, recipient_count, variables, message_id, dispatched_at, sent_at, ended_at, reply
)
select workspace_id, id, lane_id, sender_id, campaign_id, coalesce(content_id, id), case when of_campaign then n else 0 end, status,
    due_at, due_at, made_at, case when done then 1 else 0 end, bench_address(person), initcap(bench_name(person)),
    case when not of_campaign and x %% 50 = 0 then jsonb_build_array(
        jsonb_build_object('kind', 'to', 'email', bench_address(person), 'name', null),
        jsonb_build_object('kind', 'cc', 'email', bench_address(person + 1), 'name', null)
    ) end,
    case when not of_campaign and x %% 50 = 0 then 2 else 1 end,
    case when of_campaign then jsonb_build_object('name', initcap(bench_name(person)), 'company', 'Company ' || person %% 4999) end,
    '<' || id || '@example.com>',
    case when status in ('sent', 'failed', 'uncertain', 'bounced') then due_at + interval '1 second' end,
    case when status in ('sent', 'bounced') then due_at + interval '2 seconds' end,
    case when status in ('sent', 'bounced', 'failed', 'cancelled', 'suppressed', 'missed') then due_at + interval '2 seconds' end,
    case when status = 'sent' then '250 2.0.0 Ok: queued as ' || to_hex(n) when status = 'failed' then '550 5.1.1 No such user' end
from m order by n;

-- name: contents!
-- What single messages say.
insert into contents (workspace_id, id, subject, html, text, tags)
select workspace_id, id,
    case position(substr(id::text, 36, 1) in '0123456789abcdef') %% 4
        when 0 then 'Your order ' || to_hex(bench_hash(hashtextextended(id::text, 0), 5)) || ' is on its way'
        when 1 then 'Invoice ' || to_hex(bench_hash(hashtextextended(id::text, 0), 5))
        when 2 then 'Please confirm your address' else 'Your weekly report, number ' || bench_hash(hashtextextended(id::text, 0), 5) %% 52 end,
    '<p>' || repeat('Something about it. ', 10) || '</p>', repeat('Something about it. ', 10),
    jsonb_build_array(jsonb_build_object(
        'name', 'kind', 'value', (array['order', 'invoice', 'confirm', 'report'])[position(substr(id::text, 36, 1) in '0123456789abcdef') %% 4 + 1]
    ))
from emails where campaign_id is null;

-- name: addresses!
insert into email_addresses (workspace_id, address, email_id)
select workspace_id, lower(to_address), id from emails where recipients is null
union all
select e.workspace_id, lower(t ->> 'email'), e.id
from emails e cross join lateral jsonb_array_elements(e.recipients) as t where e.recipients is not null;

-- name: dispatches!
insert into dispatches (
    workspace_id, email_id, attempt, mailbox_id, campaign_id, recipients, worker_id, fence, dispatched_at, window_seconds, gap_ms,
    dot_at, outcome, outcome_at, reply_code
)
select e.workspace_id, e.id, 1, l.mailbox_id, e.campaign_id, e.recipient_count, e.sender_id, 1, e.dispatched_at, 3600, 0, e.dispatched_at,
    case e.status when 'failed' then 'rejected' when 'uncertain' then 'unknown' else 'accepted' end::dispatch_outcome,
    e.dispatched_at + interval '1 second', 250
from emails e join lanes l on l.id = e.lane_id where e.dispatched_at is not null
order by e.dispatched_at;

-- name: counters!
insert into lane_counts (lane_id, status, count) select lane_id, status, count(*) from emails group by lane_id, status;

-- name: next_dues!
update lanes l set next_due = d.due_at
from (select lane_id, min(due_at) as due_at from emails where status in ('scheduled', 'deferred') group by lane_id) as d
where d.lane_id = l.id;

-- name: dues!
insert into lane_dues (lane_id, minute, count)
select lane_id, date_trunc('minute', due_at), count(*) from emails
where status in ('scheduled', 'deferred') and campaign_id is null group by 1, 2;

-- name: samples
-- Addresses, first names and numbers to look for.
select bench_address(p) as address, bench_name(p) as name from (
    select bench_hash(n, 2) %% greatest(:size / 3, 1) as p from generate_series(1, 200) as n
) as s;
