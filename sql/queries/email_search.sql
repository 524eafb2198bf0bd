-- What a search finds, from three sources: messages by an address, which begins with :q and so lies between it and it with the last
-- character of Unicode behind; single messages by the words and tags of the text that each has of its own; and whole campaigns.

-- name: count_addresses$
-- To how many addresses of messages, to, cc or bcc; it stops at :count.
select count(*) from (
    select from email_addresses
    where workspace_id = :workspace_id and address ~>=~ lower(:q) and address ~<~ (lower(:q) || chr(1114111)) limit :count
) as few;

-- name: count_texts$
-- How many single messages by words and tag; it stops at :count.
select count(*) from emails_saying(:workspace_id, :q, :tag, null, null, :low_id, :high_id, false, :count);

-- name: campaigns
-- Campaigns of which every word begins a word in the name, or in the text that all its messages share, with this tag. A workspace
-- has some thousands at most: each is looked at.
with words as materialized (
    select search_pattern(w) as word from unnest(search_words(:q)) as w
)
select c.id from campaigns c
join contents t on t.workspace_id = c.workspace_id and t.id = c.content_id
where c.workspace_id = :workspace_id
    and (:q::text is null or exists (select from words) and (
        not exists (select from words where c.name !~* word)
        or not exists (select from words where searchable(t.subject, t.tags) !~* word)
    ))
    and (:tags::jsonb is null or t.tags @> :tags::jsonb);

-- name: texts_falling
select id, 'epoch'::timestamptz as at, 0 as position
from emails_saying(
    :workspace_id, :q, :tag, :statuses::email_status[], :sender_id, :low_id, :high_id, false, :count
) as e (id)
order by id desc;

-- name: texts_rising
select id, 'epoch'::timestamptz as at, 0 as position
from emails_saying(
    :workspace_id, :q, :tag, :statuses::email_status[], :sender_id, :low_id, :high_id, true, :count
) as e (id)
order by id;

-- name: addresses_met_falling
-- The first that match among the next :furthest addresses of whatever message (null: all), the newest first: a walk that ends with the last one
-- wanted. Fewer than :count: the others lie further on, or there are none.
select distinct a.email_id as id, 'epoch'::timestamptz as at, 0 as position
from (
    select email_id, address from email_addresses
    where workspace_id = :workspace_id and email_id > :low_id and email_id < :high_id
    order by email_id desc limit :furthest::bigint
) as a
where a.address ~>=~ lower(:q) and a.address ~<~ (lower(:q) || chr(1114111))
order by a.email_id desc limit :count;

-- name: addresses_met_rising
-- The first that match among the next :furthest addresses of whatever message (null: all), the oldest first: a walk that ends with the last one
-- wanted. Fewer than :count: the others lie further on, or there are none.
select distinct a.email_id as id, 'epoch'::timestamptz as at, 0 as position
from (
    select email_id, address from email_addresses
    where workspace_id = :workspace_id and email_id > :low_id and email_id < :high_id
    order by email_id limit :furthest::bigint
) as a
where a.address ~>=~ lower(:q) and a.address ~<~ (lower(:q) || chr(1114111))
order by a.email_id limit :count;

-- name: addresses_falling
-- Newest first: the ids say the order, so only as many messages are looked at as it takes.
with x as materialized (
    select distinct email_id as id from email_addresses
    where workspace_id = :workspace_id and address ~>=~ lower(:q) and address ~<~ (lower(:q) || chr(1114111))
        and email_id > :low_id and email_id < :high_id
)
select i.id, 'epoch'::timestamptz as at, 0 as position
from (select id from x order by id desc) as i
cross join lateral (
    select from emails e
    where e.workspace_id = :workspace_id and e.id = i.id and e.status = any (:statuses::email_status[])
        and (:sender_id::uuid is null or e.sender_id = :sender_id)
        and (:campaign_id::uuid is null or e.campaign_id = :campaign_id)
        and (:tags::jsonb is null or exists (
            select from contents c where c.workspace_id = e.workspace_id and c.id = e.content_id and c.tags @> :tags::jsonb
        ))
    limit 1
) as e
order by i.id desc limit :count;

