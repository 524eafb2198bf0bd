-- For people who ask why a message waits. While a runner still holds the last places of a limit it looks again within seconds;
-- the limit itself may be full for an hour by then.
--
-- The moment from which one more fits under a limit that is full by what was dispatched; null: it is not full.
create function limit_frees_at(p_scope pacing_scope, p_scope_id uuid, p_limit integer) returns timestamptz language plpgsql stable as $$
declare
    counter pacing;
begin
    select * into counter from pacing where scope = p_scope and scope_id = p_scope_id;
    if not found or p_limit is null then
        return null;
    end if;
    counter := pacing_open(p_scope, p_scope_id, counter.window_seconds, greatest(clock_timestamp(), counter.last_at));
    return case when pacing_used(counter) >= p_limit then pacing_next(counter, p_limit, 1) end;
end
$$;
