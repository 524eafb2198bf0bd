-- What the runner does around the gate.

-- Takes dispatches back whose dot was provably never written: the ledger says so, the quota is returned, the message waits again.
-- Only the worker that booked them may say this. A message that a person has had sent again meanwhile is left alone: its later
-- dispatch decides. Locks in the gate's order.
create function void_dispatches(p_workspace uuid, p_mailbox uuid, p_worker uuid, p_dispatches bigint[])
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
