"""What the program imports is installed with it: what a tool of the tests brings along is missing where it runs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported(paths: Iterable[Path]) -> set[str]:
    """Modules of other packages."""
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"app", "tasks"}


@pytest.mark.parametrize("lock", ["base", "embedded"])
def test_every_package_that_is_imported_is_in_the_lock_file(lock: str) -> None:
    """The image has no embedded servers, so what only they need is not in it."""
    paths = [path for folder in ("app", "tasks") for path in (ROOT / folder).rglob("*.py")]
    modules = imported(path for path in paths if lock == "embedded" or "embedded" not in path.parts)
    locked = set(re.findall(r"^[a-z0-9.-]+", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE))
    found = packages_distributions()
    packages = {
        module: {re.sub(r"[._]", "-", name.lower()) for name in found.get(module, [module])} for module in modules
    }
    assert {module for module, names in packages.items() if not names & locked} == set()
    assert len(modules) > 10
