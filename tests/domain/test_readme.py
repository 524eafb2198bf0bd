"""The README promises with tests and files: each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_every_file_that_it_points_to_exists() -> None:
    found = re.findall(r'(?:\]\(|src="|srcset=")([^)"#]+)', README)
    assert [path for path in found if "://" not in path and not (ROOT / path).exists()] == []
    assert len(found) > 20


def test_every_test_that_proves_a_promise_exists() -> None:
    proofs = [
        (path, name)
        for row in README.splitlines()
        for path, names in re.findall(r"\]\((tests/\S+\.py)\)((?:,? `test_\w+`)+)", row)
        for name in re.findall(r"test_\w+", names)
    ]
    assert [(path, name) for path, name in proofs if f"def {name}(" not in (ROOT / path).read_text()] == []
    assert len(proofs) == len(re.findall(r"`test_\w+`", README)) > 15
