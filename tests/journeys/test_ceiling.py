"""WORKSPACE_MAX_EMAILS_PER_HOUR holds from the start of a worker, whatever a workspace was set to before."""

from __future__ import annotations

import pytest

from tests.support.mailroom import Mailroom
from tests.support.sending import arrived
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until
from tests.support.worker_process import worker


@pytest.mark.parametrize("before", [None, 50])
async def test_a_worker_starts_below_the_ceiling(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, before: int | None
) -> None:
    await room.configure("update workspaces set hourly_limit = %s", before)
    await room.emails(await room.sender(port=smtp.port), 8)
    with worker(environment, WORKSPACE_MAX_EMAILS_PER_HOUR="3") as process:
        await arrived(smtp, 3)
        await wait_until(lambda: room.all("select from mailboxes where blocked_reason = 'workspace_hour'"))
        assert len(smtp.received) == 3
        assert await room.value("select hourly_limit from workspaces") == 3
        assert process.troubles == []
