-- name: find^
-- The session of a token and the person's role in its workspace. No row: unknown, over, or no longer a member.
select s.workspace_id, s.user_id, m.role::text as role, s.csrf_token
from sessions s
join members m on m.workspace_id = s.workspace_id and m.user_id = s.user_id
where s.token_hash = :token_hash and s.expires_at > now();

-- name: start!
insert into sessions (token_hash, user_id, workspace_id, csrf_token, expires_at)
values (:token_hash, :user_id, :workspace_id, :csrf_token, :expires_at);

-- name: end!
-- Ends a session for good.
delete from sessions where token_hash = :token_hash;

-- name: end_all!
-- Signs a person out everywhere.
delete from sessions where user_id = :user_id;

-- name: make_link!
insert into sign_in_links (token_hash, user_id, expires_at) values (:token_hash, :user_id, :expires_at);

-- name: use_link^
-- Spends a sign-in link: of two who come at once, one gets the row. The session goes to the person's first workspace.
with used as (
    update sign_in_links set used_at = now()
    where token_hash = :token_hash and used_at is null and expires_at > now()
    returning user_id
)
select used.user_id, m.workspace_id
from used
join members m on m.user_id = used.user_id
order by m.created_at, m.workspace_id
limit 1;
