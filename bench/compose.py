"""How much a skeleton saves: messages a second on one core, the standard library's EmailMessage against ours.

python -m bench.compose
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from app.domain.addresses import Address, parse
from app.mail.compose import Content, Skeleton
from bench.ground import Result, alone

COUNT: Final = 5000

TEXT = "Hello {{ first_name }},\n\nwe saw what {{ company }} does and would like to show you something.\n" * 8
HTML = "<p>Hello <b>{{ first_name }}</b>,</p><p>we saw what {{ company }} does – really nice.</p>\n" * 8
SENDER = parse("Ada Lovelace <ada@example.com>")
DATE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _variables(number: int) -> dict[str, str]:
    return {"first_name": f"Jörg {number}", "company": f"Company {number} & Sons"}


def _by_the_standard_library(number: int) -> bytes:
    values = _variables(number)

    def filled(source: str) -> str:
        for name, value in values.items():
            source = source.replace("{{ " + name + " }}", value)
        return source

    message = EmailMessage(policy=SMTP)
    message["From"] = str(SENDER)
    message["To"] = f"person{number}@example.com"
    message["Subject"] = filled("A word for {{ first_name }}")
    message["Date"] = DATE
    message["Message-ID"] = f"<{number}@example.com>"
    message.set_content(filled(TEXT))
    message.add_alternative(filled(HTML), subtype="html")
    return message.as_bytes()


def _by_skeleton() -> Callable[[int], bytes]:
    content = Content(sender=SENDER, subject="A word for {{ first_name }}", text=TEXT, html=HTML, templated=True)
    skeleton = Skeleton(content)

    def make(number: int) -> bytes:
        email = f"person{number}@example.com"
        return skeleton.fill(
            to=(Address("", email, email),),
            message_id=f"<{number}@example.com>",
            date=DATE,
            variables=_variables(number),
        )

    return make


def _rate(make: Callable[[int], bytes], count: int) -> float:
    make(0)
    started = time.process_time()
    for number in range(count):
        make(number)
    return count / (time.process_time() - started)


def measure(_ground: None = None, *, quick: bool) -> Result:
    count = 100 if quick else COUNT
    ours = _by_skeleton()
    slow, fast = _rate(_by_the_standard_library, max(1, count // 10)), _rate(ours, count)
    return {
        "bytes": len(ours(1)),
        "library_per_second": round(slow),
        "per_second": round(fast),
        "cpu_us": round(1e6 / fast, 1),
        "ratio": round(fast / slow, 1),
    }


if __name__ == "__main__":
    alone(measure, None, about=__doc__)
