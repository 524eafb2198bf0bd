"""How fast and in how much memory a long list is read, and a campaign to it written: `python -m bench.imports`.

Uploads one CSV over the API, as the dashboard does: from the first byte that is sent until every row is committed,
checked, without duplicates. Then it schedules a campaign to the list, until every message is committed, and at last
uploads it once more as a list of suppressions, until the last of its addresses is suppressed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from bench.ground import LOOK_EVERY, Ground, Needs, Result, alone
from bench.meters import peak_mb

NEEDS: Final = Needs()
ROWS: Final = 100_000
WORDS: Final = {"subject": "Hi {{ first_name }}", "text": "Hi"}


def measure(ground: Ground, *, quick: bool, rows: int = ROWS) -> Result:
    rows = 2_000 if quick else rows
    listed = ground.home / "list.csv"
    listed.write_text("\n".join(people(rows)), encoding="utf-8")
    megabytes = round(listed.stat().st_size / 1e6, 1)
    found, reading = read_list(ground, listed, "/recipients/parse", rows)
    with ground.metered() as writing:
        answered = write_campaign(ground, found)
    listed.write_text("\n".join(people(rows, of="gone")), encoding="utf-8")
    _, suppressing = read_list(ground, listed, "/suppressions/import", rows)
    return {
        "rows": rows,
        "megabytes": megabytes,
        **reading,
        "campaign": {"answered_seconds": answered, **_told(writing, found["valid"])},
        "suppressions": suppressing,
    }


def read_list(ground: Ground, listed: Path, path: str, rows: int) -> tuple[dict[str, Any], Result]:
    """What was found in it once all of it is committed, and what that took."""
    with peaks(ground) as memory, ground.metered() as spent:
        began = time.perf_counter()
        with listed.open("rb") as file:
            posted = ground.client.post(path, files={"file": ("list.csv", file)})
        accepted = time.perf_counter() - began
        found = ground.until_read(posted.raise_for_status().json())
    assert (found["detected"], found["duplicates"]) == (rows, rows // 50), found
    return found, {"accepted_seconds": round(accepted, 3), **_told(spent, rows), "peak_mb": memory}


def people(rows: int, *, of: str = "company") -> Iterator[str]:
    """Lines of CSV; two in a hundred are duplicates."""
    yield "Email,First name,Last name,Company,City"
    for i in range(rows):
        who = i - 1 if i % 50 == 49 else i
        yield f"user{who}@{of}{who % 5000}.example.com,Anna{i % 100},Müller,Company {i % 5000} Ltd,Köln"


def write_campaign(ground: Ground, listed: dict[str, Any]) -> float:
    """Returns once every message is committed; the seconds that the request took."""
    sender = ground.sender(port=9)["id"]  # nothing leaves today
    began = time.perf_counter()
    campaign = ground.campaign(sender_ids=[sender], start_at="in 1 day", import_id=listed["import_id"], **WORDS)
    answered = time.perf_counter() - began
    ground.until_written(campaign)
    count = ground.one("select count(*) from emails where campaign_id = %s", campaign)
    assert count == listed["valid"], count
    return round(answered, 3)


def _told(spent: Result, count: int) -> Result:
    return {
        "seconds": spent["seconds"],
        "per_second": round(count / spent["seconds"]),
        "cpu_us": round(1e6 * sum(spent["cpu"].values()) / count, 1),
        "wal_bytes": round(spent["wal_bytes"] / count),
    }


@contextmanager
def peaks(ground: Ground) -> Iterator[dict[str, float]]:
    """The most memory, in MB, of the process that reads the list, of its worker and of the web process."""
    memory = {"reader": 0.0}
    [worker], [web, *_] = ground.pids("worker"), ground.pids("web")
    done = Event()

    def look() -> None:
        while not done.wait(LOOK_EVERY):
            memory["reader"] = max([memory["reader"], *map(peak_mb, children(worker))])

    looking = Thread(target=look)
    looking.start()
    try:
        yield memory
    finally:
        done.set()
        looking.join()
        memory |= {"worker": peak_mb(worker), "web": peak_mb(web)}


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
