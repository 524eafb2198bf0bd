-- What messages say beyond their own text: files that go along, each kept once in a workspace, and templates with every version.

create table files (
    workspace_id uuid not null references workspaces,
    hash bytea not null check (length(hash) = 32), -- SHA-256 of the content
    size integer not null check (size = length(content)),
    content bytea not null,
    created_at timestamptz not null default now(),
    primary key (workspace_id, hash)
);
-- Most files are compressed already; and only what is stored as it stands can be read piece by piece.
alter table files alter column content set storage external;
create index files_age on files (created_at);

-- A file as one text has it. The key to `files` is what keeps a file that is being attached from being pruned.
create table attachments (
    workspace_id uuid not null,
    id uuid not null,
    content_id uuid not null,
    place smallint not null,
    filename text not null check (filename <> ''),
    content_type text not null,
    cid text, -- Content-ID without its brackets, for what the HTML shows
    hash bytea not null,
    size integer not null,
    primary key (workspace_id, content_id, place),
    constraint attachments_file foreign key (workspace_id, hash) references files,
    constraint attachments_content foreign key (workspace_id, content_id) references contents on delete cascade
);
create index attachments_hash on attachments (workspace_id, hash);

create table templates (
    workspace_id uuid not null references workspaces,
    id uuid not null,
    name text not null check (name <> ''),
    alias text, -- another way to name it, where messages are sent
    version integer not null check (version > 0), -- the newest; what is sent without naming one
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (workspace_id, id)
);
create unique index templates_alias on templates (workspace_id, alias) where deleted_at is null;

-- Never changed: another text is another version.
create table template_versions (
    workspace_id uuid not null,
    id uuid not null,
    template_id uuid not null,
    version integer not null check (version > 0),
    subject text,
    html text,
    text text,
    variables jsonb not null default '[]', -- [{key, type, fallback_value}] as declared
    created_by uuid,
    created_at timestamptz not null default now(),
    primary key (workspace_id, template_id, version),
    check (html is not null or text is not null),
    constraint template_versions_template foreign key (workspace_id, template_id) references templates
);

alter table contents
    add column template_id uuid, -- the template whose words these are, filled in when the message was taken
    add column template_version integer,
    add constraint contents_template check ((template_id is null) = (template_version is null));
