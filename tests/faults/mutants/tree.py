"""A copy of the tree with a mutant in it, and a scenario played there."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.faults.mutants.catalogue import Change, Edit, Mutant, Redefine

ROOT: Final = Path(__file__).parents[3]
PARTS: Final = ("app", "tasks", "sql", "tests")
TRIES: Final = 3  # a fault strikes at random: another seed may meet what this one missed

REDEFINE: Final = """
do $mutant$
declare
    old constant text := $part${old}$part$;
    was constant text := pg_get_functiondef('{function}'::regproc);
begin
    if (length(was) - length(replace(was, old, ''))) <> length(old) then
        raise exception 'the mutant does not fit {function} any more';
    end if;
    execute replace(was, old, $part${new}$part$);
end
$mutant$;
"""


class Escaped(Exception):
    """The scenario passed, or could not be played at all."""


def caught_by(mutant: Mutant) -> str:
    """What the scenario says against it. Raises Escaped."""
    with tempfile.TemporaryDirectory(prefix="paceline-mutant-") as folder:
        home = Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, home / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        for change in mutant.changes:
            _apply(home, change)
        for _ in range(TRIES):
            found = _play(home, mutant.scenario)
            if found:
                return found
    raise Escaped(f"scenario {mutant.scenario} passed {TRIES} times")


def _apply(home: Path, change: Change) -> None:
    if not isinstance(change, Edit):
        with (home / "sql" / "migrations" / "9999_mutant.sql").open("a") as file:
            file.write(REDEFINE.format(**vars(change)) if isinstance(change, Redefine) else change.text)
        return
    path = home / change.path
    text = path.read_text(encoding="utf-8")
    if text.count(change.old) != 1:
        raise Escaped(f"it does not fit {change.path} any more")
    path.write_text(text.replace(change.old, change.new), encoding="utf-8")


def _play(home: Path, scenario: int) -> str | None:
    """The first fault that it found, or None."""
    seed = str(secrets.randbelow(1_000_000_000))
    played = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--only", str(scenario), "--short", "--seed", seed],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    faults = [line.strip() for line in played.stdout.splitlines() if line.startswith("    ")]
    if played.returncode and not faults:
        raise Escaped(f"scenario {scenario} could not be played: {(played.stdout + played.stderr)[-500:]}")
    return f"seed {seed}: {faults[0][:120]}" if faults else None
