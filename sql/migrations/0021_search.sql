-- Searches whose cost is that of a page, not of what matches: docs/decisions/0017-pages-of-matches.md.

-- Who a message goes to, by message: a walk along the newest messages, and a look at those of a list, read the addresses from here
-- without a row of any table. New messages come last, so its pages are written from left to right, once.
create index email_addresses_listed on email_addresses (workspace_id, email_id) include (address);

-- Lists are walked in these alone, without the row of each message: an index on an expression says so only if it has its columns too.
drop index emails_lane_status;
create index emails_lane_status on emails ((-lane_id), status, id) include (lane_id);
drop index emails_ended;
create index emails_ended on emails (workspace_id, status, (coalesce(ended_at, dispatched_at)), id) include (ended_at, dispatched_at)
    where status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed');
drop index emails_lane_ended;
create index emails_lane_ended on emails (lane_id, status, (coalesce(ended_at, dispatched_at)), id) include (ended_at, dispatched_at)
    where status in ('sent', 'uncertain', 'missed', 'failed', 'bounced', 'cancelled', 'suppressed');

-- What a word of a search looks like in a text: it begins a word there, and one of a single character is the whole of it.
create function search_pattern(p_word text) returns text language sql immutable parallel safe
    return '(^|[^[:alnum:]])' || p_word || case when length(p_word) = 1 then '($|[^[:alnum:]])' else '' end;

-- The texts of three days in which every one of these words begins a word, and which have this tag (null: or none). A word of one
-- character has to be there as it stands: thousands of others begin with it, in every three days.
create or replace function contents_of_days(p_workspace uuid, p_days bigint, p_words text[], p_tag text)
returns table (content_id uuid, email_id uuid) language plpgsql stable rows 100 as $$
#variable_conflict use_column
declare
    prefix constant text := right(p_workspace::text, 8) || lpad(to_hex(p_days), 5, '0');
    wanted tsquery;
begin
    select string_agg(x.term::text, ' & ')::tsquery into wanted
    from (
        select search_term(prefix || 'w' || w, length(w) > 1) from unnest(p_words) as w
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
