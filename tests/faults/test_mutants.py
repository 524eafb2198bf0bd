"""The fault tests notice what they are for; `make faults` plays all mutants."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.mutants.catalogue import MUTANTS, Mutant
from tests.faults.mutants.tree import caught_by

QUICK = [mutant for mutant in MUTANTS if mutant.is_quick]


@pytest.mark.parametrize("mutant", QUICK, ids=[mutant.name for mutant in QUICK])
async def test_a_broken_paceline_is_noticed(mutant: Mutant) -> None:
    assert await asyncio.to_thread(caught_by, mutant)
