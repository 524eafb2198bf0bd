"""All scenarios: importing this module registers every `scenarios_*` module beside it."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.faults.harness import SCENARIOS

__all__ = ["SCENARIOS"]

for path in sorted(Path(__file__).parent.glob("scenarios_*.py")):
    importlib.import_module(f"tests.faults.{path.stem}")
