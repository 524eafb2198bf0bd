-- The gate for messages that nothing counts: no limit of workspace, campaign or mailbox, and no gap. One commit for many mailboxes of a
-- worker: a mailbox with few connections would pay for a commit of its own for every few messages.

-- Every gate writes to its mailbox's row.
alter table mailboxes set (fillfactor = 50);

-- Decides as gate() does, for messages of several mailboxes that the worker leases. Parallel arrays: of each message its mailbox, the fence
-- of the lease on that, its id and its revision. Verdicts as there, but for those that need a count: they have `counted`, whatever else may be
-- said of them, and gate() is to be asked.
create function gate_unlimited(
    p_workspace uuid, p_worker uuid, p_window double precision,
    p_mailboxes uuid[], p_fences bigint[], p_emails uuid[], p_revisions integer[]
) returns table (email_id uuid, verdict text, dispatch_id bigint, at timestamptz, next_at timestamptz)
language plpgsql
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    dot_deadline constant interval := make_interval(secs => least(2.0, p_window / 200)); -- as in app/domain/pacing.py
    stamp timestamptz;
    is_counted boolean;
    ours uuid[]; counted uuid[];
    offered uuid[]; verdicts text[]; nexts timestamptz[];
    went uuid[]; boxes uuid[]; fences bigint[];
begin
    perform pg_advisory_xact_lock_shared(gate_lock_key(p_workspace));
    select s.hourly_limit is not null into is_counted from workspaces s where s.id = p_workspace;
    select coalesce(array_agg(b.id), '{}'), coalesce(array_agg(b.id) filter (where b.counts or is_counted), '{}'), max(b.last_gate_at)
    into ours, counted, stamp
    from (
        select m.id, m.last_gate_at, m.hourly_limit is not null or m.daily_limit is not null or m.min_delay_ms > 0 as counts
        from (select distinct mailbox, fence from unnest(p_mailboxes, p_fences) as u (mailbox, fence)) as o
        join mailboxes m on m.id = o.mailbox and m.workspace_id = p_workspace and m.runner_id = p_worker and m.fence = o.fence
        order by m.id for no key update of m
    ) as b;

    -- Every lock is held: this is the moment of the dispatch. Whoever waited for us reads a later one.
    stamp := greatest(clock_timestamp(), stamp);
    with judged as (
        select o.place, o.id, o.mailbox, o.fence, e.due_at,
            case
                when o.mailbox <> all (ours) then 'lost'
                when e.id is null or e.status not in ('scheduled', 'deferred') or e.revision <> o.revision
                    or l.mailbox_id <> o.mailbox then 'changed'
                when o.mailbox = any (counted) or c.hourly_limit is not null then 'counted'
                when s.state <> 'active' or coalesce(c.state not in ('scheduled', 'running'), false) then 'paused'
                when exists (select from suppressions x where x.workspace_id = p_workspace and x.address = lower(e.to_address))
                    or e.recipients is not null and exists (
                        select from jsonb_array_elements(e.recipients) as t
                        join suppressions x on x.workspace_id = p_workspace and x.address = lower(t ->> 'email')
                    ) then 'suppressed'
                when e.due_at > stamp then 'early'
                else 'go'
            end as verdict
        from unnest(p_mailboxes, p_fences, p_emails, p_revisions) with ordinality as o (mailbox, fence, id, revision, place)
        left join lateral (
            select * from emails e where e.workspace_id = p_workspace and e.id = o.id for no key update skip locked
        ) as e on true
        left join senders s on s.workspace_id = p_workspace and s.id = e.sender_id
        left join campaigns c on c.workspace_id = p_workspace and c.id = e.campaign_id
        left join lanes l on l.id = e.lane_id
    )
    select array_agg(j.id order by j.place), array_agg(j.verdict order by j.place),
        array_agg(case when j.verdict = 'early' then j.due_at end order by j.place),
        array_agg(j.id order by j.place) filter (where j.verdict = 'go'),
        array_agg(j.mailbox order by j.place) filter (where j.verdict = 'go'),
        array_agg(j.fence order by j.place) filter (where j.verdict = 'go')
    into offered, verdicts, nexts, went, boxes, fences
    from judged j;

    if went is null then
        return query
            select o.id, o.verdict, null::bigint, stamp, o.next_at
            from unnest(offered, verdicts, nexts) as o (id, verdict, next_at);
        return;
    end if;
    -- A gap that is set later runs from the latest possible dot, until the runner says when it was written.
    update mailboxes m set last_gate_at = stamp, free_at = stamp + dot_deadline where m.id = any (boxes);
    return query
        with gone as (
            update emails e set status = 'sending', attempts = e.attempts + 1, dispatched_at = stamp
            from unnest(went, boxes, fences) with ordinality as o (id, mailbox, fence, place)
            where e.workspace_id = p_workspace and e.id = o.id
            returning o.place, o.mailbox, o.fence, e.id, e.attempts, e.campaign_id, e.recipient_count, e.ordered_by
        ),
        booked as (
            insert into dispatches (
                workspace_id, email_id, attempt, mailbox_id, campaign_id, recipients, worker_id, fence, dispatched_at, window_seconds,
                gap_ms, ordered_by
            )
            select p_workspace, g.id, g.attempts, g.mailbox, g.campaign_id, g.recipient_count, p_worker, g.fence, stamp, p_window,
                0, g.ordered_by
            from gone g order by g.place
            returning dispatches.email_id, dispatches.id
        )
        select o.id, o.verdict, b.id, stamp, o.next_at
        from unnest(offered, verdicts, nexts) as o (id, verdict, next_at) left join booked b on b.email_id = o.id;
end
$$;
