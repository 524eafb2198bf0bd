-- Suppressions with an id, a reason and a source; mailboxes that belong to one workspace.

-- Suppressions ---------------------------------------------------------------------------------------------------

create type suppression_reason as enum ('hard_bounce', 'complaint', 'unsubscribed', 'manual');

alter table suppressions
    add column id uuid not null default uuidv7(),
    add column source_id uuid, -- the message that it came of, if one did
    add column earlier_reason suppression_reason; -- under what it stood before the person unsubscribed: undoing that goes back to it
alter table suppressions
    alter column reason type suppression_reason using (
        case when reason in ('hard_bounce', 'complaint', 'unsubscribed') then reason else 'manual' end
    )::suppression_reason;
-- Lists page by id, newest first: what was there already gets ids in the order of its time.
update suppressions set id = uuidv7(created_at - clock_timestamp());
create unique index suppressions_id on suppressions (workspace_id, id);
-- The start of an address, and of its domain, whatever the database's collation.
create index suppressions_prefix on suppressions (workspace_id, address text_pattern_ops);
create index suppressions_domain on suppressions (workspace_id, substr(address, position('@' in address)) text_pattern_ops);

-- Why a message to this address is not sent, for people.
create function suppression_words(p_address text, p_reason suppression_reason) returns text language sql immutable
    return p_address || ' is on the suppression list' || case p_reason
        when 'hard_bounce' then ': a server said that it takes no mail.'
        when 'complaint' then ': its owner complained.'
        when 'unsubscribed' then ': its owner unsubscribed.'
        when 'manual' then '.'
    end;

-- Mailboxes ------------------------------------------------------------------------------------------------------

-- A mailbox belongs to the workspace that signed in to it first, until its last sender there is deleted. Whoever may sign in nowhere
-- (a relay without accounts) has none that could belong to anybody.
alter table mailboxes add column owned_at timestamptz, add constraint mailboxes_owned check (owned_at is null or username <> '');

-- One name for one mailbox: user names that are addresses are one whatever their case.
create function mailbox_user(p_username text) returns text language sql immutable
    return case when position('@' in p_username) > 0 then lower(p_username) else p_username end;
create unique index mailboxes_owner on mailboxes (host, port, mailbox_user(username), secret_hash) where owned_at is not null;
create index mailboxes_same on mailboxes (host, port, mailbox_user(username), secret_hash);

-- The mailboxes of all workspaces that are this one: what it is at its server. This one is among them.
create function same_mailboxes(p_mailbox uuid) returns setof mailboxes language sql stable as $$
    select o.* from mailboxes m join mailboxes o
        on o.host = m.host and o.port = m.port and mailbox_user(o.username) = mailbox_user(m.username) and o.secret_hash = m.secret_hash
    where m.id = p_mailbox
$$;

-- After a sign-in that succeeded: whether the mailbox belongs to its workspace now. Of several at once one gets true. What it
-- has sent for workspaces that let it go since still fills its limits.
create function own_mailbox(p_mailbox uuid, p_window double precision) returns boolean language plpgsql as $$
declare
    box mailboxes;
    kind record;
begin
    select * into box from mailboxes where id = p_mailbox for no key update;
    if box.owned_at is not null or box.username = '' then
        return true;
    end if;
    -- A statement of its own: it sees a sender that went while this waited for the lock.
    update mailboxes m set owned_at = clock_timestamp()
    where m.id = p_mailbox and exists (select from senders s where s.mailbox_id = m.id and s.deleted_at is null);
    if not found then
        return false;
    end if;
    if (select count(*) from same_mailboxes(p_mailbox)) > 1 then
        for kind in
            select * from (values ('mailbox_day'::pacing_scope, p_window * 24), ('mailbox_hour', p_window)) as k (scope, seconds)
        loop
            insert into pacing (scope, scope_id, window_seconds, head, counts, last_at)
            select kind.scope, p_mailbox, kind.seconds, max(c.head), array(
                    select sum(n)::integer from same_mailboxes(p_mailbox) as o
                    cross join lateral unnest((pacing_rebuilt(kind.scope, o.id, kind.seconds, now())).counts) with ordinality as u (n, age)
                    group by age order by age
                ), now()
            from pacing_rebuilt(kind.scope, p_mailbox, kind.seconds, now()) as c
            on conflict (scope, scope_id) do update
            set window_seconds = excluded.window_seconds, head = excluded.head, counts = excluded.counts, last_at = excluded.last_at;
        end loop;
    end if;
    return true;
exception when unique_violation then
    return false; -- another workspace's
end
$$;
