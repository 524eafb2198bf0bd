-- name: announce!
-- A hint for the open pages of a workspace; what changed they ask themselves.
select pg_notify('paceline_events', :workspace_id::text);

-- name: ledger
-- Every dispatch of one message, in order.
select attempt, dispatched_at, outcome::text as outcome, outcome_at, reply_code, reply_text, recipients, ordered_by
from dispatches where workspace_id = :workspace_id and email_id = :email_id order by id;

-- name: of_email
-- What happened to one message beside its ledger, in order.
select at, type, data from events where workspace_id = :workspace_id and email_id = :email_id order by at, id;
