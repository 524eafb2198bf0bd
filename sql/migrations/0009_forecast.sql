-- What a forecast reads instead of messages: single emails that are due later, by the minute. Campaigns need none: their
-- messages are due at an even pace.
--
-- Only minutes after the current one are kept right: what is due by now is what lane_counts has besides. So the sending path,
-- which touches nothing but messages that are due, writes nothing here.
create table lane_dues (
    lane_id bigint not null references lanes,
    minute timestamptz not null,
    count bigint not null,
    primary key (lane_id, minute)
) with (fillfactor = 50);
create index lane_dues_age on lane_dues (minute);

insert into lane_dues (lane_id, minute, count)
select lane_id, date_trunc('minute', due_at), count(*) from emails
where status in ('scheduled', 'deferred') and campaign_id is null and due_at > now()
group by 1, 2;

create function emails_dues_inserted() returns trigger language plpgsql as $$
begin
    insert into lane_dues as d (lane_id, minute, count)
    select lane_id, date_trunc('minute', due_at) as minute, count(*) from new_rows
    where campaign_id is null and status in ('scheduled', 'deferred') and date_trunc('minute', due_at) > now()
    group by 1, 2 order by 1, 2
    on conflict (lane_id, minute) do update set count = d.count + excluded.count;
    return null;
end
$$;

create function emails_dues_updated() returns trigger language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    insert into lane_dues as d (lane_id, minute, count)
    select lane_id, date_trunc('minute', due_at) as minute, sum(change)
    from (
        select lane_id, due_at, -1 as change from old_rows
        where due_at > now() and campaign_id is null and status in ('scheduled', 'deferred')
        union all
        select lane_id, due_at, 1 from new_rows
        where due_at > now() and campaign_id is null and status in ('scheduled', 'deferred')
    ) as changes
    where date_trunc('minute', due_at) > now()
    group by 1, 2 having sum(change) <> 0 order by 1, 2
    on conflict (lane_id, minute) do update set count = d.count + excluded.count;
    return null;
end
$$;

create trigger emails_dues_inserted after insert on emails
    referencing new table as new_rows for each statement execute function emails_dues_inserted();
create trigger emails_dues_updated after update on emails
    referencing old table as old_rows new table as new_rows for each statement execute function emails_dues_updated();

-- The counter of one scope as the gate would find it now, without booking.
create function pacing_seen(p_scope pacing_scope, p_scope_id uuid, p_window double precision) returns pacing language plpgsql as $$
declare
    counter pacing;
begin
    select * into counter from pacing where scope = p_scope and scope_id = p_scope_id;
    if not found or counter.window_seconds <> p_window then
        return pacing_rebuilt(p_scope, p_scope_id, p_window, clock_timestamp());
    end if;
    return pacing_open(p_scope, p_scope_id, p_window, greatest(clock_timestamp(), counter.last_at));
end
$$;

create or replace function headroom(p_scope pacing_scope, p_scope_id uuid, p_limit integer, p_window double precision)
returns table (used bigint, next_at timestamptz) language plpgsql as $$
declare
    counter pacing := pacing_seen(p_scope, p_scope_id, p_window);
begin
    return query select pacing_used(counter), pacing_next(counter, p_limit, 1);
end
$$;
