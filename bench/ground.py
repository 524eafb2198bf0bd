"""What the benches stand on: `paceline up` on a folder of its own, a mail server that takes everything, and meters.

A bench is a module with `NEEDS`, what it has to have started, and `measure(ground, *, quick)`, which gives its figures
as a dict; `quick` is a small form that shows that it works and tells nothing about speed. `alone` makes a command of
it.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import httpx
import psycopg
import redis

from app.embedded.child import TETHER
from app.embedded.leftovers import RECORD
from bench import smtp_ends
from bench.meters import tree_seconds
from tests.support.ports import free_port
from tests.support.up import Up, clean_environment
from tests.support.waiting import wait_until_sync

ROOT: Final = Path(__file__).parents[1]
STATEMENT: Final = re.compile(
    r"^<(?P<who>.*)> LOG:  (?:statement|execute [^:]*): (?P<what>.*(?:\n\t.*)*)", re.MULTILINE
)
SERVERS: Final = ("postgres", "redis")
LOOK_EVERY: Final = 0.05  # seconds
OF_CLIENTS: Final = (
    "eval",
    "script",
    "ping",
    "auth",
    "hello",
    "client",
    "select",
    "publish",
)  # others run within scripts

Result = dict[str, Any]
Measure = Callable[..., Result]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a bench has started for it."""

    webs: int = 1
    workers: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)


