"""How fast due mail leaves, and what a message costs: `python -m bench.send --help` (Linux).

Starts `paceline up` on a data folder of its own: fresh Postgres and Redis that flush to the disk, as everybody gets
them. A campaign without limits or gaps, made over the API from a CSV, with a template for each recipient, comes due at
one instant and goes to a sink through real worker processes, with gate, ledger, events and counters. The rate counts
from that instant until the last message is `sent` in the database. Run it on a quiet machine; CPU a message says
something on a busy one too.

With --latency-ms the sink is that round trip away, and nodemailer's pool takes turns with Paceline on the same line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from bench import smtp_ends
from bench.ground import Ground, Needs
from bench.meters import Meters, each, peak_mb

ROOT: Final = Path(__file__).parents[1]
MOST_SENDERS: Final = 50  # of one campaign
PATIENCE: Final = 60.0  # seconds without one more message sent
LOOK_EVERY: Final = 0.1  # seconds
LEFT: Final = "select coalesce(sum(count), 0)::bigint from lane_counts where status <> 'sent'"
POOL: Final = 100  # SMTP connections of a worker, as by default

SUBJECT = "A question about {{ company }}, {{ name }}"
TEXT = """Hi {{ name }},

I came across {{ company }} while looking at teams that answer their customers by e-mail, and I have one idea for you
instead of a long pitch.

Most of the teams we work with sent everything from one mailbox and lost a third of the answers. We spread the same
volume over several, keep each of them under its limit, and bring the answers back to one place.

For {{ company }} that would mean some forty more conversations a month with the list that you have already, without
any new tool for your team to learn.

Would a quarter of an hour on Thursday or Friday do, {{ name }}? If somebody else looks after this at {{ company }}, I
would be glad of a name.

