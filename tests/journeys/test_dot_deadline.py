"""A worker that stands still between its gate and the dot: what was counted then may not leave later."""

from __future__ import annotations

import asyncio
import signal

from tests.support.mailroom import Mailroom
from tests.support.sending import arrived
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until
from tests.support.worker_process import worker


async def test_a_dot_that_comes_too_late_is_not_written_and_the_message_goes_once(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port, hourly_limit=10)
    with worker(environment, PACELINE_FAILPOINTS="gate.committed=stop", RATE_WINDOW_SECONDS="100") as process:
        (email_id,) = await room.emails(sender)
        await wait_until(lambda: process.stopped)
        assert await room.status(email_id) == "sending"
        await asyncio.sleep(0.7)  # the deadline is half a second in such a window
        process.signal(signal.SIGCONT)
        await arrived(smtp, 1)
        await wait_until(room.are("sent", email_id))
    *late, last = await room.ledger(email_id)
    assert {(row["outcome"], row["dot_at"]) for row in late} == {("void", None)}
    assert last["outcome"] == "accepted"
    assert len(smtp.received) == 1
