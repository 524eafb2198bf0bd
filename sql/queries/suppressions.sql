-- name: among
-- Those of these addresses that are suppressed. What is one address but for case, Postgres alone decides, here and in the gate.
select a.address from unnest(:addresses::text[]) as a (address)
where exists (select from suppressions s where s.workspace_id = :workspace_id and s.address = lower(a.address));

-- name: page
-- Newest first, oldest first when walking back with :before. :starts is the start of an address, or with an @ that of its domain.
select id, address as email, reason::text as reason, detail, source_id, created_at from suppressions
where workspace_id = :workspace_id
    and (:reasons::text[] is null or reason = any (:reasons::suppression_reason[]))
    and (:starts::text is null or address like :starts)
    and (:domain::text is null or substr(address, position('@' in address)) like :domain)
    and (:after::uuid is null or id < :after) and (:before::uuid is null or id > :before)
order by case when :before::uuid is null then id end desc, case when :before::uuid is not null then id end
limit :count;

-- name: get^
-- By its id or its address.
select id, address as email, reason::text as reason, detail, source_id, created_at from suppressions
where workspace_id = :workspace_id and (id = :id::uuid or address = lower(:address::text));

-- name: add
-- What is suppressed already stays as it is, under its first reason; the update only makes it be returned, also where another
-- transaction has just added it. `added`: it is new.
with given as (
    select distinct on (lower(address)) lower(address) as address, reason, detail, place
    from unnest(:addresses::text[], :reasons::suppression_reason[], :details::text[])
        with ordinality as g (address, reason, detail, place)
    order by lower(address), place
),
added as (
    insert into suppressions (workspace_id, address, reason, detail)
    select :workspace_id, address, reason, detail from given order by address
    on conflict (workspace_id, address) do update set address = excluded.address
    returning id, address, old.id is null as added
)
select added.id, added.added from given join added using (address) order by given.place;

-- name: remove
-- Mail that was held back for it stays so.
delete from suppressions
where workspace_id = :workspace_id and (id = any (:ids::uuid[]) or address in (select lower(a) from unnest(:addresses::text[]) as a))
returning id;

-- name: why$
-- In words, why this message is not sent.
select suppression_words(x.address, x.reason) from emails e
cross join lateral (
    select lower(e.to_address) as address
    union all select lower(t ->> 'email') from jsonb_array_elements(e.recipients) as t
) as a
join suppressions x on x.workspace_id = e.workspace_id and x.address = a.address
where e.workspace_id = :workspace_id and e.id = :email_id
limit 1;

-- name: message^
-- The recipient of a message, and how it stands with the suppressions.
select lower(e.to_address) as address, e.campaign_id, e.sender_id, coalesce(s.from_name, s.from_email) as sender,
    x.reason::text as reason
from emails e
join senders s on s.workspace_id = e.workspace_id and s.id = e.sender_id
left join suppressions x on x.workspace_id = e.workspace_id and x.address = lower(e.to_address)
where e.workspace_id = :workspace_id and e.id = :email_id;

-- name: unsubscribe$
-- The person's own wish stands over what was there before, but for a complaint; undoing it brings that back. Doing it twice
-- changes nothing.
insert into suppressions as x (workspace_id, address, reason, source_id)
values (:workspace_id, :address, 'unsubscribed', :email_id)
on conflict (workspace_id, address) do update
set reason = 'unsubscribed', earlier_reason = x.reason, source_id = excluded.source_id, created_at = clock_timestamp()
where x.reason in ('hard_bounce', 'manual')
returning address;

-- name: resubscribe$
-- Undoes it: what stood before comes back.
with back as (
    update suppressions set reason = earlier_reason, earlier_reason = null
    where workspace_id = :workspace_id and address = :address and reason = 'unsubscribed' and earlier_reason is not null
    returning address
),
gone as (
    delete from suppressions
    where workspace_id = :workspace_id and address = :address and reason = 'unsubscribed' and earlier_reason is null
    returning address
)
select address from back union all select address from gone;

-- name: note!
-- The story of the message tells of it.
insert into events (workspace_id, type, email_id, campaign_id, sender_id)
values (:workspace_id, :type, :email_id, :campaign_id, :sender_id);