Best regards,
Alex
"""
HTML = "<html><body><p>" + TEXT.strip().replace("\n\n", "</p><p>").replace("\n", " ") + "</p></body></html>"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    messages: int = 20_000
    mailboxes: int = 1
    connections: int = 50  # of each mailbox
    workers: int = 1
    latency_ms: float = 0.0  # of the round trip to the server


def run(options: Options) -> dict[str, Any]:
    """One run on fresh servers; times in seconds, CPU in milliseconds a message."""
    with contextlib.ExitStack() as stack:
        program, places = stack.enter_context(smtp_ends.sinks(options.mailboxes))
        if options.latency_ms:
            places = [stack.enter_context(smtp_ends.delayed(options.latency_ms, *place)) for place in places]
        needs = Needs(workers=options.workers, environment={"WORKER_CONCURRENCY": str(max(POOL, options.connections))})
        result = _Run(stack.enter_context(Ground(needs)), options).measure(places)
    return {**msgspec.to_builtins(options), "sink": program, **result}


def nodemailer(messages: int, connections: int, latency_ms: float) -> dict[str, Any]:
    """nodemailer's pool alone on such a line, without queue and database: `per_second` and what it was."""
    with contextlib.ExitStack() as stack:
        _, [place] = stack.enter_context(smtp_ends.sinks(1))
        if latency_ms:
            place = stack.enter_context(smtp_ends.delayed(latency_ms, *place))
        command = [str(ROOT / "tools/npm.sh"), "tests/node", "node", "nodemailer_pool.mjs"]
        done = subprocess.run(
            [*command, *map(str, (*place, messages, connections))], check=True, stdout=subprocess.PIPE, timeout=600
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class _Run:
    def __init__(self, ground: Ground, options: Options) -> None:
        self._ground = ground
        self._options = options

    def measure(self, places: Sequence[tuple[str, int]]) -> dict[str, Any]:
        start = self._schedule([self._sender(number, *place) for number, place in enumerate(places)])
        self._settle(start)
        workers = self._ground.pids("worker")
        trees = {kind: self._ground.pids(kind) for kind in ("worker", "postgres", "redis")}
        meters = Meters(self._ground.line["database_url"], self._ground.line["redis_url"], trees)
        before = meters.read()
        self._until_sent()
        time.sleep(1.0)  # the last counters
        after = meters.read()
        meters.close()
        return {**self._times(start), **each(before, after, self._options.messages), **self._memory(workers)}

    def _sender(self, number: int, host: str, port: int) -> str:
        fields = {
            "name": f"Bench {number}",
            "from_email": f"alex{number}@example.com",
            "from_name": "Alex Morgan",
            "concurrency": self._options.connections,
        }
        return str(self._ground.sender(host=host, port=port, **fields)["id"])

    def _schedule(self, senders: Sequence[str]) -> datetime:
        """Campaigns of equal size, as many as so many senders need. When they come due."""
        groups = [senders[at : at + MOST_SENDERS] for at in range(0, len(senders), MOST_SENDERS)]
        count = self._options.messages
        lists = [self._list(count * i // len(groups), count * (i + 1) // len(groups)) for i in range(len(groups))]
        start = datetime.now(UTC) + timedelta(seconds=6 + count / 5000)
        for group, listed in zip(groups, lists, strict=True):
            self._ground.campaign(
                sender_ids=group,
                subject=SUBJECT,
                html=HTML,
                text=TEXT,
                import_id=listed,
                start_at=start.isoformat(),
            )
        return start

    def _list(self, first: int, last: int) -> str:
        rows = [f"lead{i}@example.com,Lead{i},Company {i * 7919 % 100003}" for i in range(first, last)]
        found = self._ground.read_list(["email,name,company", *rows])
        assert found["valid"] == last - first, found
        return str(found["import_id"])

    def _settle(self, start: datetime) -> None:
        """Waits until every message is written, and nearly until the instant, while the workers do nothing else."""
        while self._ground.one("select count(*) from campaigns where placed is not null"):
            time.sleep(LOOK_EVERY)
        left = (start - datetime.now(UTC)).total_seconds() - 0.5
        if left < 0 or self._ground.one("select count(*) from emails") != self._options.messages:
            raise RuntimeError("The messages were not written in time: the machine is too busy.")
        self._ground.conn.execute("vacuum analyze emails")
        self._ground.conn.execute("checkpoint")
        time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() - 0.3))

    def _until_sent(self) -> None:
        seen, moved = -1, time.monotonic()
        while (left := self._ground.one(LEFT)) > 0:
            if left != seen:
                seen, moved = left, time.monotonic()
            elif time.monotonic() - moved > PATIENCE:
                raise RuntimeError(f"{left} messages are not sent.\n{self._ground.up.last_words()}")
            time.sleep(LOOK_EVERY)

    def _times(self, start: datetime) -> dict[str, float]:
        query = "select count(*), min(dispatched_at), min(sent_at), max(sent_at) from emails where status = 'sent'"
        count, gated, first, last = self._ground.conn.execute(query).fetchone() or (0, start, start, start)
        assert count == self._options.messages == self._ground.one("select count(*) from dispatches"), count
        seconds = (last - start).total_seconds()
        return {
            "per_second": round(count / seconds, 1),
            "seconds": round(seconds, 3),
            "first_gate_ms": round(1000 * (gated - start).total_seconds(), 1),
            "per_second_from_the_first": round(count / max((last - first).total_seconds(), 0.001), 1),
        }

    def _memory(self, workers: Sequence[int]) -> dict[str, Any]:
        return {"worker_peak_mb": [round(peak_mb(pid)) for pid in workers]}


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench.send", description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--mailboxes", type=int, default=1)
    parser.add_argument("--connections", type=int, default=50, help="of each mailbox (50)")
    parser.add_argument("--workers", type=int, default=1, help="worker processes (1)")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="round trip to the SMTP server")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the result there too")
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages, only to see that it works")
    given = parser.parse_args(argv)
    options = Options(
        messages=max(given.messages // 10, given.mailboxes) if given.quick else given.messages,
        mailboxes=given.mailboxes,
        connections=given.connections,
        workers=given.workers,
        latency_ms=given.latency_ms,
    )
    result = run(options)
    if options.latency_ms:
        result["nodemailer"] = nodemailer(options.messages, options.connections, options.latency_ms)
    print(json.dumps(result, indent=1))
    if given.json is not None:
        given.json.write_text(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
