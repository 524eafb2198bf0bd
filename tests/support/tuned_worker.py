"""`paceline worker` with other constants: `python -m tests.support.tuned_worker '{"module.NAME": number}'`.

So a test can do without a poll, and then leave a loaded machine all the time it needs: what comes at all was told.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from app.cli import main

# Nobody looks by himself for an hour: neither Procrastinate for a job nor the watchdog for what fell through.
# So whoever looks at all, because of a word, looks as far ahead as until the next look: Procrastinate loses the word of
# a job that comes while it fetches another.
BY_WORD: Final = {
    "tasks.worker.WATCH_EVERY": 3600.0,
    "tasks.worker.AHEAD": 7200.0,
    "tasks.worker.POLLING": 3600.0,
}
AT_ONCE: Final = 20.0  # seconds; by word alone, a second on a quiet machine


def tune(constants: Mapping[str, float]) -> None:
    """Sets constants of modules; where there is a timedelta the number is seconds. Raises AttributeError."""
    for name, value in constants.items():
        module, _, constant = name.rpartition(".")
        found = importlib.import_module(module)
        usual = getattr(found, constant)
        setattr(found, constant, timedelta(seconds=value) if isinstance(usual, timedelta) else value)


if __name__ == "__main__":
    tune(json.loads(sys.argv[1]))
    main(["worker"])
