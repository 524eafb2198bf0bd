"""The first mile: `paceline up`, a sender of one's own, and real mail that leaves on time, in order and once."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.smtp_server import Received, SmtpServer
from tests.support.up import lives, running
from tests.support.waiting import wait_until_sync

ON_TIME = 2.0  # seconds; by a poll every 5 s it would be more for half of them, and bench/on_time.py measures it
SENDER = "ann@example.com"


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


class Api:
    """The API of an `up`, as a developer calls it with the key that was printed."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.http = httpx.Client(
            base_url=f"{line['url']}/v1", headers={"Authorization": f"Bearer {line['api_key']}"}, timeout=20
        )

    def get(self, path: str, **query: str | int) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def post(self, path: str, body: object) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def add_sender(self, smtp: SmtpServer, *, connections: int = 1, hourly_limit: int | None = None) -> None:
        """A sender without a gap. One connection keeps the order exactly, whatever happens."""
        server = {"host": "127.0.0.1", "port": smtp.port, "security": "none"}
        limits = {"hourly_limit": hourly_limit, "min_delay_ms": 0, "concurrency": connections}
        self.post("/senders", {"from_email": SENDER} | server | limits)

    def schedule(self, due: Iterable[datetime]) -> dict[str, datetime]:
        """One message for each instant, in one request; the instants by the address that each goes to."""
        wanted = {f"p{number}@example.org": at for number, at in enumerate(due)}
        messages = [
            {"from": SENDER, "to": to, "subject": f"For {to}", "text": "Hello", "scheduled_at": at.isoformat()}
            for to, at in wanted.items()
        ]
        assert len(self.post("/emails/batch", messages)["data"]) == len(wanted)
        return wanted

    def emails(self, **query: str) -> list[dict[str, Any]]:
        """The newest hundred."""
        found: list[dict[str, Any]] = self.get("/emails", limit=100, **query)["data"]
        return found


def addresses(messages: list[Received]) -> list[str]:
    return [message.recipients[0] for message in messages]


def assert_on_time(messages: list[Received], due: dict[str, datetime]) -> None:
    """None early; and none late but for a busy moment of the machine."""
    lateness = sorted(message.at - due[message.recipients[0]].timestamp() for message in messages)
    assert lateness[0] >= 0
    assert lateness[len(lateness) // 2] < ON_TIME, lateness


def overtaken(moments: list[datetime]) -> int:
    """How many came before one that was due earlier, at most."""
    return max(sum(other > moment for other in moments[:i]) for i, moment in enumerate(moments))


def times(messages: list[Received], due: dict[str, datetime]) -> list[datetime]:
    """The instants that the messages were for, in the order in which they came."""
    return [due[address] for address in addresses(messages)]


def test_a_hundred_messages_arrive_once_on_time_and_in_order(tmp_path: Path, smtp: SmtpServer) -> None:
    with running(tmp_path / "data") as up:
        api = Api(up.ready())
        api.add_sender(smtp, connections=5)
        start = datetime.now(UTC) + timedelta(seconds=2)
        # Messages 40 to 49 are for one instant; the requests come in another order than the instants.
        instants = [start + timedelta(milliseconds=50 * (40 if 40 <= i < 50 else i)) for i in range(100)]
        due = api.schedule(sorted(instants, key=lambda at: at.microsecond))
        smtp.wait_for(100)
        wait_until_sync(lambda: len(api.emails(status="sent")) == 100, what="100 sent messages")
        assert sorted(addresses(smtp.messages)) == sorted(due)
        assert_on_time(smtp.messages, due)
        assert overtaken(times(smtp.messages, due)) <= 5, "in order, but for what five connections have in hand"

        sent = api.emails(q="p7@")[0]
        story = api.get(f"/emails/{sent['id']}/events")["data"]
        assert [event["type"] for event in story] == ["scheduled", "dispatched", "accepted"]
        assert [event["at"] for event in story] == sorted(event["at"] for event in story)
        assert sent["scheduled_at"] <= story[1]["at"] <= sent["sent_at"]
        assert story[2]["message"].startswith("The mail server took it: 250 2.0.0 Accepted")


def test_after_ctrl_c_and_a_new_start_future_mail_arrives_on_time_and_once(tmp_path: Path, smtp: SmtpServer) -> None:
    began = datetime.now(UTC)
    with running(tmp_path / "data") as up:
        api = Api(up.ready())
        api.add_sender(smtp)
        now = datetime.now(UTC)
        start = now + max(timedelta(seconds=15), 4 * (now - began))  # a busy machine takes its time to start again
        future = [start + timedelta(milliseconds=50 * i) for i in range(50)]
        due = api.schedule([now] * 10 + future)
        smtp.wait_for(10)
        children = up.pids()
        assert up.stop(signal.SIGINT) == 0
        assert [name for name, pid in children.items() if lives(pid)] == []
        assert smtp.open_sessions == 0
    assert len(smtp.messages) == 10

    with running(tmp_path / "data") as up:
        api = Api(up.ready())
        assert datetime.now(UTC) < future[0], "the new start took too long to show anything"
        assert len(api.emails(status="scheduled")) == 50
        smtp.wait_for(60)
        wait_until_sync(lambda: len(api.emails(status="sent")) == 60, what="60 sent messages")
        assert {email["attempts"] for email in api.emails()} == {1}
    assert sorted(addresses(smtp.received)) == sorted(due)
    assert_on_time(smtp.messages[10:], due)
    assert times(smtp.messages[10:], due) == future


def test_a_limit_holds_in_every_window_and_nothing_is_lost_or_overtaken(tmp_path: Path, smtp: SmtpServer) -> None:
    window, limit, count = 10, 20, 60
    with running(tmp_path / "data", environ={"RATE_WINDOW_SECONDS": str(window)}) as up:
        api = Api(up.ready())
        api.add_sender(smtp, hourly_limit=limit)
        due = api.schedule([datetime.now(UTC)] * count)
        smtp.wait_for(limit)
        waiting = wait_until_sync(
            lambda: [email["waiting_for"] for email in api.emails(status="scheduled")], what="messages that wait"
        )
        assert {reason["reason"] for reason in waiting} == {"mailbox_hour"}
        smtp.wait_for(count, timeout=8 * window)
        wait_until_sync(lambda: len(api.emails(status="sent")) == count, what="all sent")
        # A dot that comes too late after its gate is not written: the message goes again, in an order of its own.
        with psycopg.connect(up.line["database_url"]) as connection:
            found = connection.execute(
                "select e.to_address from emails e join dispatches d on d.email_id = e.id where d.outcome = 'void'"
            )
            again = {address for (address,) in found}
    seen = [message.monotonic for message in smtp.received]
    assert [
        later - earlier for earlier, later in zip(seen, seen[limit:], strict=False) if later - earlier < window
    ] == []
    assert sorted(addresses(smtp.received)) == sorted(due)
    assert [each for each in addresses(smtp.received) if each not in again] == [
        each for each in due if each not in again
    ]
