"""The table of a report, in Markdown: medians, what they aim at, and how they stand to the peer's."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any, NotRequired, TypedDict

from bench.plan import ROWS, Aim, Row, figure


class Played(TypedDict):
    """All runs of a row, each with its load and its result; a peer's result is its lines."""

    runs: list[dict[str, Any]]
    peer: list[dict[str, Any]]
    error: NotRequired[str]


def table(played: Mapping[str, Played]) -> Iterator[str]:
    """A row for each aim of those that were played."""
    yield "| bench | measured | peer | ratio | target | |"
    yield "|---|---|---|---|---|---|"
    for row in ROWS:
        if row.name in played:
            yield from _row(row, played[row.name])


def _row(row: Row, played: Played) -> Iterator[str]:
    if "error" in played or not played["runs"]:
        yield f"| {row.title} | failed: {played.get('error', 'no runs').splitlines()[0]} | | | | |"
        return
    title = f"{row.title} ({len(played['runs'])} runs)" if len(played["runs"]) > 1 else row.title
    for aim in row.aims:
        ours = statistics.median(figure(run["result"], aim.figure) for run in played["runs"])
        theirs = None
        if aim.peer is not None and played["peer"]:
            theirs = statistics.median(aim.peer(run["result"]) for run in played["peer"])
        ratio = f"{ours / theirs:.2f}x" if theirs else ""
        cells = [title, f"{written(ours)} {aim.unit}", written(theirs), ratio, target(aim), verdict(aim, ours, theirs)]
        yield f"| {' | '.join(cells)} |"
        title = ""


def target(aim: Aim) -> str:
    words = []
    if aim.at_least is not None:
        words.append(f">= {written(aim.at_least)}")
    if aim.at_most is not None:
        words.append(f"<= {written(aim.at_most)}")
    if aim.times_peer is not None:
        words.append(f">= {aim.times_peer:g}x peer")
    return ", ".join(words)


def verdict(aim: Aim, ours: float, theirs: float | None) -> str:
    """Whether it is met; empty where there is nothing to meet, or no peer to compare with."""
    checks = []
    if aim.at_least is not None:
        checks.append(ours >= aim.at_least)
    if aim.at_most is not None:
        checks.append(ours <= aim.at_most)
    if aim.times_peer is not None and theirs is not None:
        checks.append(ours >= aim.times_peer * theirs)
    return "" if not checks else "met" if all(checks) else "**missed**"


def written(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
