-- name: find^
-- The session of a token and the person's role in its workspace. No row: unknown, over, unused for too long, or no longer a member.
select s.id, s.workspace_id, s.user_id, m.role::text as role, s.csrf_token, s.confined, s.last_seen_at
from sessions s
join members m on m.workspace_id = s.workspace_id and m.user_id = s.user_id
where s.token_hash = :token_hash and s.expires_at > now() and s.last_seen_at > now() - :idle::interval;

-- name: note_use!
with used as (
    update sessions set last_seen_at = now() where id = :id returning workspace_id, user_id
)
update members m set last_seen_at = now() from used where m.workspace_id = used.workspace_id and m.user_id = used.user_id;

-- name: start!
with seen as (
    update members set last_seen_at = now() where workspace_id = :workspace_id and user_id = :user_id
)
insert into sessions (id, token_hash, user_id, workspace_id, csrf_token, expires_at, user_agent, address, confined)
values (:id, :token_hash, :user_id, :workspace_id, :csrf_token, :expires_at, :user_agent, :address, :confined);

-- name: of_person
-- The sessions of a person that hold: newest first, oldest first when walking back with :before. Of :only_confined_to just those
-- that links of that workspace began.
select id, user_agent, address, created_at, last_seen_at, confined
from sessions
where user_id = :user_id and expires_at > now() and last_seen_at > now() - :idle::interval
  and (:only_confined_to::uuid is null or (confined and workspace_id = :only_confined_to))
  and (:after::uuid is null or id < :after) and (:before::uuid is null or id > :before)
order by case when :before::uuid is null then id end desc, case when :before::uuid is not null then id end
limit :count;

-- name: end!
-- Ends a session for good.
delete from sessions where token_hash = :token_hash;

-- name: end_one!
delete from sessions
where user_id = :user_id and id = :id and (:only_confined_to::uuid is null or (confined and workspace_id = :only_confined_to));

-- name: end_all!
-- Signs a person out everywhere; :only_confined_to as above.
delete from sessions
where user_id = :user_id and (:only_confined_to::uuid is null or (confined and workspace_id = :only_confined_to));

-- name: end_in_workspace!
-- Of somebody who is no member any more.
delete from sessions where workspace_id = :workspace_id and user_id = :user_id and (:but::uuid is null or id <> :but);

-- name: move!
-- Takes a session to another workspace of its person. Its CSRF token changes, so that a page which still shows the old one cannot
-- change anything in the new one.
update sessions s set workspace_id = m.workspace_id, csrf_token = :csrf_token
from members m
where s.id = :id and not s.confined and m.user_id = s.user_id and m.workspace_id = :workspace_id;

-- name: make_link!
insert into sign_in_links (token_hash, user_id, expires_at) values (:token_hash, :user_id, :expires_at);

-- name: use_link^
-- Spends a link that was printed: of two who come at once, one gets the row. The session goes where the person was last.
with used as (
    update sign_in_links set used_at = now()
    where token_hash = :token_hash and workspace_id is null and used_at is null and expires_at > now()
    returning user_id
)
select used.user_id, m.workspace_id
from used
join members m on m.user_id = used.user_id
order by m.last_seen_at desc nulls last, m.created_at, m.workspace_id
limit 1;
