"""Two workspaces with one mailbox: the worker lets one of them send by it, whichever signs in first."""

from __future__ import annotations

from typing import Any

from app.db.pool import Pool
from app.settings import Settings
from tests.support.mailroom import Mailroom
from tests.support.sending import arrived
from tests.support.smtp_server import Options, SmtpServer
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

LIMIT = 3


async def test_two_workspaces_with_one_mailbox_do_not_get_its_limit_twice(
    environment: dict[str, str], pool: Pool, settings: Settings
) -> None:
    with SmtpServer(Options(username="ada@example.com", password="right")) as smtp:
        rooms = [await Mailroom.open(pool, settings) for _ in range(2)]
        account: dict[str, Any] = {"port": smtp.port, "username": "ada@example.com", "password": "right"}
        senders = [await room.sender(**account, hourly_limit=LIMIT) for room in rooms]
        for room, sender in zip(rooms, senders, strict=True):
            await room.emails(sender, LIMIT + 2)
        with worker(environment):
            await arrived(smtp, LIMIT)

            async def paused() -> list[str | None]:
                found = await rooms[0].all("select state_reason from senders where state = 'paused'")
                return [row["state_reason"] for row in found]

            (reason,) = await wait_until(paused)
            assert reason is not None
            assert "another workspace" in reason
            waiting = "select count(*) from emails where status = 'scheduled'"

            async def settled() -> bool:
                return bool(await rooms[0].value(waiting) == 2 * (LIMIT + 2) - LIMIT)

            await wait_until(settled)
        assert len(smtp.messages) == LIMIT
        owners = await rooms[0].all("select workspace_id from mailboxes where owned_at is not null")
        assert len(owners) == 1
        assert {message.recipients[0][:1] for message in smtp.messages} == {"m"}
