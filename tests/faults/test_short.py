"""Six scenarios in their short form; `make faults` plays all of them in the long one. Each prints its seed."""

from __future__ import annotations

import os
import secrets

import pytest

from tests.faults.catalogue import SCENARIOS
from tests.faults.harness import Size

SHORT = (1, 2, 5, 6, 7, 8)


@pytest.mark.parametrize("number", SHORT)
async def test_the_promises_hold(number: int) -> None:
    """PACELINE_FAULT_SEED plays a failure again."""
    seed = int(os.environ.get("PACELINE_FAULT_SEED") or secrets.randbelow(1_000_000_000))
    result = await SCENARIOS[number].play(Size.SHORT, seed)
    assert not result.faults, f"seed {seed}: {result.faults}"
