"""Messages as a spam filter scores them: SpamAssassin with the rules it is published with, offline."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSING = 69  # tools/spamassassin.sh: it is not here and cannot be had


def scores(messages: Sequence[bytes], folder: Path) -> list[dict[str, float]]:
    """The rules that each message breaks, with their points; all scored by one process. Files are left in `folder`.

    Where there are Debian's packages SpamAssassin can be had, so that a test fails without; elsewhere it is left out.
    """
    paths = []
    for number, data in enumerate(messages):
        paths.append(folder / f"{number}.eml")
        paths[-1].write_bytes(data)
    done = subprocess.run(
        [ROOT / "tools/spamassassin.sh", ROOT / "tests/support/score.pl", *paths],
        capture_output=True,
        timeout=240,
        check=False,
    )
    if done.returncode == MISSING and shutil.which("apt-get") is None:
        pytest.skip(done.stderr.decode())
    assert done.returncode == 0, done.stderr.decode()
    return [
        {rule: points for rule, points in json.loads(line).items() if points > 0} for line in done.stdout.splitlines()
    ]
