"""How soon mail for now leaves an idle system: `python -m bench.send_now`.

From the first byte of `POST /emails` to the MAIL command at the mail server. Each request is for another mailbox, which
nobody runs and no connection is open to: the worst case. Then the same for one mailbox that has just sent.
"""

from __future__ import annotations

import time
from typing import Final

from bench.ground import Ground, Needs, Result, alone, spread
from tests.support.ports import free_port
from tests.support.smtp_server import SmtpServer

NEEDS: Final = Needs()
COUNT: Final = 100
PAUSE: Final = 0.1  # seconds between two requests


def measure(ground: Ground, *, quick: bool) -> Result:
    count = 10 if quick else COUNT
    hosts = [f"127.0.{i // 250}.{i % 250 + 1}" for i in range(count)]
    with SmtpServer(host=hosts, port=free_port()) as smtp:
        senders = [ground.sender(host=host, port=smtp.port)["from_email"] for host in hosts]
        cold = [send(ground, smtp, sender) for sender in senders]
        send(ground, smtp, senders[0])
        warm = [send(ground, smtp, senders[0]) for _ in range(count)]
    return {"messages": count, "cold_ms": spread(cold), "warm_ms": spread(warm)}


def send(ground: Ground, smtp: SmtpServer, from_email: str) -> float:
    """Seconds from the request to the MAIL command."""
    time.sleep(PAUSE)
    came = len(smtp.messages)
    asked = time.monotonic()
    ground.post("/emails", {"from": from_email, "to": "r@example.com", "subject": "Now", "text": "x"})
    return smtp.wait_for(came + 1)[-1].mail_at - asked


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
