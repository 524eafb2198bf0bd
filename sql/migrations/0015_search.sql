-- Search and sorted lists whose cost does not grow with what is stored: docs/decisions/0011-search.md.

-- Who a message goes to: to, cc and bcc alike. A table of its own, because rows of emails change their status twice and would write
-- an index on their address each time; a row of this one is written once.
create table email_addresses (
    workspace_id uuid not null,
    address text not null, -- in lower case
    email_id uuid not null
);

create function emails_addresses_inserted() returns trigger language plpgsql as $$
begin
    insert into email_addresses (workspace_id, address, email_id)
    select workspace_id, lower(to_address), id from new_rows where recipients is null
    union all
    select distinct n.workspace_id, lower(t ->> 'email'), n.id
    from new_rows n cross join lateral jsonb_array_elements(n.recipients) as t where n.recipients is not null;
    return null;
end
$$;
create trigger emails_addresses_inserted after insert on emails
    referencing new table as new_rows for each statement execute function emails_addresses_inserted();

insert into email_addresses (workspace_id, address, email_id)
select workspace_id, lower(to_address), id from emails where recipients is null
union all
select distinct e.workspace_id, lower(t ->> 'email'), e.id
from emails e cross join lateral jsonb_array_elements(e.recipients) as t where e.recipients is not null;

-- By bytes: the start of an address is a range, whatever the database's collation.
create index email_addresses_search on email_addresses (workspace_id, address text_pattern_ops, email_id);

-- Words ----------------------------------------------------------------------------------------------------------

-- The words of a text, for search: runs of letters and digits, in lower case, of the first 1,000 characters.
create function search_words(p_text text) returns text[] language sql immutable parallel safe
    return (
        select coalesce(array_agg(distinct left(w.lexeme, 40)), '{}')
        from unnest(to_tsvector('simple', regexp_replace(left(p_text, 1000), '[^[:alnum:]]+', ' ', 'g'))) as w
    );

-- What a search by words looks at: the subject, and the names and values of tags.
create function searchable(p_subject text, p_tags jsonb) returns text language sql immutable parallel safe
    return p_subject || ' ' || coalesce(
        (select string_agg(concat_ws(' ', t ->> 'name', t ->> 'value'), ' ') from jsonb_array_elements(p_tags) as t), ''
    );

-- What terms begin with: the workspace, so that a search reads nothing of another, and three days (2^28 ms of a UUIDv7), so that
-- it goes from new to old and stops when it has enough. Two workspaces may share the eight digits: who searches asks for its own.
create function search_prefix(p_workspace uuid, p_id uuid) returns text language sql immutable parallel safe
    return right(p_workspace::text, 8) || left(p_id::text, 5);

create function content_terms(p_workspace uuid, p_id uuid, p_subject text, p_tags jsonb) returns tsvector
language sql immutable parallel safe
    return (
        select array_to_tsvector(coalesce(array_agg(distinct search_prefix(p_workspace, p_id) || x.term), '{}'))
        from (
            select 'w' || w from unnest(search_words(searchable(p_subject, p_tags))) as w
            union all
            select 't' || left(v.tag, 300) from jsonb_array_elements(p_tags) as t
            cross join lateral (values (t ->> 'name'), ((t ->> 'name') || ':' || (t ->> 'value'))) as v (tag)
            where v.tag is not null
        ) as x (term)
    );

-- Texts never change, so a term is written once. Without a list of what is pending, which every search would read through.
create index contents_search on contents using gin (content_terms(workspace_id, id, subject, tags)) with (fastupdate = off)
    where replaced_at is null;

create function campaign_terms(p_workspace uuid, p_name text) returns tsvector language sql immutable parallel safe
    return (select array_to_tsvector(coalesce(array_agg(right(p_workspace::text, 8) || w), '{}')) from unnest(search_words(p_name)) as w);
create index campaigns_search on campaigns using gin (campaign_terms(workspace_id, name)) with (fastupdate = off);
create index campaigns_content on campaigns (workspace_id, content_id);

-- A term that is to be there as it stands, or to begin so.
create function search_term(p_term text, p_begins boolean) returns tsquery language sql immutable parallel safe
    return ('''' || replace(replace(p_term, '\', '\\'), '''', '''''') || '''' || case when p_begins then ':*' else '' end)::tsquery;

-- The texts of a workspace in which every word of p_text begins a word (null: whatever they say) and which have this tag (null: or
-- none); from new to old, up to p_count of them. email_id: the one message that a text was made for, if it is no campaign's.
create function contents_matching(p_workspace uuid, p_text text, p_tag text, p_count bigint)
returns table (content_id uuid, email_id uuid) language plpgsql stable rows 100 as $$
#variable_conflict use_column
declare
    days constant bigint := 1 << 28; -- milliseconds
    words constant text[] := search_words(p_text);
    bucket bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint / days + 1; -- of a clock that is ahead, too
    oldest bigint;
    prefix text;
    wanted tsquery;
    found_here bigint;
    missing bigint := p_count;
begin
    if p_text is not null and cardinality(words) = 0 then
        return;
    end if;
    select ('x' || left(c.id::text, 5))::bit(20)::bigint into oldest
    from contents c where c.workspace_id = p_workspace order by c.id limit 1;
    while bucket >= oldest and missing > 0 loop
        prefix := right(p_workspace::text, 8) || lpad(to_hex(bucket), 5, '0');
        select string_agg(x.term::text, ' & ')::tsquery into wanted
        from (
            select search_term(prefix || 'w' || w, true) from unnest(words) as w
            union all select search_term(prefix || 't' || left(p_tag, 300), false) where p_tag is not null
        ) as x (term);
        return query
            select c.id, coalesce(c.email_id, c.id) from contents c
            where content_terms(c.workspace_id, c.id, c.subject, c.tags) @@ wanted and c.replaced_at is null
                and c.workspace_id = p_workspace
            limit missing;
        get diagnostics found_here = row_count;
        missing := missing - found_here;
        bucket := bucket - 1;
    end loop;
end
$$;

-- Lists ----------------------------------------------------------------------------------------------------------

-- When a message came to its end, or into doubt: by this the list of what was sent is sorted.
create index emails_ended on emails (workspace_id, status, (coalesce(ended_at, dispatched_at)), id)
    where status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed');
create index emails_lane_ended on emails (lane_id, status, (coalesce(ended_at, dispatched_at)), id)
    where status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed');
-- Of one sender or campaign, which are lanes; it has what is on its way, too.
create index emails_lane_status on emails (lane_id, status, id);
drop index emails_sending;
