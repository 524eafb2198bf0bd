"""`python -m tests.faults [--only 3,5] [--seed 7] [--short]`: plays the scenarios and prints what they did."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import time
import traceback

import uvloop

from tests.faults.catalogue import SCENARIOS
from tests.faults.harness import Result, Scenario, Size

COLUMNS = ("scenario", "seed", "messages", "kills", "lost", "duplicates", "violations", "uncertain", "heal time")


def main() -> int:
    options = _options()
    chosen = [SCENARIOS[number] for number in options.only or sorted(SCENARIOS)]
    size = Size.SHORT if options.short else Size.LONG
    print(" | ".join(name.ljust(width) for name, width in zip(COLUMNS, _widths(chosen), strict=True)), flush=True)
    played = [_play(each, size, options.seed, _widths(chosen)) for each in chosen]
    return 0 if all(played) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description="Faults against the promises.")
    parser.add_argument("--only", type=_numbers, help="numbers of scenarios, with commas; else all of them")
    parser.add_argument("--seed", type=int, help="of everything random; else another one for each scenario")
    parser.add_argument("--short", action="store_true", help="the short form of each")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    if unknown := [number for number in numbers if number not in SCENARIOS]:
        raise argparse.ArgumentTypeError(f"there is no scenario {unknown}")
    return numbers


def _widths(chosen: list[Scenario]) -> list[int]:
    return [max(len(_name(each)) for each in chosen), 10, *(len(name) for name in COLUMNS[2:])]


def _name(each: Scenario) -> str:
    return f"{each.number}. {each.title}"


def _play(each: Scenario, size: Size, seed: int | None, widths: list[int]) -> bool:
    """Plays one and prints its row; whether every promise held."""
    seed = secrets.randbelow(1_000_000_000) if seed is None else seed
    began = time.monotonic()
    print(f"{_name(each)}, seed {seed} ...", file=sys.stderr, flush=True)
    try:
        result = _run(each, size, seed)
    except Exception as error:
        print(f"{_name(each)}, seed {seed}: could not be played: {error!r}", flush=True)
        traceback.print_exc()
        return False
    print(_row(_name(each), result, widths), flush=True)
    for fault in result.faults:
        print(f"    {fault}")
    spent = f"{time.monotonic() - began:.0f} s, {result.ends}, {', '.join(result.notes)}"
    print(f"    {spent}", file=sys.stderr, flush=True)
    return not result.faults


def _run(each: Scenario, size: Size, seed: int) -> Result:
    async def play() -> Result:
        return await each.play(size, seed)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(play())


def _row(name: str, result: Result, widths: list[int]) -> str:
    cells = (
        name,
        str(result.seed),
        str(result.messages),
        str(result.kills),
        str(len(result.lost)),
        str(len(result.duplicates)),
        str(len(result.violations)),
        str(result.uncertain),
        f"{result.heal:.1f} s",
    )
    return " | ".join(
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


if __name__ == "__main__":
    sys.exit(main())
