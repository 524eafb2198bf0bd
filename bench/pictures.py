"""Puts a report into docs/performance.md, its table and its curves: `python -m bench.pictures [REPORT] [PAGE]`.

Plain SVG without a library: readable on a light and on a dark page, where a picture cannot know which it is on.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from bench.ground import ROOT
from bench.plan import figure
from bench.table import table

REPORT: Final = ROOT / ".cache/bench.json"
PAGE: Final = ROOT / "docs/performance.md"
BEGIN: Final = "<!-- report: written by `python -m bench.pictures` -->"
END: Final = "<!-- end of report -->"

DRAWN: Final = ("claim", "gate", "record", "search")  # the steps of a backlog that have a curve
WIDTH: Final = 720
LEFT: Final = 190  # where bars and curves begin
RIGHT: Final = 110  # what figures behind a bar take
OURS: Final = ("#2563eb", "#7c3aed", "#0891b2")
THEIRS: Final = ("#d97706", "#b45309", "#a16207")
STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2937 }
.title { font-weight: 600; font-size: 15px }
.quiet { fill: #6b7280 }
.grid { stroke: #9ca3af; stroke-opacity: .3 }
@media (prefers-color-scheme: dark) { text { fill: #e5e7eb } .quiet { fill: #9ca3af } }
"""

Report = Mapping[str, Any]
Part = tuple[str, float, str]  # what it is, how much, its colour


def median(report: Report, row: str, path: str, *, peer: bool = False) -> float | None:
    """Of all runs of a row; None where it was not played, or not by a peer."""
    runs = report["rows"].get(row, {}).get("peer" if peer else "runs", [])
    results = [run["result"][0] if peer else run["result"] for run in runs]
    return statistics.median(figure(result, path) for result in results) if results else None


def rates(report: Report) -> str:
    """Messages sent a second, ours and the peer's."""
    rows = (
        ("send", "1 mailbox, 50 connections"),
        ("send_5", "1 mailbox, 5 connections"),
        ("send_100_mailboxes", "100 mailboxes, 4 workers"),
    )
    groups = []
    for row, title in rows:
        ours = median(report, row, "per_second")
        theirs = median(report, row, "emailsPerSecond", peer=True)
        bars: list[Sequence[Part]] = []
        if ours is not None:
            bars.append([("Paceline", ours, OURS[0])])
        if theirs is not None:
            bars.append([("peer", theirs, THEIRS[0])])
        if bars:
            groups.append((title, bars))
    return stacked("Messages sent a second", groups, unit="/s")


def costs(report: Report) -> str:
    """CPU a message, by who spends it."""
    groups = []
    for row, title in (("send", "1 mailbox, 1 worker"), ("send_100_mailboxes", "100 mailboxes, 4 workers")):
        bars: list[Sequence[Part]] = []
        kinds = ("worker", "postgres", "redis")
        ours = [median(report, row, f"cpu_ms.{kind}") for kind in kinds]
        if None not in ours:
            bars.append([(kind, part or 0.0, colour) for kind, part, colour in zip(kinds, ours, OURS, strict=True)])
        count = median(report, row, "count", peer=True)
        if count is not None:
            spent = [
                (median(report, row, f"cpuSeconds.{kind}", peer=True) or 0.0) / count
                for kind in ("node", "pg", "redis")
            ]
            bars.append(
                [
                    (f"peer: {kind}", 1000 * part, colour)
                    for kind, part, colour in zip(("node", "postgres", "redis"), spent, THEIRS, strict=True)
                ]
            )
        if bars:
            groups.append((title, bars))
    return stacked("CPU-ms a message: worker, Postgres, Redis (peer: Node, Postgres, Redis)", groups, unit=" ms")


def lateness(report: Report) -> str:
    """How late each part of the messages leaves."""
    shares = ("min", "p50", "p90", "p99", "max")
    curves: list[tuple[str, str, list[float]]] = []
    for name, colour, path, peer in (
        ("Paceline, gate", OURS[0], "gate_ms", False),
        ("Paceline, dot at the server", OURS[2], "dot_ms", False),
        ("peer, start of sending", THEIRS[0], "milliseconds", True),
    ):
        found = [median(report, "on_time", f"{path}.{share}", peer=peer) for share in shares]
        if None not in found:
            curves.append((name, colour, [each or 0.0 for each in found]))
    return lines("Lateness in ms: 500 messages 20 ms apart", shares, curves)


def growth(report: Report) -> str:
    """What a look costs as the table grows, on a logarithmic scale."""
    runs = report["rows"].get("backlog", {}).get("runs", [])
    if not runs:
        return ""
    result = runs[0]["result"]
    sizes = [str(size) for size in result["sizes"]]
    colours = (*OURS, *THEIRS, "#16a34a", "#db2777", "#475569")
    names = [name for name in next(iter(result["ms"].values())) if name.split()[0].rstrip(":") in DRAWN]
    curves = [
        (name, colours[i % len(colours)], [float(result["ms"][size][name]) for size in sizes])
        for i, name in enumerate(names)
    ]
    return lines("Median in ms as the table grows", [f"{int(size):,}" for size in sizes], curves)


