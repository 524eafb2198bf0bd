-- name: announce!
-- A hint for the open pages of a workspace; what changed they ask themselves.
select pg_notify('paceline_events', :workspace_id::text);

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
