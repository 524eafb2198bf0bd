"""How late mail leaves: `python -m bench.on_time [MESSAGES] [MILLISECONDS APART]`.

Starts `paceline up` on a data folder of its own, schedules messages over the API (ten of them for one instant) and
compares their times with the final dots that a recording SMTP server saw. Run it on a quiet machine.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.support.smtp_server import SmtpServer

SAME = range(50, 60)  # these are for one instant


def main(count: int, apart_ms: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="paceline-bench-", ignore_cleanup_errors=True) as home,
        SmtpServer() as smtp,
    ):
        Path(home).chmod(0o711)
        command = [
            str(Path(sys.executable).parent / "paceline"),
            "up",
            "--json",
            "--port",
            "0",
            "--data-dir",
            f"{home}/data",
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as up:
            assert up.stdout is not None
            info = json.loads(up.stdout.readline())
            try:
                report(measure(info["url"], info["api_key"], smtp, count, apart_ms))
            finally:
                up.terminate()


def measure(url: str, key: str, smtp: SmtpServer, count: int, apart_ms: int) -> list[float]:
    """Seconds from each message's time to its dot at the server, in order of arrival."""
    client = httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=20)
    sender = {
        "name": "Bench", "from_email": "bench@example.com", "host": "127.0.0.1", "port": smtp.port, "security": "none",
        "hourly_limit": None, "min_delay_ms": 0,
    }  # fmt: skip
    client.post("/senders", json=sender).raise_for_status()
    start = datetime.now(UTC) + timedelta(seconds=3)
    due = {}
    for i in range(count):
        at = start + timedelta(milliseconds=apart_ms * (SAME.start if i in SAME else i))
        to = f"r{i}@example.com"
        email = {"from": sender["from_email"], "to": to, "subject": str(i), "text": "x", "scheduled_at": at.isoformat()}
        client.post("/emails", json=email).raise_for_status()
        due[to] = at.timestamp()
    smtp.wait_for(count, timeout=count * apart_ms / 1000 + 30)
    time.sleep(0.5)  # would there be one too many?
    arrived = [(message.recipients[0], message.at) for message in smtp.messages]
    assert sorted(to for to, _ in arrived) == sorted(due), "each exactly once"
    assert [due[to] for to, _ in arrived] == sorted(due.values()), "in the order of their times"
    return [at - due[to] for to, at in arrived]


def report(lateness: list[float]) -> None:
    ordered = sorted(1000 * late for late in lateness)
    print(
        f"{len(ordered)} messages, each once, in order; late by (ms): min {ordered[0]:.1f}, median "
        f"{statistics.median(ordered):.1f}, p99 {ordered[int(len(ordered) * 0.99) - 1]:.1f}, max {ordered[-1]:.1f}"
    )


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], *("100", "50")[len(sys.argv) - 1 :])))
