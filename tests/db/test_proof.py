"""`paceline verify` on ledgers written by hand: each broken promise is found, and what only looks like one is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from app.cli import main
from app.domain.ids import new_id

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HOUR = 3600.0


class Ledger:
    """One workspace with one mailbox and one campaign. Times are seconds after START."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self.workspace, self.mailbox, self.sender, self.campaign = (new_id() for _ in range(4))
        self.add("workspaces", id=self.workspace, name="w")
        self.add("mailboxes", workspace_id=self.workspace, id=self.mailbox, host="smtp.example.com", port=587)
        self.add(
            "senders",
            workspace_id=self.workspace,
            id=self.sender,
            mailbox_id=self.mailbox,
            name="s",
            from_email="ann@example.com",
            security="tls",
            min_delay_ms=0,
            concurrency=1,
        )
        self.lane = self.add("lanes", "id", workspace_id=self.workspace, mailbox_id=self.mailbox, sender_id=self.sender)

    def add(self, table: str, returning: str = "1", **values: Any) -> Any:
        names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
        row = self.conn.execute(f"insert into {table} ({names}) values ({places}) returning {returning}", values)
        return next(iter(row.fetchone() or ()))

    def email(self, status: str = "sent") -> UUID:
        """A row with the times that its status asks for."""
        ended = status in ("sent", "bounced", "failed", "cancelled", "suppressed", "missed")
        id = new_id()
        self.add(
            "emails",
            workspace_id=self.workspace,
            id=id,
            lane_id=self.lane,
            sender_id=self.sender,
            content_id=id,
            status=status,
            scheduled_at=START,
            due_at=START,
            to_address="bob@example.org",
            message_id=f"<{id}@example.com>",
            dispatched_at=START if status in ("sending", "uncertain", "sent", "bounced") else None,
            sent_at=START if status in ("sent", "bounced") else None,
            ended_at=START if ended else None,
        )
        return id

    def dispatch(self, at: float, email: UUID | None = None, outcome: str = "accepted", **values: Any) -> int:
        """One row of the ledger, of a sent email of its own if none is named; its dot 10 ms after its commit."""
        moment = START + timedelta(seconds=at)
        values = {"dot_at": 0.01 + at, "window_seconds": HOUR, "recipients": 1, "gap_ms": 0} | values
        dot_at = values.pop("dot_at")
        id: int = self.add(
            "dispatches",
            "id",
            workspace_id=self.workspace,
            email_id=email or self.email(),
            attempt=1,
            mailbox_id=self.mailbox,
            worker_id=self.workspace,
            fence=1,
            dispatched_at=moment,
            dot_at=None if dot_at is None else START + timedelta(seconds=dot_at),
            outcome=outcome,
            outcome_at=None if outcome == "pending" else moment,
            **values,
        )
        return id


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with psycopg.connect(database_url, autocommit=True) as conn:
        yield Ledger(conn)


