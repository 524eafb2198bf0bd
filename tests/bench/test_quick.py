"""Each bench in its small form: it runs, and finds what it promises to find. No time is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.ground import Ground, Needs
from bench.plan import ROWS, Row, figure
from bench.table import Played, table

EVERYTHING = Needs(webs=2, environment={"RATE_WINDOW_SECONDS": "4"})


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One for all: starting it takes longer than most of them."""
    with Ground(EVERYTHING) as ground:
        yield ground


@pytest.mark.parametrize("row", [row for row in ROWS if not row.variant], ids=lambda row: row.name)
def test_a_bench_gives_the_figures_of_its_row(ground: Ground, row: Row) -> None:
    result = row.measure(ground, quick=True)
    for aim in row.aims:
        assert figure(result, aim.figure) >= 0
    run = {"load": 0.0, "took_seconds": 0.0, "result": result}
    _, _, *lines = table({row.name: Played(runs=[run], peer=[])})
    assert len(lines) == len(row.aims)
