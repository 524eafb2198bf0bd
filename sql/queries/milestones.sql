-- name: campaigns
-- Campaigns whose time has come or of which nothing waits any more, told once each. What people see as their state follows from
-- their messages, so nothing on the sending path writes it down.
with behind as (
    select c.workspace_id, c.id, c.told, n.open
    from campaigns c
    cross join lateral (
        select coalesce(sum(k.count), 0) as open from lanes l join lane_counts k on k.lane_id = l.id
        where l.campaign_id = c.id and k.status in ('scheduled', 'deferred', 'held', 'sending')
    ) as n
    where c.state in ('scheduled', 'running') and c.placed is null and c.told is distinct from 'completed' and c.start_at <= clock_timestamp()
        and (c.told is null or n.open = 0)
    limit 200 for no key update of c skip locked
),
noted as (
    update campaigns c set told = case when b.open = 0 then 'completed'::campaign_state else 'running' end
    from behind b where c.workspace_id = b.workspace_id and c.id = b.id
)
insert into events (workspace_id, type, campaign_id)
select b.workspace_id, t.type, b.id from behind b
cross join lateral (
    values ('campaign.started', b.told is null), ('campaign.completed', b.open = 0)
) as t (type, is_new)
where t.is_new
returning workspace_id;

-- name: campaign_paused!
insert into events (workspace_id, type, campaign_id) values (:workspace_id, 'campaign.paused', :campaign_id);

-- name: limit_reached!
-- A limit holds a mailbox back: told once a window, for the first of its senders.
with told as (
    insert into limit_notices as n (mailbox_id, scope, told_at) values (:mailbox_id, :scope::pacing_scope, clock_timestamp())
    on conflict (mailbox_id, scope) do update set told_at = excluded.told_at
        where n.told_at <= excluded.told_at - make_interval(secs => :window)
    returning mailbox_id
)
insert into events (workspace_id, type, sender_id, data)
select s.workspace_id, 'sender.limit_reached', s.id, jsonb_build_object('reason', :scope::text, 'until', :until::timestamptz)
from told cross join lateral (
    select workspace_id, id from senders
    where workspace_id = :workspace_id and mailbox_id = told.mailbox_id and deleted_at is null
    order by is_default desc, created_at, id limit 1
) as s;
