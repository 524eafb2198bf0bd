-- name: add!
insert into templates (workspace_id, id, name, alias, version) values (:workspace_id, :id, :name, :alias, 1);

-- name: add_version!
insert into template_versions (
    workspace_id, id, template_id, version, subject, html, text, styled_html, plain_text, variables, created_by
) values (
    :workspace_id, :id, :template_id, :version, :subject, :html, :text, :styled_html, :plain_text, :variables::jsonb, :created_by
);

-- name: page
-- Newest first, oldest first when walking back with :before.
select t.id, t.name, t.alias, t.version, v.subject, t.created_at, t.updated_at, v.created_at as published_at
from templates t
join template_versions v on v.workspace_id = t.workspace_id and v.template_id = t.id and v.version = t.version
where t.workspace_id = :workspace_id and t.deleted_at is null
  and (:after::uuid is null or t.id < :after)
  and (:before::uuid is null or t.id > :before)
order by case when :before::uuid is null then t.id end desc, case when :before::uuid is not null then t.id end
limit :count;

-- name: get^
-- By its id or its alias, with the words of its newest version.
select t.id, t.name, t.alias, t.version, v.subject, v.html, v.text, v.variables, t.created_at, t.updated_at,
    v.created_at as published_at
from templates t
join template_versions v on v.workspace_id = t.workspace_id and v.template_id = t.id and v.version = t.version
where t.workspace_id = :workspace_id and t.deleted_at is null and (t.id = :id or t.alias = :alias);

-- name: hold^
-- The same for whoever is about to change it: nobody else does until the commit.
select t.id from templates t
where t.workspace_id = :workspace_id and t.deleted_at is null and (t.id = :id or t.alias = :alias)
for no key update;

-- name: words
-- What messages are filled in from: for each place the version that was asked for, or the newest.
select w.place, t.id, v.version, v.subject, v.html, v.text, v.styled_html, v.plain_text, v.variables
from unnest(:ids::uuid[], :aliases::text[], :versions::integer[]) with ordinality as w (id, alias, version, place)
join templates t on t.workspace_id = :workspace_id and t.deleted_at is null and (t.id = w.id or t.alias = w.alias)
join template_versions v on v.workspace_id = t.workspace_id and v.template_id = t.id and v.version = coalesce(w.version, t.version);

-- name: versions
select v.id, v.version, v.subject, v.created_at, u.name as created_by
from template_versions v left join users u on u.id = v.created_by
where v.workspace_id = :workspace_id and v.template_id = :template_id
  and (:after::uuid is null or v.id < :after)
  and (:before::uuid is null or v.id > :before)
order by case when :before::uuid is null then v.id end desc, case when :before::uuid is not null then v.id end
limit :count;

-- name: version^
select v.id, v.version, v.subject, v.html, v.text, v.variables, v.created_at, u.name as created_by
from template_versions v left join users u on u.id = v.created_by
where v.workspace_id = :workspace_id and v.template_id = :template_id and v.version = :version;

-- name: change!
update templates set name = :name, alias = :alias, version = :version, updated_at = clock_timestamp()
where workspace_id = :workspace_id and id = :id;

-- name: remove!
-- Its versions stay: messages say which one they were filled in from.
update templates set deleted_at = now() where workspace_id = :workspace_id and id = :id and deleted_at is null;

-- name: alias_taken$
select exists (
    select from templates where workspace_id = :workspace_id and alias = :alias and deleted_at is null and id <> :id
);
