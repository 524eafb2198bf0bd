"""Whose mailbox it is, as the API says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.smtp_server import Options, SmtpServer
from tests.support.tenants import Api


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer(Options(username="ada@example.com", password="right")) as made:
        yield made


def on(server: SmtpServer, password: str = "right") -> dict[str, Any]:
    place = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": "ada@example.com"}
    return {"from_email": "ada@example.com", **place, "password": password}


async def test_who_signs_in_first_has_the_mailbox(api: Api, stranger: Api, server: SmtpServer) -> None:
    theirs = await stranger.ok("POST", "/senders", json=on(server))
    mine = await api.ok("POST", "/senders", json=on(server))
    assert (await api.ok("POST", f"/senders/{mine['id']}/verify"))["ok"]

    # One that was there before is paused and says why.
    found = await stranger.ok("POST", f"/senders/{theirs['id']}/verify")
    assert not found["ok"]
    assert "another workspace" in found["phases"][3]["message"]
    assert found["phases"][3]["mend"]
    paused = await stranger.ok("GET", f"/senders/{theirs['id']}")
    assert paused["state"] == "paused"
    assert "another workspace" in paused["state_reason"]

    # Another cannot be made, nor one be moved there.
    refused = await stranger.request("POST", "/senders", json=on(server) | {"from_email": "eve@example.com"})
    assert (refused.status_code, refused.json()["name"]) == (409, "mailbox_taken")
    elsewhere = await stranger.ok("POST", "/senders", json=on(server) | {"from_email": "e@x.example", "port": 2525})
    await stranger.refused(409, "PATCH", f"/senders/{elsewhere['id']}", json={"port": server.port})
    tried = await stranger.ok("POST", "/senders/verify", json=on(server))
    assert (tried["ok"], tried["phases"][3]["state"]) == (False, "failed")

    # What has nothing to do with the sign-in can still be changed.
    await stranger.ok("PATCH", f"/senders/{theirs['id']}", json={"name": "Old"})
    # The owner goes on as before, with a second sender on it.
    await api.ok("POST", "/senders", json=on(server) | {"from_email": "team@example.com"})


async def test_naming_a_mailbox_locks_nobody_out(api: Api, stranger: Api, server: SmtpServer) -> None:
    squatter = await stranger.ok("POST", "/senders", json=on(server, password="guess"))
    assert not (await stranger.ok("POST", f"/senders/{squatter['id']}/verify"))["ok"]
    assert not (await stranger.ok("POST", "/senders/verify", json=on(server, password="guess")))["ok"]
    mine = await api.ok("POST", "/senders", json=on(server))
    assert (await api.ok("POST", f"/senders/{mine['id']}/verify"))["ok"]


async def test_trying_settings_before_they_are_saved_takes_nothing(api: Api, stranger: Api, server: SmtpServer) -> None:
    assert (await stranger.ok("POST", "/senders/verify", json=on(server)))["ok"]
    mine = await api.ok("POST", "/senders", json=on(server))
    assert (await api.ok("POST", f"/senders/{mine['id']}/verify"))["ok"]


@pytest.mark.parametrize("way", ["deleted", "moved"])
async def test_with_its_last_sender_gone_anybody_may_have_it(
    api: Api, stranger: Api, server: SmtpServer, way: str
) -> None:
    mine = await api.ok("POST", "/senders", json=on(server))
    second = await api.ok("POST", "/senders", json=on(server) | {"from_email": "team@example.com"})
    assert (await api.ok("POST", f"/senders/{mine['id']}/verify"))["ok"]
    await api.ok("DELETE", f"/senders/{second['id']}")
    await stranger.refused(409, "POST", "/senders", json=on(server))

    if way == "deleted":
        await api.ok("DELETE", f"/senders/{mine['id']}")
    else:
        await api.ok("PATCH", f"/senders/{mine['id']}", json={"host": "smtp.example.com"})
    theirs = await stranger.ok("POST", "/senders", json=on(server))
    assert (await stranger.ok("POST", f"/senders/{theirs['id']}/verify"))["ok"]
    await api.refused(409, "POST", "/senders", json=on(server) | {"from_email": "again@example.com"})