class Ground:
    """Everything of one run. Postgres flushes every commit to the disk, Redis its log every second, as under `up`."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._stack = ExitStack()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.home = stack.enter_context(_folder())
            self.up = Up(self.home / "data", "--workers", str(self._needs.workers), environ=self._needs.environment)
            stack.callback(self.up.end)
            self.line = self.up.ready()
            more = [stack.enter_context(self._web()) for _ in range(self._needs.webs - 1)]
            self.urls = [str(self.line["url"]), *(url for url, _ in more)]
            self._webs = [pid for _, pid in more]
            self.client = stack.enter_context(
                httpx.Client(base_url=f"{self.urls[0]}/v1", headers=self.authorization, timeout=120)
            )
            self.conn = stack.enter_context(psycopg.connect(self.line["database_url"], autocommit=True))
            self.redis = stack.enter_context(redis.Redis.from_url(self.line["redis_url"]))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.line['api_key']}"}

    @property
    def window(self) -> float:
        """Seconds of an hour."""
        return float(self._needs.environment.get("RATE_WINDOW_SECONDS", 3600))

    @cached_property
    def sink(self) -> tuple[str, int]:
        """Host and port of a server that takes everything; started when it is first asked for."""
        _, [place] = self._stack.enter_context(smtp_ends.sinks(1))
        return place

    def post(self, path: str, body: object) -> dict[str, Any]:
        found: dict[str, Any] = self.client.post(path, json=body).raise_for_status().json()
        return found

    def sender(self, *, port: int, host: str = "127.0.0.1", **fields: object) -> dict[str, Any]:
        """A new sender without limit and gap."""
        wanted = {
            "name": "Bench", "from_email": f"bench{next(self._numbers)}@example.com", "host": host, "port": port,
            "security": "none", "hourly_limit": None, "min_delay_ms": 0,
        }  # fmt: skip
        return self.post("/senders", wanted | fields)

    def one(self, statement: str, *parameters: object) -> Any:
        """The only value that an SQL statement gives."""
        row = self.conn.execute(statement.encode(), parameters).fetchone()
        assert row is not None
        return row[0]

    def read_list(self, rows: Iterable[str]) -> dict[str, Any]:
        """Uploads lines of CSV; what was found in them, once they are read."""
        file = "\n".join(rows)
        listed = self.client.post("/recipients/parse", files={"file": ("list.csv", file)}).raise_for_status().json()
        return self.until_read(listed)

    def until_read(self, listed: dict[str, Any]) -> dict[str, Any]:
        """The same list once nothing of it waits to be read."""
        while listed["state"] in ("waiting", "reading"):
            time.sleep(LOOK_EVERY)
            listed = self.client.get(f"/imports/{listed['import_id']}").raise_for_status().json()
        assert listed["state"] == "done", listed
        return listed

    def campaign(self, **fields: object) -> str:
        """The id of a campaign that is scheduled; its messages may still have to be written."""
        made: str = self.post("/campaigns", fields)["id"]
        self.client.post(f"/campaigns/{made}/schedule").raise_for_status()
        return made

    def until_written(self, campaign_id: str) -> None:
        """Returns once all messages of a campaign are committed."""
        while self.one("select placed is not null from campaigns where id = %s", campaign_id):
            time.sleep(LOOK_EVERY)

    def wait(self, condition: Callable[[], object], within: float, what: str) -> None:
        wait_until_sync(condition, within, what=what)

    # Meters

    def pids(self, kind: str) -> list[int]:
        """Of `web`, `worker`, `postgres` or `redis`."""
        if kind in SERVERS:
            record = json.loads((self.up.data / RECORD).read_bytes())
            return [known["pid"] for stage in record["stages"] for known in stage if known["name"] == kind]
        found: list[int] = self.up.run_json()["pids"][kind]
        return found + (self._webs if kind == "web" else [])

    def cpu(self) -> dict[str, float]:
        """Seconds that each kind of process has spent so far, with its children."""
        return {
            kind: sum(tree_seconds(pid) for pid in self.pids(kind)) for kind in ("web", "worker", "postgres", "redis")
        }

    def wal(self) -> int:
        """Bytes of write-ahead log so far."""
        return int(self.one("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def commands(self) -> tuple[int, int]:
        """Commands that Redis's clients have given it so far, and with those that its scripts have. By which we ask is
        not among them."""
        stats: dict[str, Any] = self.redis.info("commandstats")
        calls = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
        calls.pop("info", None)
        return sum(count for name, count in calls.items() if name.startswith(OF_CLIENTS)), sum(calls.values())

    def redis_bytes(self) -> int:
        """What all of Redis's keys take."""
        return sum(self.redis.memory_usage(key) or 0 for key in self.redis.scan_iter())

    @contextmanager
    def metered(self) -> Iterator[Result]:
        """Gives a dict that has, afterwards, what the block cost: `seconds`, `cpu` by kind, `wal_bytes`."""
        spent: Result = {}
        began, cpu, wal = time.perf_counter(), self.cpu(), self.wal()
        yield spent
        spent["seconds"] = round(time.perf_counter() - began, 3)
        spent["cpu"] = {kind: round(now - cpu[kind], 2) for kind, now in self.cpu().items()}
        spent["wal_bytes"] = self.wal() - wal

    @contextmanager
    def statements(self) -> Iterator[list[tuple[str, str]]]:
        """Gives a list that has, afterwards, every SQL statement of the block: whose session made it, and its text."""
        log, made = self.up.data / "log" / "postgres.log", list[tuple[str, str]]()
        self.conn.execute("alter system set log_line_prefix = '<%a> '")
        self._log_statements("all")
        before = log.stat().st_size
        yield made
        with log.open("rb") as file:
            file.seek(before)
            said = file.read().decode(errors="replace")
        self._log_statements("none")
        made += [(found["who"], found["what"]) for found in STATEMENT.finditer(said)]

    def _log_statements(self, which: str) -> None:
        self.conn.execute(f"alter system set log_statement = '{which}'".encode())
        self.conn.execute("select pg_reload_conf()")
        time.sleep(0.5)  # until every session has heard of it

    @contextmanager
    def _web(self) -> Iterator[tuple[str, int]]:
        """One more web process beside the one of `up`: its URL and its process id."""
        port = free_port()
        environment = {
            "DATABASE_URL": self.line["database_url"],
            "REDIS_URL": self.line["redis_url"],
            "SECRET_KEY": (self.up.data / "secret_key").read_text().strip(),
            "API_RATE_LIMIT": "none",
            "SMTP_ALLOW_PRIVATE": "1",
        }
        with tethered(
            [sys.executable, "-m", "app.cli", "web", "--port", str(port)], environment | dict(self._needs.environment)
        ) as process:
            url = f"http://127.0.0.1:{port}"
            wait_until_sync(lambda: _answers(f"{url}/healthz"), 60, what="the web process to answer")
            yield url, process.pid


@contextmanager
def tethered(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with this one, however that ends."""
    tether = (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(signal.SIGKILL)), "0", "--")
    process = subprocess.Popen(
        [*tether, *command],
        cwd=ROOT,
        env=clean_environment() | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="paceline-bench-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)  # root's Postgres is somebody else and has to get through
        yield Path(home)


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, verify=False).status_code == 200
    return False


# Figures


def spread(seconds: Iterable[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    ordered = sorted(1000 * each for each in seconds)
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, int(len(ordered) * share))], 2)
        for name, share in (("min", 0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1))
    }


def ground_of(needs: Needs | None) -> AbstractContextManager[Ground | None]:
    return nullcontext() if needs is None else Ground(needs)


def alone(
    measure: Measure, needs: Needs | None, argv: Sequence[str] | None = None, *, about: str | None = None
) -> None:
    """The command of a bench: measures once, or `--runs` times, and prints a JSON line each."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="small: shows that it works, tells nothing about speed")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args(argv)
    with ground_of(needs) as ground:
        for _ in range(options.runs):
            load = os.getloadavg()[0]
            print(json.dumps({"load": round(load, 2)} | measure(ground, quick=options.quick)), flush=True)
