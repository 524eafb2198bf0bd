-- For people who ask why a message waits. While a runner still holds the last places of a limit it looks again within seconds;
-- the limit itself may be full for an hour by then.
--
-- The moment from which one more fits under a limit that is full by what was dispatched; null: it is not full.
create function limit_frees_at(p_scope pacing_scope, p_scope_id uuid, p_limit integer) returns timestamptz language sql as $$
    select case when h.used >= p_limit then h.next_at end
    from pacing p, lateral headroom(p_scope, p_scope_id, p_limit, p.window_seconds) as h
    where p.scope = p_scope and p.scope_id = p_scope_id
$$;
