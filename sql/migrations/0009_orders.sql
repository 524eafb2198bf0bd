-- Who had a message sent again, and what that asks of the gate: the ledger names them, and of two dispatches the later one decides.

-- A person, or an API key that nobody made. Stands for every dispatch until one has an end other than "not now".
alter table emails add column ordered_by uuid;

-- Takes dispatches back whose dot was provably never written: the ledger says so, the quota is returned, the message waits again.
-- Only the worker that booked them may say this. A message that a person has had sent again meanwhile is left alone: its later
-- dispatch decides. Locks in the gate's order.
create or replace function void_dispatches(p_workspace uuid, p_mailbox uuid, p_worker uuid, p_dispatches bigint[])
returns setof uuid language plpgsql as $$
declare
    d record;
    voided uuid[];
    tries smallint[];
begin
    perform pg_advisory_xact_lock_shared(gate_lock_key(p_workspace));
    perform from mailboxes m where m.id = p_mailbox for no key update;
    perform from pacing p
    where (p.scope = 'workspace_hour' and p.scope_id = p_workspace)
        or (p.scope in ('mailbox_day', 'mailbox_hour') and p.scope_id = p_mailbox)
        or (p.scope = 'campaign_hour' and p.scope_id in (
            select x.campaign_id from dispatches x where x.workspace_id = p_workspace and x.id = any (p_dispatches)
        ))
    order by p.scope, p.scope_id for update;
    with taken_back as (
        update dispatches x set outcome = 'void', outcome_at = clock_timestamp()
        where x.workspace_id = p_workspace and x.id = any (p_dispatches) and x.worker_id = p_worker
            and x.outcome in ('pending', 'unknown') and x.dot_at is null
        returning x.email_id, x.attempt, x.dispatched_at, x.recipients, x.campaign_id
    ),
    returned as (
        update pacing p set counts[p.head - b.slot + 1] = p.counts[p.head - b.slot + 1] - b.n
        from (
            select q.scope, q.scope_id, floor(extract(epoch from t.dispatched_at) / (q.window_seconds / 128))::bigint as slot,
                sum(t.recipients)::integer as n
            from taken_back t join pacing q on
                (q.scope = 'workspace_hour' and q.scope_id = p_workspace)
                or (q.scope in ('mailbox_day', 'mailbox_hour') and q.scope_id = p_mailbox)
                or (q.scope = 'campaign_hour' and q.scope_id = t.campaign_id)
            where q.window_seconds > 0
            group by 1, 2, 3
        ) as b
        where p.scope = b.scope and p.scope_id = b.scope_id and b.slot between p.head - 129 and p.head
            and p.counts[p.head - b.slot + 1] >= b.n
    )
    select array_agg(email_id), array_agg(attempt) into voided, tries from taken_back;
    return query
        update emails e set status = 'scheduled', attempts = e.attempts - 1
        from unnest(voided, tries) as t (email_id, attempt)
        where e.workspace_id = p_workspace and e.id = t.email_id and e.attempts = t.attempt and e.status in ('sending', 'uncertain')
        returning e.id;
end
$$;

-- Decides, in the order given, which of the offered messages may have their dot now, and books them.
--
-- p_window: seconds of "an hour". p_prior_dot: when the runner wrote its last dot, by the database's clock; null if it has
-- written none since its last call. Verdicts: go; lost (the lease is another's); changed (edited, cancelled, or just being so);
-- paused; suppressed; early; gap; oversize (more recipients than a limit allows at all); workspace_hour, campaign_hour, mailbox_day,
-- mailbox_hour (full until next_at). Once a scope of the whole mailbox is full nothing overtakes; a full campaign holds back only itself.
create or replace function gate(
    p_workspace uuid, p_mailbox uuid, p_worker uuid, p_fence bigint, p_window double precision, p_prior_dot timestamptz,
    p_emails uuid[], p_revisions integer[]
) returns table (email_id uuid, verdict text, dispatch_id bigint, at timestamptz, next_at timestamptz)
language plpgsql as $$
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
        select o.id, e.id is null or e.status not in ('scheduled', 'deferred') or e.revision <> o.revision as changed,
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
                box.free_at := stamp + dot_deadline + gap; -- until the runner says when the dot was written
                closed := 'gap'; closed_until := box.free_at;
            end if;
        end if;
        offered := offered || r.id; verdicts := verdicts || now_verdict; nexts := nexts || now_next;
    end loop;

    update mailboxes m set last_gate_at = stamp, free_at = box.free_at where m.id = p_mailbox;
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
