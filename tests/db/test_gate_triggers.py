"""The triggers of `emails`: no illegal change of status gets by, and lanes are counted as by a full count."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import tuple_row

from app.domain.ids import new_id, new_ids
from app.domain.status import TRANSITIONS, Status

LANES = 3
STATUSES = list(Status)
WORKSPACE = new_id()

Connection = psycopg.Connection[tuple[object, ...]]

# What a row of each status needs besides.
DRESS = """
    update emails set status = %(status)s::email_status,
        sent_at = case when %(status)s in ('sent', 'bounced') then now() end,
        ended_at = case
            when %(status)s in ('sent', 'bounced', 'failed', 'cancelled', 'suppressed', 'missed') then now()
        end,
        dispatched_at = now()
    where id = any (%(ids)s)
"""


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    connection = psycopg.connect(database_url, autocommit=True, row_factory=tuple_row)
    connection.execute("insert into workspaces (id, name) values (%s, 'Test')", [WORKSPACE])
    mailbox, sender = new_id(), new_id()
    connection.execute(
        "insert into mailboxes (workspace_id, id, host, port) values (%s, %s, 'mx.example.com', 25)",
        [WORKSPACE, mailbox],
    )
    for i in range(LANES):
        sender = new_id()
        connection.execute(
            "insert into senders (workspace_id, id, mailbox_id, name, from_email, security, min_delay_ms, concurrency)"
            " values (%s, %s, %s, 'Test', %s, 'none', 0, 1)",
            [WORKSPACE, sender, mailbox, f"s{i}@example.com"],
        )
        connection.execute(
            "insert into lanes (workspace_id, mailbox_id, sender_id) values (%s, %s, %s)", [WORKSPACE, mailbox, sender]
        )
    yield connection
    connection.close()


def add(conn: Connection, lanes: list[int]) -> list[object]:
    """One message in each of these lanes, by number, in one statement; their ids."""
    ids = new_ids(len(lanes))
    conn.execute(
        "insert into emails"
        " (workspace_id, id, lane_id, sender_id, content_id, scheduled_at, due_at, to_address, message_id)"
        " select %s, r.id, l.id, l.sender_id, r.id, now(), now(), 'a@example.com', r.id"
        " from unnest(%s::uuid[], %s::int[]) as r (id, place)"
        " join (select id, sender_id, row_number() over (order by id) - 1 as place from lanes) as l using (place)",
        [WORKSPACE, ids, lanes],
    )
    return list(ids)


def counts_agree(conn: Connection) -> bool:
    kept = conn.execute("select lane_id, status, count from lane_counts where count <> 0").fetchall()
    full = conn.execute("select lane_id, status, count(*) from emails group by 1, 2").fetchall()
    return sorted(kept, key=str) == sorted(full, key=str)


@pytest.mark.parametrize("old", STATUSES)
def test_the_database_refuses_what_may_not_follow(conn: Connection, old: Status) -> None:
    """A refused statement changes nothing, not even its legal rows."""
    for new in STATUSES:
        legal, tried = add(conn, [0, 1])
        conn.execute("alter table emails disable trigger emails_updated")
        conn.execute(DRESS, {"status": old, "ids": [tried]})
        conn.execute("alter table emails enable trigger emails_updated")
        if new == old or new in TRANSITIONS[old]:
            conn.execute(DRESS, {"status": new, "ids": [tried]})
        else:
            with pytest.raises(psycopg.errors.CheckViolation, match=f"may not go from {old} to {new}"):
                conn.execute(DRESS, {"status": new, "ids": [tried]})
            with pytest.raises(psycopg.errors.CheckViolation):
                conn.execute(DRESS, {"status": new, "ids": [legal, tried]})
            found = conn.execute("select status::text from emails where id = %s", [legal]).fetchall()
            assert found == [("scheduled",)]


OPERATION = st.one_of(
    st.tuples(st.just("add"), st.lists(st.integers(0, LANES - 1), min_size=1, max_size=6)),
    st.tuples(st.sampled_from(STATUSES), st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True)),
    st.tuples(st.just("move"), st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OPERATION, min_size=1, max_size=12))
def test_the_counts_of_lanes_are_those_of_a_full_count(
    conn: Connection, operations: list[tuple[str, list[int]]]
) -> None:
    """Whatever is inserted, changed or moved to another lane, many rows in a statement, legal or refused."""
    conn.execute("truncate emails, lane_counts")
    ids: list[object] = []
    for what, numbers in operations:
        chosen = [ids[number] for number in numbers if number < len(ids)]
        if what == "add":
            ids += add(conn, numbers)
        elif what == "move":
            conn.execute("update emails set lane_id = (select max(id) from lanes) where id = any (%s)", [chosen])
        else:
            try:
                conn.execute(DRESS, {"status": what, "ids": chosen})
            except psycopg.errors.CheckViolation:
                assert chosen
        assert counts_agree(conn)