class Verify:
    """Runs the command as a person does."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """(exit code, standard output, standard error)"""
        with pytest.raises(SystemExit) as left:
            main(["verify", *arguments])
        output = self._capsys.readouterr()
        return int(str(left.value.code)), output.out, output.err

    def json(self, *arguments: str) -> dict[str, Any]:
        code, out, _ = self.run("--json", *arguments)
        found: dict[str, Any] = json.loads(out)
        assert code == (0 if found["kept"] else 1)
        assert found["kept"] is (found["violations_total"] == 0)
        assert len(found["violations"]) == min(100, found["violations_total"]) or found["states"]["violations"]
        return found

    def found(self, *arguments: str) -> dict[str, list[int | None]]:
        """The dispatches that break something, by check."""
        broken: dict[str, list[int | None]] = {}
        for violation in self.json(*arguments)["violations"]:
            broken.setdefault(violation["check"], []).append(violation["dispatch_id"])
        return broken


@pytest.fixture
def verify(environment: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Verify:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Verify(capsys)


def test_an_empty_ledger_is_kept(verify: Verify, database_url: str) -> None:
    code, out, err = verify.run()
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("KEPT: ")


def test_a_clean_ledger_is_kept_and_shows_its_tightest_windows(verify: Verify, ledger: Ledger) -> None:
    limits: dict[str, Any] = {
        "workspace_hour_limit": 6,
        "campaign_id": ledger.campaign,
        "campaign_hour_limit": 5,
        "mailbox_hour_limit": 4,
        "mailbox_day_limit": 50,
        "gap_ms": 2000,
    }
    for at in (0, 10, 20, 3700, 3710, 3720, 3730):
        ledger.dispatch(at, **limits)
    found = verify.json()
    assert (found["kept"], found["dispatches"], found["voided"]) == (True, 7, 0)
    by_check = {limit["check"]: limit for limit in found["limits"]}
    assert {check: (row["worst"]["count"], row["worst"]["limit"]) for check, row in by_check.items()} == {
        "workspace_hour": (4, 6),
        "campaign_hour": (4, 5),
        "mailbox_day": (7, 50),
        "mailbox_hour": (4, 4),
    }
    assert by_check["mailbox_hour"] == {
        "check": "mailbox_hour",
        "scopes": 1,
        "dispatches": 7,
        "worst": {
            "scope_id": str(ledger.mailbox),
            "until": "2026-01-31T13:02:10Z",
            "window_seconds": 3600,
            "count": 4,
            "limit": 4,
            "clock": "gate",
        },
        "violations": 0,
    }
    assert found["gaps"]["smallest"]["slack_ms"] == 8000
    assert found["states"] == {"emails": 7, "violations": 0, "lane_count_violations": 0}
    code, out, _ = verify.run()
    assert code == 0
    assert "4 of 4 (100.0%) in 3600 s until 2026-01-31 13:02:10.000000Z" in out


def test_one_dispatch_too_many_is_found_in_every_scope(verify: Verify, ledger: Ledger) -> None:
    for at in (0, 1):
        ledger.dispatch(at, window_seconds=10)
    scopes: dict[str, dict[str, Any]] = {
        "workspace_hour": {"workspace_hour_limit": 2},
        "campaign_hour": {"campaign_id": ledger.campaign, "campaign_hour_limit": 1},
        "mailbox_day": {"mailbox_day_limit": 2},
        "mailbox_hour": {"mailbox_hour_limit": 2},
    }
    ledger.conn.execute("update dispatches set campaign_id = %s where id = 1", [ledger.campaign])
    too_many = ledger.dispatch(9)
    free = ", ".join(f"{check}_limit = null" for check in scopes)
    for check, limit in scopes.items():
        names = ", ".join(f"{name} = %({name})s" for name in limit)
        ledger.conn.execute(f"update dispatches set {free}, window_seconds = 10 where id = {too_many}")
        assert verify.found() == {}
        ledger.conn.execute(f"update dispatches set {names} where id = {too_many}", limit)
        assert verify.found() == {check: [too_many, too_many]}  # by the gate's clock and by the wire's
        code, out, _ = verify.run()
        assert code == 1
        assert out.splitlines()[-1].startswith("BROKEN: 2 violations")


def test_a_limit_lowered_mid_way_is_legal_until_it_is_broken(verify: Verify, ledger: Ledger) -> None:
    for at in range(5):
        ledger.dispatch(at, mailbox_hour_limit=5)
    ledger.dispatch(3602.5, mailbox_hour_limit=3)
    assert verify.found() == {}
    broken = ledger.dispatch(3602.6, mailbox_hour_limit=3)
    assert verify.found() == {"mailbox_hour": [broken, broken]}


def test_void_dispatches_count_for_nothing(verify: Verify, ledger: Ledger) -> None:
    ledger.dispatch(0, mailbox_hour_limit=2, gap_ms=1000)
    taken_back = ledger.email()
    ledger.dispatch(0.5, taken_back, "void", dot_at=None, mailbox_hour_limit=2, gap_ms=1000)
    ledger.dispatch(2, taken_back, mailbox_hour_limit=2, gap_ms=1000)
    assert verify.found() == {}
    assert verify.json()["voided"] == 1
    ledger.conn.execute("update dispatches set outcome = 'rejected', dot_at = dispatched_at where outcome = 'void'")
    assert set(verify.found()) == {"mailbox_hour", "gap"}


def test_a_gap_one_millisecond_too_short_is_found(verify: Verify, ledger: Ledger) -> None:
    ledger.dispatch(0, dot_at=0.4, gap_ms=2000)
    ledger.dispatch(2.4, dot_at=2.4, gap_ms=2000)
    assert verify.found() == {}
    short = ledger.dispatch(4.399, dot_at=4.399, gap_ms=2000)
    [violation] = verify.json()["violations"]
    assert (violation["check"], violation["id"], violation["dispatch_id"]) == ("gap", str(ledger.mailbox), short)
    assert (violation["found"], violation["allowed"]) == (1999, 2000)
    ledger.conn.execute("update dispatches set dot_at = null, outcome = 'unknown' where id = %s", [short])
    assert "gap" not in verify.found()


def test_a_duplicate_is_found_unless_a_person_ordered_it(verify: Verify, ledger: Ledger) -> None:
    email = ledger.email()
    ledger.dispatch(0, email, "unknown", dot_at=None)
    again = ledger.dispatch(100, email, ordered_by=new_id())
    found = verify.json()
    assert found["kept"]
    assert found["duplicates"] == {"repeated": 1, "ordered": 1, "violations": 0}
    ledger.conn.execute("update dispatches set ordered_by = null")
    assert verify.found() == {"duplicate": [again]}
    ledger.conn.execute("update dispatches set outcome = 'rejected' where outcome = 'unknown'")
    assert verify.found() == {}


def test_doubt_is_a_legal_state(verify: Verify, ledger: Ledger) -> None:
    ledger.dispatch(0, ledger.email("uncertain"), "unknown", dot_at=None)
    ledger.dispatch(1, ledger.email("sending"), "pending", dot_at=None)
    ledger.dispatch(2, ledger.email("failed"), "rejected")
    ledger.dispatch(3, ledger.email("deferred"), "rejected")
    ledger.dispatch(4, ledger.email("scheduled"), "void", dot_at=None)
    ledger.dispatch(5, ledger.email("cancelled"), "unknown")
    ledger.email("scheduled")
    assert verify.found() == {}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("sent", None),
        ("sent", "void"),
        ("sending", None),
        ("sending", "accepted"),
        ("uncertain", None),
        ("uncertain", "pending"),
        ("scheduled", "pending"),
        ("deferred", "pending"),
        ("scheduled", "accepted"),
        ("cancelled", "accepted"),
        ("suppressed", "accepted"),
        ("failed", "accepted"),
    ],
)
def test_rows_that_disagree_with_the_ledger_are_found(
    verify: Verify, ledger: Ledger, status: str, outcome: str | None
) -> None:
    email = ledger.email(status)
    if outcome is not None:
        ledger.dispatch(0, email, outcome)
    [violation] = verify.json()["violations"]
    assert (violation["check"], violation["id"]) == ("state", str(email))
    assert violation["message"].startswith(f"It is {status}, but ")


def test_the_same_wrong_state_is_told_once_and_counted(verify: Verify, ledger: Ledger) -> None:
    emails = sorted(str(ledger.email()) for _ in range(3))
    found = verify.json()
    assert found["violations_total"] == 3
    [violation] = found["violations"]
    assert violation["id"] == emails[0]
    assert violation["message"].endswith("2 more are so.")


def test_a_dispatch_without_its_email_is_found(verify: Verify, ledger: Ledger) -> None:
    """Else a row that is gone, or went to another workspace, would take what it says with it."""
    other = Ledger(ledger.conn)
    gone, fine = ledger.email(), ledger.email()
    moved = other.email()
    first = ledger.dispatch(0, gone, "rejected")
    ledger.dispatch(10, gone, "void")
    ledger.dispatch(20, fine)
    ledger.dispatch(30, moved, dot_at=None)
    ledger.conn.execute("delete from emails where id = %s", [gone])
    ledger.conn.execute("update lane_counts set count = 1 where lane_id = %s and status = 'sent'", [ledger.lane])
    found = verify.json("--workspace", str(ledger.workspace))
    assert not found["kept"]
    assert found["violations_total"] == found["states"]["violations"] == 3
    by_email = {each["id"]: each for each in found["violations"]}
    assert set(by_email) == {str(gone), str(moved)}
    assert by_email[str(gone)]["message"] == "It was dispatched, but there is no such email."
    assert (by_email[str(gone)]["dispatch_id"], by_email[str(gone)]["found"]) == (first, 2)
    assert by_email[str(moved)]["message"] == f"It was dispatched, but the email is workspace {other.workspace}'s."
    assert verify.found("--workspace", str(other.workspace)) == {"state": [None]}, "nothing there sent it"
    later = verify.json("--workspace", str(ledger.workspace), "--since", "2026-01-31T12:00:25Z")
    assert [each["id"] for each in later["violations"] if "dispatched" in each["message"]] == [str(moved)]


def test_a_wrong_lane_count_is_found(verify: Verify, ledger: Ledger) -> None:
    ledger.dispatch(0)
    ledger.email("scheduled")
    ledger.conn.execute("update lane_counts set count = 2 where status = 'scheduled'")
    ledger.conn.execute("delete from lane_counts where status = 'sent'")
    messages = [violation["message"] for violation in verify.json()["violations"]]
    assert messages == [
        "The lane counts 2 that are scheduled; there are 1.",
        "The lane counts 0 that are sent; there are 1.",
    ]


def test_a_workspace_or_a_time_may_be_singled_out(verify: Verify, ledger: Ledger) -> None:
    other = Ledger(ledger.conn)
    ledger.dispatch(0, mailbox_hour_limit=1)
    ledger.dispatch(100, mailbox_hour_limit=1)
    ledger.email("sent")
    ledger.conn.execute("update emails set created_at = %s", [START])
    other.dispatch(0, mailbox_hour_limit=1)
    assert set(verify.found()) == {"mailbox_hour", "state"}
    assert set(verify.found("--workspace", str(ledger.workspace))) == {"mailbox_hour", "state"}
    found = verify.json("--workspace", str(other.workspace))
    assert (found["kept"], found["dispatches"], found["states"]["emails"]) == (True, 1, 1)
    # What came before still fills the windows of what is judged.
    assert set(verify.found("--since", "2026-01-31T12:01:40Z")) == {"mailbox_hour"}
    assert verify.found("--since", "2026-01-31T14:01:41+02:00") == {}


def test_a_long_ledger_is_read_in_batches_and_the_list_is_bounded(verify: Verify, ledger: Ledger) -> None:
    ledger.conn.execute(
        """insert into dispatches (
            workspace_id, email_id, attempt, mailbox_id, recipients, worker_id, fence, dispatched_at, window_seconds,
            mailbox_hour_limit, gap_ms, dot_at, outcome, outcome_at
        )
        select %s, gen_random_uuid(), 1, %s, 1, gen_random_uuid(), 1, at, 3600, 3000, 1000, at, 'accepted', at
        from generate_series(0, 11999) as i, lateral (select %s + make_interval(secs => i * 1.2) as at) as x""",
        [ledger.workspace, ledger.mailbox, START],
    )
    ledger.conn.execute(
        """insert into emails (
            workspace_id, id, lane_id, sender_id, content_id, status, scheduled_at, due_at, to_address, message_id,
            dispatched_at, sent_at, ended_at
        )
        select workspace_id, email_id, %s, %s, email_id, 'sent', dispatched_at, dispatched_at, 'bob@example.org', '<>',
            dispatched_at, dispatched_at, dispatched_at
        from dispatches""",
        [ledger.lane, ledger.sender],
    )
    found = verify.json()
    assert (found["dispatches"], found["kept"]) == (12_000, True)
    assert found["gaps"]["smallest"]["slack_ms"] == 200
    ledger.conn.execute("update dispatches set mailbox_hour_limit = 2999")
    found = verify.json()
    assert (found["violations_total"], len(found["violations"])) == (2 * (12_000 - 2999), 100)
    assert "Listed: 20 of 18,002" in verify.run()[1]


def test_trouble_is_not_the_verdict(verify: Verify, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify.run("--since", "2026-01-31T12:00:00")[0] == 2
    assert verify.run("--since", "yesterday")[0] == 2
    assert verify.run("--workspace", "w")[0] == 2
    code, _, err = verify.run("--workspace", str(new_id()))
    assert code == 2
    assert "There is no workspace" in err
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/none")
    code, out, err = verify.run("--json")
    assert (code, out) == (2, "")
    assert "Postgres does not answer" in err


def test_an_old_schema_is_told_to_migrate(
    verify: Verify, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    code, _, err = verify.run()
    assert code == 2
    assert "paceline migrate" in err
