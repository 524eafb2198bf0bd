"""Opinions on signatures by those who receive them: dkimpy, and npm mailauth, which shares no code with what signs."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import dkim

ROOT: Final = Path(__file__).parents[2]

Records = Mapping[str, Sequence[str]]


def dkimpy(message: bytes, records: Records) -> bool:
    """Whether it accepts the first DKIM-Signature of the message by these TXT records."""

    def look_up(name: bytes, timeout: float = 5) -> bytes:
        [record] = records.get(name.decode("ascii").rstrip("."), [""])
        return record.encode()

    return bool(dkim.verify(message, dnsfunc=look_up))


def mailauth(messages: Sequence[bytes], records: Records) -> list[str]:
    """`pass`, `fail` or what else it says of the first DKIM-Signature of each."""
    asked = {"messages": [base64.b64encode(message).decode() for message in messages], "records": records}
    done = subprocess.run(
        [ROOT / "tools/npm.sh", "tests/node", "node", "../support/mail_auth.mjs"],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    verdicts: list[dict[str, Any]] = json.loads(done.stdout)
    return [str(verdict["result"]) for verdict in verdicts]
