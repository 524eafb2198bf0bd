"""`python -m tests.faults.mutants [--only 1,3]`: plays for each mutant the scenario that must fail; was it caught?"""

from __future__ import annotations

import argparse
import sys
import time

from tests.faults.mutants.catalogue import MUTANTS
from tests.faults.mutants.tree import Escaped, caught_by

WIDTH = max(len(mutant.name) for mutant in MUTANTS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutants", description="A test of the fault tests.")
    parser.add_argument(
        "--only", type=lambda text: [int(part) for part in text.split(",")], help="numbers, with commas"
    )
    wanted = parser.parse_args().only or range(1, len(MUTANTS) + 1)
    print(f"{'mutant'.ljust(WIDTH + 3)} | scenario | caught")
    escaped = 0
    for number in wanted:
        mutant = MUTANTS[number - 1]
        began = time.monotonic()
        try:
            word = caught_by(mutant)
        except Escaped as error:
            escaped += 1
            word = f"NO: {error}"
        print(f"{number}. {mutant.name.ljust(WIDTH)} | {mutant.scenario:8} | {word}", flush=True)
        print(f"    {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
