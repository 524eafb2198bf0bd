-- name: beat$
-- Keeps the worker's row, and with it all its leases, alive for :lease seconds. Returns the database's time. Where no worker
-- lived until now, that span goes down as a downtime, from the last sign of life on.
with last as (
    select max(expires_at) as until, max(beat_at) as beat_at from workers
),
gap as (
    insert into downtimes (started_at, ended_at)
    select beat_at, clock_timestamp() from last where until < clock_timestamp() and beat_at < clock_timestamp()
    on conflict do nothing
)
insert into workers (id, host, pid, expires_at, beat_at)
values (:worker_id, :host, :pid, clock_timestamp() + make_interval(secs => :lease), clock_timestamp())
on conflict (id) do update set expires_at = excluded.expires_at, beat_at = excluded.beat_at
returning clock_timestamp();

-- name: clock$
-- The database's time by itself: an answer that waited for a commit says less exactly when it was true.
select clock_timestamp();

-- name: downtimes
-- The spans without a worker of the last :days days, the latest first.
select started_at, ended_at from downtimes where ended_at > clock_timestamp() - make_interval(days => :days)
order by ended_at desc limit 100;

-- name: retire!
-- The worker has ended; its row stays a while to say until when a worker lived.
update workers set expires_at = least(expires_at, clock_timestamp()), beat_at = clock_timestamp() where id = :worker_id;

-- name: bury!
-- Rows of workers that ended long ago, but for the last of all.
delete from workers where expires_at < clock_timestamp() - interval '1 hour'
    and expires_at < (select max(expires_at) from workers)
    and not exists (select from mailboxes m where m.runner_id = workers.id);

-- name: orphans
-- Mailboxes that need a runner and have none that lives: left behind by a dead worker; due within :ahead seconds though nobody
-- came; or leased by the worker that asks, which knows nothing of it, since the answer to the lease's commit was lost.
select m.id from mailboxes m
where m.runner_id is not null
    and ((m.runner_id = :worker_id and not m.id = any (:running::uuid[]))
        or not exists (select from workers w where w.id = m.runner_id and w.expires_at > clock_timestamp()))
union
select l.mailbox_id from lanes l join mailboxes m on m.id = l.mailbox_id
where l.next_due is not null and l.wake_at <= clock_timestamp() + make_interval(secs => :ahead)
    and m.runner_id is null and m.blocked_until <= clock_timestamp() + make_interval(secs => :ahead)
limit 1000;

-- name: forgotten
-- Mailboxes without a runner of which a message is between gate and reply. No runner gives back such a one, unless a gate that it
-- took for lost has committed after all.
select distinct m.id from emails e join lanes l on l.id = e.lane_id join mailboxes m on m.id = l.mailbox_id
where e.status = 'sending' and m.runner_id is null
limit 1000;

-- name: hint!
-- Tells the web processes that something in these workspaces changed.
select pg_notify('paceline_events', w::text) from unnest(:workspace_ids::uuid[]) as w;

-- name: alive
-- Process ids of the workers on one machine that keep their row alive.
select pid from workers where host = :host and expires_at > clock_timestamp();
