"""docs/promises.md names every scenario as it is, and only tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults.catalogue import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs/promises.md"


def test_the_table_names_every_scenario() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", PAGE.read_text(), re.MULTILINE)
    assert {int(number): title for number, title in rows} == {each.number: each.title for each in SCENARIOS.values()}


def test_every_proof_exists() -> None:
    text = PAGE.read_text()
    assert [path for path in re.findall(r"\]\(([^)]+)\)", text) if not (PAGE.parent / path).exists()] == []
    proofs = re.findall(r"\]\((\S+\.py)\)((?:,? `test_\w+`)+)", text)
    named = [(path, name) for path, names in proofs for name in re.findall(r"test_\w+", names)]
    assert [(path, name) for path, name in named if f"def {name}(" not in (PAGE.parent / path).read_text()] == []
    assert len(named) > 10
