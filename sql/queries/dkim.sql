-- name: keys
-- The keys of a sender, without their private halves.
select state::text as state, domain, selector, public_key, created_at, checked_at, finding, active_at
from dkim_keys where workspace_id = :workspace_id and sender_id = :sender_id;

-- name: add!
-- A key that waits for its record, in place of one that waits.
insert into dkim_keys (workspace_id, sender_id, state, domain, selector, private_key, public_key)
values (:workspace_id, :sender_id, 'waiting', :domain, :selector, :private_key, :public_key)
on conflict (workspace_id, sender_id, state) do update
set domain = excluded.domain, selector = excluded.selector, private_key = excluded.private_key, public_key = excluded.public_key,
    created_at = now(), checked_at = null, finding = null;

-- name: of_domain^
-- The key that another sender of the workspace signs with for this domain, the newest of several.
select k.sender_id, k.selector, k.private_key, k.public_key
from dkim_keys k join senders s on s.workspace_id = k.workspace_id and s.id = k.sender_id
where k.workspace_id = :workspace_id and k.domain = :domain and k.state = 'active' and k.sender_id <> :sender_id
    and s.deleted_at is null
order by k.active_at desc limit 1;

-- name: looked!
-- What the DNS said about a key.
update dkim_keys set checked_at = clock_timestamp(), finding = :finding
where workspace_id = :workspace_id and sender_id = :sender_id and public_key = :public_key and selector = :selector;

-- name: retire!
-- First half of a key taking over: the one that signed until now is gone.
delete from dkim_keys d
where d.workspace_id = :workspace_id and d.sender_id = :sender_id and d.state = 'active'
    and exists (
        select from dkim_keys w where w.workspace_id = d.workspace_id and w.sender_id = d.sender_id and w.state = 'waiting'
            and w.public_key = :public_key and w.selector = :selector
    );

-- name: activate!
-- Second half.
update dkim_keys set state = 'active', active_at = clock_timestamp()
where workspace_id = :workspace_id and sender_id = :sender_id and state = 'waiting' and public_key = :public_key and selector = :selector;

-- name: remove!
delete from dkim_keys
where workspace_id = :workspace_id and sender_id = :sender_id and (state = 'waiting' or not :only_waiting);
