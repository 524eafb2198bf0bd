-- name: lock$
-- One request at a time is counted, until the end of the transaction.
select pg_advisory_xact_lock(hashtext('paceline.sign_in_requests'));

-- name: oldest^
-- How much was asked for an address, and by a client, since a moment; and when the first of each was.
select count(*) filter (where address_hash = :address_hash) as of_address, min(at) filter (where address_hash = :address_hash) as address_since,
    count(*) filter (where client = :client) as of_client, min(at) filter (where client = :client) as client_since
from sign_in_requests
where (address_hash = :address_hash or client = :client) and at > :since;

-- name: note!
insert into sign_in_requests (address_hash, client) values (:address_hash, :client);

-- name: carrier^
-- The workspace by whose default sender a person's link goes: the one that they used last of those that can. An owner must have
-- said which server that sender uses: whoever chooses the server reads the mail. Held, so that whoever names another one at this
-- moment ends the link too.
select m.workspace_id, u.id as user_id, w.name as workspace, s.id as sender_id
from users u
join members m on m.user_id = u.id
join workspaces w on w.id = m.workspace_id
join senders s on s.workspace_id = m.workspace_id and s.is_default and s.deleted_at is null and s.state = 'active'
join members o on o.workspace_id = s.workspace_id and o.user_id = s.server_set_by and o.role = 'owner'
where u.email = :email
order by m.last_seen_at desc nulls last, m.created_at, m.workspace_id
limit 1
for share of s;

-- name: carrier_of^
-- As above, for somebody who is invited to a workspace.
select s.workspace_id, w.name as workspace, s.id as sender_id
from senders s
join workspaces w on w.id = s.workspace_id
join members o on o.workspace_id = s.workspace_id and o.user_id = s.server_set_by and o.role = 'owner'
where s.workspace_id = :workspace_id and s.is_default and s.deleted_at is null and s.state = 'active'
for share of s;

-- name: add!
insert into sign_in_links (token_hash, user_id, workspace_id, email, invitation_id, expires_at)
values (:token_hash, :user_id, :workspace_id, :email, :invitation_id, :expires_at);

-- name: open^
-- What a mailed link that still works is for.
select l.email, w.name as workspace
from sign_in_links l join workspaces w on w.id = l.workspace_id
where l.token_hash = :token_hash and l.used_at is null and l.expires_at > now();

-- name: spend^
-- Of two who come at once, one gets the row. Links that were printed are not among them.
update sign_in_links set used_at = now()
where token_hash = :token_hash and workspace_id is not null and used_at is null and expires_at > now()
returning user_id, workspace_id, email, invitation_id;

-- name: end_unspent!
-- Ends the links that this workspace mailed and that nobody has used.
update sign_in_links set expires_at = now() where workspace_id = :workspace_id and used_at is null and expires_at > now();