-- name: addresses_rising
with x as materialized (
    select distinct email_id as id from email_addresses
    where workspace_id = :workspace_id and address ~>=~ lower(:q) and address ~<~ (lower(:q) || chr(1114111))
        and email_id > :low_id and email_id < :high_id
)
select i.id, 'epoch'::timestamptz as at, 0 as position
from (select id from x order by id) as i
cross join lateral (
    select from emails e
    where e.workspace_id = :workspace_id and e.id = i.id and e.status = any (:statuses::email_status[])
        and (:sender_id::uuid is null or e.sender_id = :sender_id)
        and (:campaign_id::uuid is null or e.campaign_id = :campaign_id)
        and (:tags::jsonb is null or exists (
            select from contents c where c.workspace_id = e.workspace_id and c.id = e.content_id and c.tags @> :tags::jsonb
        ))
    limit 1
) as e
order by i.id limit :count;

-- name: ordered
-- All that match by their address, or with :by_text by words and tag, in the order of a list that ids do not say.
with x as (
    select email_id as id from email_addresses
    where not :by_text and workspace_id = :workspace_id and address ~>=~ lower(:q) and address ~<~ (lower(:q) || chr(1114111))
    union
    select id from emails_saying(
        :workspace_id, :q, :tag, :statuses::email_status[], :sender_id, '00000000-0000-0000-0000-000000000000',
        'ffffffff-ffff-ffff-ffff-ffffffffffff', false, case when :by_text then 9223372036854775807 else 0 end
    ) as e (id)
),
placed as (
    select x.id, e.at, e.position
    from x cross join lateral (
        select case :sort when 'scheduled_at' then e.due_at else coalesce(e.ended_at, e.dispatched_at) end as at,
            case :sort when 'scheduled_at' then e.position else 0 end as position
        from emails e
        where e.workspace_id = :workspace_id and e.id = x.id and e.status = any (:statuses::email_status[])
            and (:sender_id::uuid is null or e.sender_id = :sender_id)
            and (:campaign_id::uuid is null or e.campaign_id = :campaign_id)
            and (:tags::jsonb is null or exists (
                select from contents c where c.workspace_id = e.workspace_id and c.id = e.content_id and c.tags @> :tags::jsonb
            ))
        limit 1
    ) as e
)
select id, at, position from placed
where (at, position, id) > (:low_at, :low_position, :low_id) and (at, position, id) < (:high_at, :high_position, :high_id)
order by case when :rising then at end, case when :rising then position end, case when :rising then id end,
    at desc, position desc, id desc
limit :count;

-- name: among_addresses
-- Which of these messages match by an address.
-- One after another by their ids, whatever the planner expects of the address: many have it who are none of these.
select o.id from unnest(:ids::uuid[]) as o (id)
cross join lateral (
    select from email_addresses a
    where a.workspace_id = :workspace_id and a.email_id = o.id
        and a.address ~>=~ lower(:q) and a.address ~<~ (lower(:q) || chr(1114111))
    limit 1
) as a
where (:tags::jsonb is null or exists (
    select from emails e join contents c on c.workspace_id = e.workspace_id and c.id = e.content_id
    where e.workspace_id = :workspace_id and e.id = o.id and c.tags @> :tags::jsonb
));

-- name: among_texts
-- Which of these single messages match by words and tag.
with words as materialized (
    select search_pattern(w) as word from unnest(search_words(:q)) as w
)
select e.id from unnest(:ids::uuid[]) as o (id)
join emails e on e.workspace_id = :workspace_id and e.id = o.id
join contents c on c.workspace_id = e.workspace_id and c.id = e.content_id
where (:tags::jsonb is null or c.tags @> :tags::jsonb)
    and (:q::text is null or exists (select from words) and not exists (select from words where searchable(c.subject, c.tags) !~* word));
