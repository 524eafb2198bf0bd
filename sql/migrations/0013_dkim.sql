-- Keys that sign a sender's mail (DKIM, RFC 6376).

create type dkim_state as enum ('waiting', 'active');

-- A sender has at most one key that signs and one whose record is not seen in the DNS yet: a new key takes over only then.
create table dkim_keys (
    workspace_id uuid not null,
    sender_id uuid not null,
    state dkim_state not null,
    domain text not null,
    selector text not null,
    private_key bytea not null, -- PKCS #8, AES-256-GCM, bound to the sender's id
    public_key text not null, -- base64 of the SubjectPublicKeyInfo, as the record has it
    created_at timestamptz not null default now(),
    checked_at timestamptz, -- when the DNS was last asked for the record
    finding text, -- what was wrong with it then
    active_at timestamptz,
    primary key (workspace_id, sender_id, state),
    foreign key (workspace_id, sender_id) references senders (workspace_id, id),
    constraint dkim_keys_active_at check ((state = 'active') = (active_at is not null))
);
