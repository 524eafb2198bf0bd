-- People: invitations, sessions that are known by their device, sign-in links by email, API keys that end.

alter table members add column last_seen_at timestamptz; -- the latest is where a sign-in leads

alter table api_keys add column expires_at timestamptz; -- null: never

alter table sessions
    add column id uuid not null default gen_random_uuid(),
    add column last_seen_at timestamptz not null default now(),
    add column user_agent text,
    add column address text, -- of the client, as the nearest trusted proxy tells it
    -- Begun by a link that this workspace mailed. Whoever owns a workspace can read what it mails, so the link vouches for the
    -- person in that workspace and nowhere else.
    add column confined boolean not null default false;
alter table sessions alter column id drop default;
create unique index sessions_id on sessions (id);

-- Who may join. Of the link only the hash is kept; it is worth nothing without the address.
create table invitations (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    email text not null check (email = lower(email)),
    role member_role not null,
    token_hash bytea not null unique,
    invited_by uuid references users,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz,
    primary key (workspace_id, id),
    unique (id),
    constraint invitations_one_end check (accepted_at is null or revoked_at is null)
);
create unique index invitations_open on invitations (workspace_id, email) where accepted_at is null and revoked_at is null;

-- A link is printed in a terminal for a person who is there, or mailed: then it belongs to the workspace whose sender took it
-- along, and to an address that may become a person's by an invitation.
alter table sign_in_links
    alter column user_id drop not null,
    add column workspace_id uuid references workspaces,
    add column email text check (email = lower(email)),
    add column invitation_id uuid references invitations (id),
    add constraint sign_in_links_kind check (
        case when workspace_id is null then num_nonnulls(email, invitation_id) = 0 and user_id is not null else email is not null end
    );

-- What was asked of the sign-in page, to count it. Addresses as keyed hashes: most are nobody's here.
create table sign_in_requests (
    id bigint primary key generated always as identity,
    at timestamptz not null default clock_timestamp(),
    address_hash bytea not null,
    client text not null
);
create index sign_in_requests_address on sign_in_requests (address_hash, at);
create index sign_in_requests_client on sign_in_requests (client, at);
create index sign_in_requests_age on sign_in_requests (at);

-- Who last said which server a sender uses. Sign-in mail goes by it only while that person owns the workspace: whoever chooses
-- the server reads the mail.
alter table senders add column server_set_by uuid references users;
update senders s set server_set_by = (
    select m.user_id from members m where m.workspace_id = s.workspace_id and m.role = 'owner' order by m.created_at, m.user_id limit 1
);

-- What only its recipient is to read, such as a link that signs in: it is left out of what the workspace sees.
alter table contents add column confidential boolean not null default false;
