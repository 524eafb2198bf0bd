-- What a search finds: up to some, before it is put in order; and which of some messages match.

-- name: by_address
-- Messages to an address that begins so, in to, cc or bcc. After the last one comes the last character of Unicode.
select email_id as id from email_addresses
where workspace_id = :workspace_id and address ~>=~ lower(:q) and address ~<~ (lower(:q) || chr(1114111))
limit :count;

-- name: by_text
-- Single messages, each with a text of its own, and campaigns, whose text all their messages share; by words and tag.
select case when c.id is null then t.email_id end as id, c.id as campaign_id
from contents_matching(:workspace_id, :q, :tag, :count) as t
left join campaigns c on c.workspace_id = :workspace_id and c.content_id = t.content_id;

-- name: campaigns_saying
-- All campaigns that `by_text` would find.
select c.id as campaign_id from contents_matching(:workspace_id, :q, :tag, 9223372036854775807) as t
join campaigns c on c.workspace_id = :workspace_id and c.content_id = t.content_id;

-- name: campaigns_named
-- Campaigns with a name in which every word begins a word.
select c.id as campaign_id from campaigns c
join contents t on t.workspace_id = c.workspace_id and t.id = c.content_id
where c.workspace_id = :workspace_id
    and campaign_terms(c.workspace_id, c.name) @@ (
        select string_agg(search_term(right(:workspace_id::uuid::text, 8) || w, true)::text, ' & ')::tsquery
        from unnest(search_words(:q)) as w
    )
    and (:tags::jsonb is null or t.tags @> :tags::jsonb);

-- name: found
-- Of these messages those that the other filters let through, in the order of a list, each with its place. With :all_addresses and
-- :all_texts also all that `by_address` and `by_text` would find, however many.
with x as (
    select id from unnest(:ids::uuid[]) as i (id)
    union
    select email_id from email_addresses
    where :all_addresses and workspace_id = :workspace_id and address ~>=~ lower(:q) and address ~<~ (lower(:q) || chr(1114111))
    union
    select email_id from contents_matching(:workspace_id, :q, :tag, case when :all_texts then 9223372036854775807 else 0 end)
),
placed as (
    select e.id, case :sort when 'scheduled_at' then e.due_at when 'sent_at' then coalesce(e.ended_at, e.dispatched_at)
            else 'epoch' end as at,
        case :sort when 'scheduled_at' then e.position else 0 end as position
    from x join emails e on e.workspace_id = :workspace_id and e.id = x.id
    where e.status = any (:statuses::email_status[])
        and (:sender_id::uuid is null or e.sender_id = :sender_id)
        and (:campaign_id::uuid is null or e.campaign_id = :campaign_id)
        and (:tags::jsonb is null or exists (
            select from contents c where c.workspace_id = e.workspace_id and c.id = e.content_id and c.tags @> :tags::jsonb
        ))
)
select id, at, position from placed
where (at, position, id) > (:low_at, :low_position, :low_id) and (at, position, id) < (:high_at, :high_position, :high_id)
order by case when :rising then at end, case when :rising then position end, case when :rising then id end,
    at desc, position desc, id desc
limit :count;

-- name: among
-- Those of these messages that a search means, in the order given.
with words as materialized (
    select '(^|[^[:alnum:]])' || w as word from unnest(search_words(:q)) as w where :by_text
)
select e.id from unnest(:ids::uuid[]) with ordinality as o (id, place)
join emails e on e.workspace_id = :workspace_id and e.id = o.id
join contents c on c.workspace_id = e.workspace_id and c.id = e.content_id
left join campaigns k on k.workspace_id = e.workspace_id and k.id = e.campaign_id
where (:tags::jsonb is null or c.tags @> :tags::jsonb)
    and (:q::text is null
        or :by_address and lower(e.to_address) ~>=~ lower(:q) and lower(e.to_address) ~<~ (lower(:q) || chr(1114111))
        or :by_address and exists (
            select from jsonb_array_elements(e.recipients) as t
            where lower(t ->> 'email') ~>=~ lower(:q) and lower(t ->> 'email') ~<~ (lower(:q) || chr(1114111))
        )
        or exists (select from words) and not exists (select from words where searchable(c.subject, c.tags) !~* word)
        or exists (select from words) and not exists (select from words where k.name !~* word or k.name is null))
order by o.place;
