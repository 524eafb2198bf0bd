-- Search and sorted lists whose cost does not grow with what is stored: docs/decisions/0014-search.md.

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

-- What the terms of a text begin with: its workspace, so that a search reads nothing of another, and three days (2^28 ms of the UUIDv7
-- of its message), so that a search goes from day to day and stops when it has enough. Two workspaces may share the eight digits: who
-- searches asks for its own.
create function search_prefix(p_workspace uuid, p_email uuid) returns text language sql immutable parallel safe
    return right(p_workspace::text, 8) || left(p_email::text, 5);

create function content_terms(p_workspace uuid, p_email uuid, p_subject text, p_tags jsonb) returns tsvector
language sql immutable parallel safe
    return (
        select array_to_tsvector(coalesce(array_agg(distinct search_prefix(p_workspace, p_email) || x.term), '{}'))
        from (
            select 'w' || w from unnest(search_words(searchable(p_subject, p_tags))) as w
            union all
            select 't' || left(v.tag, 300) from jsonb_array_elements(p_tags) as t
            cross join lateral (values (t ->> 'name'), ((t ->> 'name') || ':' || (t ->> 'value'))) as v (tag)
            where v.tag is not null
        ) as x (term)
    );

-- Texts never change, so a term is written once. Without a list of what is pending, which every search would read through.
create index contents_search on contents using gin (content_terms(workspace_id, coalesce(email_id, id), subject, tags))
    with (fastupdate = off) where replaced_at is null;

-- A term that is to be there as it stands, or to begin so.
create function search_term(p_term text, p_begins boolean) returns tsquery language sql immutable parallel safe
    return ('''' || replace(replace(p_term, '\', '\\'), '''', '''''') || '''' || case when p_begins then ':*' else '' end)::tsquery;

-- The texts of three days in which every one of these words begins a word, and which have this tag (null: or none).
create function contents_of_days(p_workspace uuid, p_days bigint, p_words text[], p_tag text)
returns table (content_id uuid, email_id uuid) language plpgsql stable rows 100 as $$
#variable_conflict use_column
declare
    prefix constant text := right(p_workspace::text, 8) || lpad(to_hex(p_days), 5, '0');
    wanted tsquery;
begin
    select string_agg(x.term::text, ' & ')::tsquery into wanted
    from (
        select search_term(prefix || 'w' || w, true) from unnest(p_words) as w
        union all select search_term(prefix || 't' || left(p_tag, 300), false) where p_tag is not null
    ) as x (term);
    return query
        -- Its plan is made once, for any words: left no other index, it takes that of the terms.
        with matching as materialized (
            select c.workspace_id, c.id, c.email_id from contents c
            where content_terms(c.workspace_id, coalesce(c.email_id, c.id), c.subject, c.tags) @@ wanted and c.replaced_at is null
        )
        select m.id, coalesce(m.email_id, m.id) from matching m where m.workspace_id = p_workspace;
end
$$;

-- The single messages, each with a text of its own, of which every word of p_text begins a word (null: whatever they say) and which
-- have this tag (null: or none): between two ids, from new to old or the other way, up to p_count. Null for p_statuses and p_sender: any.
create function emails_saying(
    p_workspace uuid, p_text text, p_tag text, p_statuses email_status[], p_sender uuid, p_low uuid, p_high uuid, p_rising boolean,
    p_count bigint
) returns setof uuid language plpgsql stable rows 100 as $$
declare
    words constant text[] := search_words(p_text);
    low uuid; high uuid;
    first bigint; last bigint; days bigint;
    found_here bigint;
    missing bigint := p_count;
begin
    if p_text is not null and cardinality(words) = 0 then
        return;
    end if;
    select e.id into low from emails e where e.workspace_id = p_workspace and e.id > p_low and e.id < p_high order by e.id limit 1;
    select e.id into high from emails e where e.workspace_id = p_workspace and e.id > p_low and e.id < p_high order by e.id desc limit 1;
    if low is null then
        return; -- no message lies between
    end if;
    first := ('x' || left(low::text, 5))::bit(20)::bigint;
    last := ('x' || left(high::text, 5))::bit(20)::bigint;
    for step in 0..last - first loop
        exit when missing <= 0;
        days := case when p_rising then first + step else last - step end;
        return query
            select c.email_id from contents_of_days(p_workspace, days, words, p_tag) as c
            cross join lateral (
                select from emails e
                where e.workspace_id = p_workspace and e.id = c.email_id and e.content_id = c.content_id
                    and (p_statuses is null or e.status = any (p_statuses)) and (p_sender is null or e.sender_id = p_sender)
                limit 1
            ) as e
            where c.email_id > p_low and c.email_id < p_high
            order by case when p_rising then c.email_id end, c.email_id desc limit missing;
        get diagnostics found_here = row_count;
        missing := missing - found_here;
    end loop;
end
$$;

-- Lists ----------------------------------------------------------------------------------------------------------

-- When a message came to its end, or into doubt: by this the list of what was sent is sorted.
create index emails_ended on emails (workspace_id, status, (coalesce(ended_at, dispatched_at)), id)
    where status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed');
create index emails_lane_ended on emails (lane_id, status, (coalesce(ended_at, dispatched_at)), id)
    where status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed');
-- What waits, over all lanes.
create index emails_waiting on emails (workspace_id, due_at, position, id) where status in ('scheduled', 'deferred');
-- Of one sender or campaign, which are lanes. By the negative number, so that nobody who looks for what is due can be led to it: that
-- has an index in the right order, and the planner, where it expects few rows, would read all of this one and sort them.
create index emails_lane_status on emails ((-lane_id), status, id);
