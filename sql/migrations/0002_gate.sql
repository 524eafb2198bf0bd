-- The gate: the one place where a message may leave. One call is one commit: count, ledger, status 'sending'.
--
-- Limits hold in any rolling window because a scope's counter is a ring of sub-windows of window / 128, and everything from
-- 129 sub-windows back is still counted: 129/128 of a window covers the window and `dot_deadline` (at most window / 200), by
-- which a dot may trail its commit. About 98 % of a limit is usable in steady state.

-- The dispatches of one scope since `p_since`, from the ledger alone; voided ones were provably never sent.
create function pacing_ledger(p_scope pacing_scope, p_scope_id uuid, p_since timestamptz)
returns table (dispatched_at timestamptz, recipients smallint) language plpgsql stable as $$
begin
    if p_scope in ('mailbox_hour', 'mailbox_day') then
        return query
            select d.dispatched_at, d.recipients from dispatches d
            where d.mailbox_id = p_scope_id and d.dispatched_at > p_since and d.outcome <> 'void';
    elsif p_scope = 'campaign_hour' then
        return query
            select d.dispatched_at, d.recipients from dispatches d
            where d.campaign_id = p_scope_id and d.dispatched_at > p_since and d.outcome <> 'void';
    else
        return query
            select d.dispatched_at, d.recipients from dispatches d
            where d.mailbox_id in (select m.id from mailboxes m where m.workspace_id = p_scope_id)
              and d.dispatched_at > p_since and d.outcome <> 'void';
    end if;
end
$$;

-- A counter from the ledger alone, as it stands at `p_now`. What a clock that was set back left in the future counts as now.
create function pacing_rebuilt(p_scope pacing_scope, p_scope_id uuid, p_window double precision, p_now timestamptz)
returns pacing language plpgsql as $$
declare
    slots constant integer := 130;
    width constant double precision := p_window / 128;
    here constant bigint := floor(extract(epoch from p_now) / width);
    counter pacing;
begin
    counter.scope := p_scope;
    counter.scope_id := p_scope_id;
    counter.window_seconds := p_window;
    counter.head := here;
    counter.counts := array(
        select coalesce(sum(d.recipients), 0)::integer
        from generate_series(0, slots - 1) as age
        left join pacing_ledger(p_scope, p_scope_id, p_now - make_interval(secs => (slots + 1) * width)) as d
            on least(floor(extract(epoch from d.dispatched_at) / width)::bigint, here) = here - age
        group by age order by age
    );
    counter.last_at := p_now;
    return counter;
end
$$;

-- The counter of one scope, brought up to `p_now`. The caller holds its row's lock. A counter that is new, or was kept for another
-- window, is made from the ledger.
create function pacing_open(p_scope pacing_scope, p_scope_id uuid, p_window double precision, p_now timestamptz)
returns pacing language plpgsql as $$
declare
    slots constant integer := 130;
    here constant bigint := floor(extract(epoch from p_now) / (p_window / 128));
    counter pacing;
    shift bigint;
begin
    select * into strict counter from pacing where scope = p_scope and scope_id = p_scope_id;
    if counter.window_seconds <> p_window then
        return pacing_rebuilt(p_scope, p_scope_id, p_window, p_now);
    end if;
    shift := here - counter.head;
    if shift >= slots then
        counter.counts := array_fill(0, array[slots]);
    elsif shift > 0 then
        counter.counts := array_fill(0, array[shift::integer]) || counter.counts[1:slots - shift::integer];
    end if;
    counter.head := greatest(here, counter.head);
    counter.last_at := greatest(p_now, counter.last_at);
    return counter;
end
$$;

create function pacing_used(p_row pacing) returns bigint language sql immutable
    return (select sum(n) from unnest((p_row).counts) as n);

-- The moment from which `p_count` more fit under `p_limit`, if nothing else is dispatched until then; infinity: never.
create function pacing_next(p_row pacing, p_limit integer, p_count integer) returns timestamptz language plpgsql immutable as $$
declare
    excess bigint := pacing_used(p_row) + p_count - p_limit;
    slots constant integer := 130;
