"""Six scenarios in their short form; `make faults` plays all of them in the long one, from other seeds each time."""

from __future__ import annotations

import os

import pytest

from tests.faults.catalogue import SCENARIOS
from tests.faults.harness import Size

SHORT = (1, 2, 5, 6, 7, 8)


@pytest.mark.parametrize("number", SHORT)
async def test_the_promises_hold(number: int) -> None:
    """From one seed, so that a failure can be played again; PACELINE_FAULT_SEED names another."""
    seed = int(os.environ.get("PACELINE_FAULT_SEED") or number)
    result = await SCENARIOS[number].play(Size.SHORT, seed)
    assert not result.faults, f"seed {seed}: {result.faults}"
