-- name: announce!
-- A hint for the open pages of a workspace; what changed they ask themselves.
select pg_notify('paceline_events', :workspace_id::text);

-- name: may_listen
-- Those of these pairs of a workspace and a key's or session's id that still let somebody in: neither revoked nor over, and the
-- person behind it still a member.
select distinct c.workspace_id, c.credential
from unnest(:workspace_ids::uuid[], :credentials::uuid[]) as c (workspace_id, credential)
where exists (
    select from api_keys k
    left join members m on m.workspace_id = k.workspace_id and m.user_id = k.created_by
    where k.workspace_id = c.workspace_id and k.id = c.credential and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now()) and (k.created_by is null or m.user_id is not null)
) or exists (
    select from sessions s
    join members m on m.workspace_id = s.workspace_id and m.user_id = s.user_id
    where s.workspace_id = c.workspace_id and s.id = c.credential and s.expires_at > now()
);

-- name: ledger
-- Every dispatch of one message, in order, with the person or API key that ordered it.
select d.attempt, d.dispatched_at, d.outcome::text as outcome, d.outcome_at, d.reply_code, d.reply_text, d.recipients, d.ordered_by,
    u.name as by_name, k.name as by_key
from dispatches d
left join users u on u.id = d.ordered_by
left join api_keys k on k.workspace_id = d.workspace_id and k.id = d.ordered_by
where d.workspace_id = :workspace_id and d.email_id = :email_id order by d.id;

-- name: of_email
-- What happened to one message beside its ledger, in order, with the name of whoever ordered it.
select v.at, v.type, v.data, u.name as by_name
from events v left join users u on u.id = (v.data ->> 'by')::uuid
where v.workspace_id = :workspace_id and v.email_id = :email_id order by v.at, v.id;