def stacked(title: str, groups: Sequence[tuple[str, Sequence[Sequence[Part]]]], *, unit: str) -> str:
    """Bars of parts, grouped under a name; the longest takes the width."""
    if not groups:
        return ""
    most = max(sum(part for _, part, _ in bar) for _, bars in groups for bar in bars)
    scale = (WIDTH - LEFT - RIGHT) / most
    drawn, y = [_text(10, 24, title, "title")], 44.0
    for name, bars in groups:
        drawn.append(_text(LEFT - 10, y + 11 * len(bars) + 4, name, anchor="end"))
        for bar in bars:
            x = float(LEFT)
            for what, part, colour in bar:
                drawn.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(part * scale, 0.5):.1f}" height="18" fill="{colour}">'
                    f"<title>{escape(what)}: {written(part)}{unit}</title></rect>"
                )
                x += part * scale
            said = f"{written(sum(part for _, part, _ in bar))}{unit}"
            drawn.append(_text(x + 6, y + 14, f"{said}{' (peer)' if 'peer' in bar[0][0] else ''}"))
            y += 22
        y += 14
    return _picture(y, drawn)


def lines(title: str, steps: Sequence[str], curves: Sequence[tuple[str, str, Sequence[float]]]) -> str:
    """A curve for each name over the same steps, on a logarithmic scale."""
    if not curves:
        return ""
    values = [max(value, 0.01) for _, _, found in curves for value in found]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    top, bottom, left, right = 60.0, 300.0, 70.0, 470.0

    def place(i: int, value: float) -> tuple[float, float]:
        x = left + (right - left) * (i / max(len(steps) - 1, 1))
        share = (math.log10(max(value, 0.01)) - low) / max(high - low, 1)
        return x, bottom - (bottom - top) * share

    drawn = [_text(10, 24, title, "title")]
    for power in range(low, high + 1):
        _, y = place(0, 10.0**power)
        drawn.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(_text(left - 8, y + 4, f"{10.0**power:g}", "quiet", anchor="end"))
    for i, step in enumerate(steps):
        drawn.append(_text(place(i, 1)[0], bottom + 20, step, "quiet", anchor="middle"))
    # Names beside the ends of their curves, moved apart where they would cover each other.
    y = float("-inf")
    for name, colour, found in sorted(curves, key=lambda curve: -curve[2][-1]):
        points = " ".join("{:.1f},{:.1f}".format(*place(i, value)) for i, value in enumerate(found))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        end = place(len(found) - 1, found[-1])
        y = max(y + 17, end[1])
        ends = f'x1="{end[0]:.1f}" y1="{end[1]:.1f}" x2="{right + 14}" y2="{y:.1f}"'
        drawn.append(f'<line {ends} stroke="{colour}" stroke-opacity=".5"/>')
        drawn.append(_text(right + 18, y + 4, f"{name}: {written(found[-1])}"))
    return _picture(max(bottom + 36, y + 20), drawn)


def written(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _picture(height: float, drawn: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img">'
    return "\n".join([head, f"<style>{STYLE}</style>", *drawn, "</svg>", ""])


PICTURES: Final = {
    "rates": (rates, "How many messages a second, beside the peer"),
    "costs": (costs, "How much of the processor a message takes, beside the peer"),
    "lateness": (lateness, "How late messages leave, from the earliest to the latest"),
    "growth": (growth, "What steps and searches cost as the backlog grows"),
}


def main(argv: Sequence[str]) -> None:
    report = json.loads((Path(argv[0]) if argv else REPORT).read_text())
    page = Path(argv[1]) if len(argv) > 1 else PAGE
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    said = ["", about(report), "", *table(report["rows"]), ""]
    for name, (draw, what) in PICTURES.items():
        picture = draw(report)
        if picture:
            (folder / f"{name}.svg").write_text(picture)
            said += [f"![{what}]({folder.name}/{name}.svg)", ""]
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{page} has no place for a report"
    page.write_text(before + begin + "\n" + "\n".join(said) + end + after)


def about(report: Report) -> str:
    """When and on what it was measured."""
    machine, versions = report["machine"], report["versions"]
    loads = [run["load"] for played in report["rows"].values() for run in (*played["runs"], *played["peer"])]
    return (
        f"Measured on {report['began_at'][:10]} at `{versions['paceline']}`: {machine['cores']} cores "
        f"({machine['processor']}), {machine['memory_gb']} GB, {machine['system']}, Python {versions['python']}, "
        f"{versions['postgres']}; load before a run {min(loads):.1f} to {max(loads):.1f}, median "
        f"{statistics.median(loads):.1f}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
