"""`make bench`: every bench in turn, a peer's beside it, the table with medians, targets and ratios, and all as JSON.

    make bench ARGS="--runs 3 --only batch,idle"
    make bench ARGS="--add --only backlog"     what takes a quarter of an hour, into the same report
    PEER=path/to/peer make bench               in turn with another program: ours, theirs, ours, theirs

Run it on a quiet machine: the load before each run is written down, but nothing is done about it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.ground import ROOT, Ground, ground_of
from bench.machine import machine, versions
from bench.peer import Peer
from bench.plan import ROWS, Row
from bench.table import Played, table

RUNS: Final = 5


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each row that does not take minutes ({RUNS})")
    parser.add_argument("--only", default="", help="names of rows, with commas")
    parser.add_argument("--quick", action="store_true", help="small: shows that it works, tells nothing about speed")
    parser.add_argument("--json", type=Path, default=ROOT / ".cache/bench.json", help="where every run is written")
    parser.add_argument("--add", action="store_true", help="to what is written there, instead of anew")
    options = parser.parse_args(argv)
    wanted = [name for name in options.only.split(",") if name]
    if unknown := set(wanted) - {row.name for row in ROWS}:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(row.name for row in ROWS)}")
    rows = [row for row in ROWS if row.name in wanted or (not wanted and not row.apart)]
    peer = Peer(Path(os.environ["PEER"])) if os.environ.get("PEER") else None
    report: dict[str, Any] = {
        "began_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "quick": options.quick,
        "rows": {},
    }
    if options.add and options.json.exists():
        report["rows"] = json.loads(options.json.read_text())["rows"]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    for row in rows:
        played = report["rows"][row.name] = Played(runs=[], peer=[])
        try:
            play(row, peer, played, runs=1 if row.once else options.runs, quick=options.quick)
        except Exception as error:  # the others are still worth having
            traceback.print_exc()
            played["error"] = str(error)
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    print("\n".join(table(report["rows"])))
    return int(any("error" in report["rows"][row.name] for row in rows))


def play(row: Row, peer: Peer | None, played: Played, *, runs: int, quick: bool) -> None:
    """The runs of one row, ours and the peer's in turn. Nothing of ours is up while the peer is at work."""
    ours, theirs = played["runs"], played["peer"]

    def of_ours(ground: Ground | None) -> None:
        ours.append(_noted(f"{row.name}, ours", lambda: row.measure(ground, quick=quick)))

    if peer is None or not row.peer:
        with ground_of(row.needs) as ground:
            for _ in range(runs):
                of_ours(ground)
        return
    for _ in range(runs):
        with ground_of(row.needs) as ground:
            of_ours(ground)
        theirs.append(_noted(f"{row.name}, theirs", lambda: peer.measure(*row.peer)))


def _noted(name: str, measure: Callable[[], Any]) -> dict[str, Any]:
    """What it gave, the load that it began under, and how long it took."""
    load, began = os.getloadavg()[0], time.monotonic()
    result = measure()
    took = time.monotonic() - began
    print(f"{name}: {took:.0f} s, load before {load:.1f}", file=sys.stderr, flush=True)
    return {"load": round(load, 2), "took_seconds": round(took, 1), "result": result}


if __name__ == "__main__":
    sys.exit(main())
