"""How fast and in how much memory a long list is read, and a campaign to it written: `python -m bench.imports [ROWS]`.

Starts `paceline up` on a data folder of its own and uploads one CSV over the API, as the dashboard does: from the first
byte that is sent until every row is committed, checked, without duplicates. Then it schedules a campaign to the list,
until every message is committed. Run it on a quiet machine; memory is told on Linux.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg

ROWS = 1_000_000
LOOK_EVERY = 0.2  # seconds


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="paceline-bench-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)
        listed = write_list(Path(home) / "list.csv", count)
        command = [str(Path(sys.executable).parent / "paceline"), "up", "--json", "--port", "0"]
        command += ["--data-dir", f"{home}/data"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as up:
            assert up.stdout is not None
            info = json.loads(up.stdout.readline())
            try:
                measure(info, listed, count)
            finally:
                up.terminate()


def write_list(path: Path, count: int) -> Path:
    """Two in a hundred are duplicates."""
    with path.open("w", encoding="utf-8") as file:
        file.write("Email,First name,Last name,Company,City\n")
        for i in range(count):
            who = i - 1 if i % 50 == 49 else i
            file.write(f"user{who}@company{who % 5000}.example.com,Anna{i % 100},Müller,Company {i % 5000} Ltd,Köln\n")
    return path


def measure(info: dict[str, Any], listed: Path, count: int) -> None:
    client = httpx.Client(
        base_url=f"{info['url']}/v1", headers={"Authorization": f"Bearer {info['api_key']}"}, timeout=120
    )
    web, worker = info["pids"]["web"][0], info["pids"]["worker"][0]
    began = time.perf_counter()
    with listed.open("rb") as file:
        found = client.post("/recipients/parse", files={"file": ("list.csv", file)}).raise_for_status().json()
    accepted = time.perf_counter() - began
    reader = 0  # KiB at its peak
    while found["state"] in ("waiting", "reading"):
        time.sleep(LOOK_EVERY)
        reader = max([reader, *(peak_kib(child) for child in children(worker))])
        found = client.get(f"/imports/{found['import_id']}").raise_for_status().json()
    took = time.perf_counter() - began
    assert (found["state"], found["detected"], found["duplicates"]) == ("done", count, count // 50), found
    size = listed.stat().st_size / 1e6
    write_campaign(info, client, found)
    peaks = {"reader": reader, "worker": peak_kib(worker), "web": peak_kib(web)}
    memory = ", ".join(f"{name} {kib / 1024:.0f} MB" for name, kib in peaks.items())
    print(
        f"{count:,} rows ({size:.0f} MB) in {took:.1f} s, {count / took:,.0f} a second; accepted after {accepted:.1f} s"
    )
    print(f"peak memory: {memory}")


def write_campaign(info: dict[str, Any], client: httpx.Client, listed: dict[str, Any]) -> None:
    sender = client.get("/senders").raise_for_status().json()["data"][0]["id"]
    wanted = {"sender_ids": [sender], "subject": "Hi {{ first_name }}", "text": "Hi", "start_at": "in 1 day"}
    campaign = client.post("/campaigns", json=wanted | {"import_id": listed["import_id"]}).raise_for_status().json()
    began = time.perf_counter()
    client.post(f"/campaigns/{campaign['id']}/schedule").raise_for_status()
    answered = time.perf_counter() - began
    with psycopg.connect(info["database_url"], autocommit=True) as conn:
        while conn.execute("select from campaigns where placed is not null").fetchone() is not None:
            time.sleep(LOOK_EVERY)
        took = time.perf_counter() - began
        (count,) = conn.execute("select count(*) from emails").fetchone() or (0,)
    assert count == listed["valid"], count
    rate = count / took
    print(f"{count:,} messages of a campaign in {took:.1f} s, {rate:,.0f} a second; answered after {answered:.2f} s")


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def peak_kib(pid: int) -> int:
    """The most memory that a process has had; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