begin
    if p_count > p_limit then
        return 'infinity';
    end if;
    if excess <= 0 then
        return p_row.last_at;
    end if;
    for age in reverse slots - 1..0 loop
        excess := excess - p_row.counts[age + 1];
        if excess <= 0 then
            return to_timestamp((p_row.head - age + slots) * p_row.window_seconds / 128);
        end if;
    end loop;
    return 'infinity';
end
$$;

-- Edits of what the gate counts against (limits, pauses) take the lock of the workspace alone and so wait for gates in
-- flight; gates share it. The lock manager's queue is fair: neither side starves.
create function gate_lock_key(p_workspace uuid) returns bigint language sql immutable
    return hashtextextended(p_workspace::text, 7236);

-- A limit that appears where there was none starts from the ledger, not from a counter that nobody kept meanwhile.
create function limits_appeared() returns trigger language plpgsql as $$
begin
    delete from pacing where scope_id = new.id;
    return null;
end
$$;
create trigger workspace_limit_appeared after update of hourly_limit on workspaces
    for each row when (old.hourly_limit is null and new.hourly_limit is not null) execute function limits_appeared();
create trigger campaign_limit_appeared after update of hourly_limit on campaigns
    for each row when (old.hourly_limit is null and new.hourly_limit is not null) execute function limits_appeared();
create trigger mailbox_limit_appeared after update of hourly_limit, daily_limit on mailboxes
    for each row when (
        (old.hourly_limit is null and new.hourly_limit is not null) or (old.daily_limit is null and new.daily_limit is not null)
    ) execute function limits_appeared();

-- Decides, in the order given, which of the offered messages may have their dot now, and books them.
--
-- p_window: seconds of "an hour". p_prior_dot: when the runner wrote its last dot, by the database's clock; null if it has
-- written none since its last call. Verdicts: go; lost (the lease is another's); changed (edited, cancelled, or just being so);
-- paused; suppressed; early; gap; oversize (more recipients than a limit allows at all); workspace_hour, campaign_hour, mailbox_day,
-- mailbox_hour (full until next_at). Once a scope of the whole mailbox is full nothing overtakes; a full campaign holds back only itself.
create function gate(
    p_workspace uuid, p_mailbox uuid, p_worker uuid, p_fence bigint, p_window double precision, p_prior_dot timestamptz,
    p_emails uuid[], p_revisions integer[]
) returns table (email_id uuid, verdict text, dispatch_id bigint, at timestamptz, next_at timestamptz)
language plpgsql
-- Its plans do not depend on what is asked, and making them anew cost more than running them.
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    dot_deadline constant interval := make_interval(secs => least(2.0, p_window / 200)); -- as in app/domain/pacing.py
    box mailboxes;
    gap interval;
    stamp timestamptz;
    kinds pacing_scope[] := '{}'; ids uuid[] := '{}'; limits integer[] := '{}'; windows double precision[] := '{}';
    counters pacing[] := '{}';
    rooms bigint[] := '{}'; added integer[] := '{}';
    verdicts text[] := '{}'; nexts timestamptz[] := '{}'; offered uuid[] := '{}';
    went uuid[] := '{}';
    closed text; closed_until timestamptz; -- a scope of the whole mailbox that has refused
    now_verdict text; now_next timestamptz;
    w record; k record; r record;
begin
    perform pg_advisory_xact_lock_shared(gate_lock_key(p_workspace));
    select m.* into box from mailboxes m
    where m.id = p_mailbox and m.workspace_id = p_workspace and m.runner_id = p_worker and m.fence = p_fence
    for no key update;
    if not found then
        return query select e, 'lost'::text, null::bigint, clock_timestamp(), null::timestamptz from unnest(p_emails) as e;
        return;
    end if;
    gap := make_interval(secs => box.min_delay_ms / 1000.0);
    if p_prior_dot is not null then
        box.free_at := p_prior_dot + gap;
    end if;

    -- The scopes that have a limit, always in the order workspace, campaigns, mailbox.
    select s.hourly_limit into w from workspaces s where s.id = p_workspace;
    if w.hourly_limit is not null then
        kinds := kinds || 'workspace_hour'::pacing_scope; ids := ids || p_workspace;
        limits := limits || w.hourly_limit; windows := windows || p_window;
    end if;
    for k in
        select distinct c.id, c.hourly_limit from emails e join campaigns c on c.workspace_id = e.workspace_id and c.id = e.campaign_id
        where e.workspace_id = p_workspace and e.id = any (p_emails) and c.hourly_limit is not null order by c.id
    loop
        kinds := kinds || 'campaign_hour'::pacing_scope; ids := ids || k.id;
        limits := limits || k.hourly_limit; windows := windows || p_window;
    end loop;
    if box.daily_limit is not null then
        kinds := kinds || 'mailbox_day'::pacing_scope; ids := ids || p_mailbox;
        limits := limits || box.daily_limit; windows := windows || p_window * 24;
    end if;
    if box.hourly_limit is not null then
        kinds := kinds || 'mailbox_hour'::pacing_scope; ids := ids || p_mailbox;
        limits := limits || box.hourly_limit; windows := windows || p_window;
    end if;
    insert into pacing (scope, scope_id, window_seconds, head, counts, last_at)
    select s.kind, s.id, 0, 0, '{}', '-infinity' from unnest(kinds, ids) as s (kind, id)
    where not exists (select from pacing p where p.scope = s.kind and p.scope_id = s.id)
    on conflict do nothing;
    perform from unnest(kinds, ids) with ordinality as s (kind, id, place)
        join pacing p on p.scope = s.kind and p.scope_id = s.id order by s.place for update of p;

    -- Every lock is held: this is the moment of the dispatch. Whoever waited for us reads a later one.
    select greatest(clock_timestamp(), box.last_gate_at, max(p.last_at)) into stamp
    from unnest(kinds, ids) as s (kind, id) join pacing p on p.scope = s.kind and p.scope_id = s.id;
    for i in 1..cardinality(kinds) loop
        counters[i] := pacing_open(kinds[i], ids[i], windows[i], stamp);
        rooms[i] := limits[i] - pacing_used(counters[i]);
        added[i] := 0;
    end loop;

    if box.min_delay_ms > 0 and stamp < box.free_at then
        closed := 'gap'; closed_until := box.free_at;
    end if;
    for r in
        select o.id, e.id is null or e.status not in ('scheduled', 'deferred') or e.revision <> o.revision
                or l.mailbox_id <> p_mailbox as changed,
            e.due_at, e.campaign_id, e.recipient_count as n,
            s.state <> 'active' or coalesce(c.state not in ('scheduled', 'running'), false) as paused,
            exists (
                select from (
                    select lower(e.to_address) as address
                    union all select lower(t ->> 'email') from jsonb_array_elements(e.recipients) as t
                ) as a join suppressions x on x.workspace_id = p_workspace and x.address = a.address
            ) as suppressed
        from unnest(p_emails, p_revisions) with ordinality as o (id, revision, place)
        left join lateral (
            select * from emails e where e.workspace_id = p_workspace and e.id = o.id for no key update skip locked
        ) as e on true
        left join senders s on s.workspace_id = p_workspace and s.id = e.sender_id
        left join campaigns c on c.workspace_id = p_workspace and c.id = e.campaign_id
        left join lanes l on l.id = e.lane_id
        order by o.place
    loop
        now_verdict := case
            when r.changed then 'changed' when r.paused then 'paused' when r.suppressed then 'suppressed'
            when r.due_at > stamp then 'early' when closed is not null then closed else 'go' end;
        now_next := case now_verdict when 'early' then r.due_at when 'go' then null when closed then closed_until end;
        if now_verdict = 'go' then
            for i in 1..cardinality(kinds) loop
                continue when kinds[i] = 'campaign_hour' and ids[i] is distinct from r.campaign_id;
                if r.n > limits[i] then
                    now_verdict := 'oversize';
                    exit;
                elsif rooms[i] < r.n then
                    counters[i].counts[1] := counters[i].counts[1] + added[i];
                    added[i] := 0;
                    now_verdict := kinds[i]; now_next := pacing_next(counters[i], limits[i], r.n);
                    if kinds[i] = 'campaign_hour' then
                        rooms[i] := 0; -- keep its order: nothing later of this campaign goes either
                    else
                        closed := now_verdict; closed_until := now_next;
                    end if;
                    exit;
                end if;
            end loop;
        end if;
        if now_verdict = 'go' then
            for i in 1..cardinality(kinds) loop
                continue when kinds[i] = 'campaign_hour' and ids[i] is distinct from r.campaign_id;
                rooms[i] := rooms[i] - r.n;
                added[i] := added[i] + r.n;
            end loop;
            went := went || r.id;
            if box.min_delay_ms > 0 then
                closed := 'gap'; closed_until := stamp + dot_deadline + gap;
            end if;
        end if;
        offered := offered || r.id; verdicts := verdicts || now_verdict; nexts := nexts || now_next;
    end loop;

    if went = '{}' then
        return query
            select o.id, o.verdict, null::bigint, stamp, o.next_at
            from unnest(offered, verdicts, nexts) as o (id, verdict, next_at);
        return;
    end if;
    -- Until the runner says when the last dot was written it may have been as late as is allowed, also for a gap that is set later.
    update mailboxes m set last_gate_at = stamp, free_at = stamp + dot_deadline + gap where m.id = p_mailbox;
    for i in 1..cardinality(kinds) loop
        update pacing p set window_seconds = counters[i].window_seconds, head = counters[i].head, last_at = counters[i].last_at,
            counts = array[counters[i].counts[1] + added[i]] || counters[i].counts[2:]
        where p.scope = kinds[i] and p.scope_id = ids[i];
    end loop;
    update emails e set status = 'sending', attempts = e.attempts + 1, dispatched_at = stamp
    where e.workspace_id = p_workspace and e.id = any (went);
    return query
        with booked as (
            insert into dispatches (
                workspace_id, email_id, attempt, mailbox_id, campaign_id, recipients, worker_id, fence, dispatched_at, window_seconds,
                workspace_hour_limit, campaign_hour_limit, mailbox_day_limit, mailbox_hour_limit, gap_ms, ordered_by
            )
            select p_workspace, e.id, e.attempts, p_mailbox, e.campaign_id, e.recipient_count, p_worker, p_fence, stamp, p_window,
                w.hourly_limit, c.hourly_limit, box.daily_limit, box.hourly_limit, box.min_delay_ms, e.ordered_by
            from unnest(went) with ordinality as o (id, place)
            join emails e on e.workspace_id = p_workspace and e.id = o.id
            left join campaigns c on c.workspace_id = p_workspace and c.id = e.campaign_id
            order by o.place
            returning dispatches.email_id, dispatches.id
        )
        select o.id, o.verdict, b.id, stamp, o.next_at
        from unnest(offered, verdicts, nexts) as o (id, verdict, next_at) left join booked b on b.email_id = o.id;
end
$$;

-- What the gate would say about one more message of a scope now, without booking: for the runner without Redis, and for people.
create function headroom(p_scope pacing_scope, p_scope_id uuid, p_limit integer, p_window double precision)
returns table (used bigint, next_at timestamptz) language plpgsql as $$
declare
    counter pacing;
begin
    select * into counter from pacing where scope = p_scope and scope_id = p_scope_id;
    if not found or counter.window_seconds <> p_window then
        counter := pacing_rebuilt(p_scope, p_scope_id, p_window, clock_timestamp());
    else
        counter := pacing_open(p_scope, p_scope_id, p_window, greatest(clock_timestamp(), counter.last_at));
    end if;
    return query select pacing_used(counter), pacing_next(counter, p_limit, 1);
end
$$;
