"""Proposals of a real Redis: who may go, when the rest may, and what a Redis costs that is away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from app.domain.ids import new_id
from app.domain.pacing import SLOTS_KEPT, freed_at, slot_of
from app.pacing.reservations import Ask, Refusal, Reservations, Scope, Settlement, keys
from tests.support import servers
from tests.support.ports import free_port
from tests.support.waiting import wait_until

NOW = 1_800_000_000.0
HOLD = 30.0
WORKSPACE = new_id()


@pytest.fixture
async def reservations(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reservations]:
    """Of a Redis that is there: a loaded machine makes it no absent one."""
    monkeypatch.setattr("app.pacing.reservations.PATIENCE", 30.0)
    opened = Reservations(redis_url, hold_seconds=HOLD)
    yield opened
    await opened.close()


def scope(kind: str, limit: int, window: float = 3600.0) -> Scope:
    return Scope(kind, new_id(), limit, window)


async def granted(
    reservations: Reservations, scopes: list[Scope], asks: list[Ask], *, now: float = NOW, holder: str = "me"
) -> list[bool]:
    answer = await reservations.reserve(WORKSPACE, holder, scopes, asks, now=now)
    assert answer is not None
    return [each is None for each in answer]


async def test_places_are_held_in_all_scopes_or_in_none(reservations: Reservations) -> None:
    workspace, mailbox = scope("workspace_hour", 5), scope("mailbox_hour", 3)
    other = scope("mailbox_hour", 9)
    one = Ask(1, None)
    assert await granted(reservations, [workspace, mailbox], [one] * 5) == [True] * 3 + [False] * 2
    assert await granted(reservations, [workspace, other], [one] * 5, holder="you") == [True] * 2 + [False] * 3


async def test_nothing_overtakes_within_a_mailbox_but_a_full_campaign_holds_back_only_itself(
    reservations: Reservations,
) -> None:
    campaign, mailbox = scope("campaign_hour", 2), scope("mailbox_hour", 5)
    mine, large, other = Ask(1, campaign.id), Ask(3, campaign.id), Ask(1, None)
    said = await granted(reservations, [campaign, mailbox], [mine, large, mine, other, other])
    assert said == [True, False, False, True, True]
    assert await granted(reservations, [campaign, mailbox], [Ask(3, None), other]) == [False, False]


async def test_what_is_not_settled_lapses_and_what_is_given_back_is_free(reservations: Reservations) -> None:
    mailbox = scope("mailbox_hour", 4)
    one = Ask(1, None)
    assert await granted(reservations, [mailbox], [one] * 4) == [True] * 4
    await reservations.settle(WORKSPACE, "me", [Settlement(mailbox, dispatched=1, ended=1, moment=NOW)])
    await reservations.settle(WORKSPACE, "me", [Settlement(mailbox, dispatched=0, ended=2, moment=0)])
    assert await granted(reservations, [mailbox], [one] * 3, now=NOW + 1, holder="you") == [True, True, False]
    later = await reservations.reserve(WORKSPACE, "she", [mailbox], [one], now=NOW + HOLD - 1)
    assert later is not None
    assert later[0] is not None
    assert later[0].next_at == pytest.approx(NOW + HOLD, abs=1), "when held places may come back"
    assert await granted(reservations, [mailbox], [one] * 4, now=NOW + HOLD + 2, holder="she") == [True] * 3 + [False]


async def test_a_refusal_says_when_there_is_room(reservations: Reservations) -> None:
    mailbox = scope("mailbox_hour", 3, 10.0)
    for second in range(3):
        moment = NOW + second
        assert await granted(reservations, [mailbox], [Ask(1, None)], now=moment) == [True]
        await reservations.settle(WORKSPACE, "me", [Settlement(mailbox, dispatched=1, ended=1, moment=moment)])
    answer = await reservations.reserve(WORKSPACE, "me", [mailbox], [Ask(2, None)], now=NOW + 5)
    assert answer is not None
    assert answer[0] is not None
    assert answer[0].next_at == pytest.approx(freed_at(slot_of(NOW + 1, 10.0), 10.0), abs=1e-5)


async def test_the_gates_word_closes_a_scope_under_the_limit_it_spoke_of(reservations: Reservations) -> None:
    mailbox = scope("mailbox_hour", 3)
    full = Settlement(mailbox, dispatched=0, ended=1, moment=0, closed_until=NOW + 600)
    await reservations.settle(WORKSPACE, "me", [full])
    answer = await reservations.reserve(WORKSPACE, "me", [mailbox], [Ask(1, None)], now=NOW)
    assert answer == [Refusal(mailbox, NOW + 600)]
    lower = Scope(mailbox.kind, mailbox.id, 2, mailbox.window)
    assert await granted(reservations, [lower], [Ask(1, None)]) == [False]
    higher = Scope(mailbox.kind, mailbox.id, 4, mailbox.window)
    assert await granted(reservations, [higher], [Ask(1, None)]) == [True]
    assert await granted(reservations, [mailbox], [Ask(1, None)], now=NOW + 601) == [True]


async def test_a_scope_takes_a_few_kilobytes_and_goes_away_by_itself(
    reservations: Reservations, redis_url: str
) -> None:
    mailbox = scope("mailbox_hour", 1_000_000)
    for i in range(400):
        moment = NOW + i * 11.0
        await reservations.settle(WORKSPACE, "me", [Settlement(mailbox, dispatched=7, ended=7, moment=moment)])
    assert await granted(reservations, [mailbox], [Ask(1, None)], now=NOW + 400 * 11.0) == [True]
    (key,) = keys(WORKSPACE, [mailbox])
    with redis.Redis.from_url(redis_url) as client:
        assert client.hlen(key) <= SLOTS_KEPT + 1
        assert 0 < client.ttl(key) <= 1.1 * 3600


@pytest.mark.parametrize(("before", "after"), [(60.0, 3600.0), (3600.0, 60.0)])
async def test_another_window_has_counters_of_its_own(
    reservations: Reservations, redis_url: str, before: float, after: float
) -> None:
    """The numbers of slots mean nothing under another window: read as those of a longer one they lie decades ahead.
    What Redis remembers of an earlier RATE_WINDOW_SECONDS blocks nobody."""
    old = scope("mailbox_hour", 3, before)
    new = Scope(old.kind, old.id, old.limit, after)
    for each in (old, new):
        assert await granted(reservations, [each], [Ask(1, None)] * 4) == [True] * 3 + [False]
        await reservations.settle(WORKSPACE, "me", [Settlement(each, dispatched=3, ended=3, moment=NOW)])
        answer = await reservations.reserve(WORKSPACE, "me", [each], [Ask(1, None)], now=NOW + 1)
        assert answer is not None
        assert answer[0] is not None
        assert answer[0].next_at == pytest.approx(freed_at(slot_of(NOW, each.window), each.window), abs=1e-3)
    with redis.Redis.from_url(redis_url) as client:
        assert {key.decode() for key in client.scan_iter()} == {*keys(WORKSPACE, [old]), *keys(WORKSPACE, [new])}


async def test_all_keys_of_a_workspace_share_a_slot_of_a_cluster() -> None:
    tags = {key.partition("{")[2].partition("}")[0] for key in keys(WORKSPACE, [scope("a", 1), scope("b", 1)])}
    assert tags == {str(WORKSPACE)}


@pytest.fixture
def own_redis() -> Iterator[tuple[str, int]]:
    """A Redis that a test may freeze: its URL and process id."""
    with servers.server_home("paceline-redis-") as home, servers.redis_server(home) as url:
        with redis.Redis.from_url(url) as client:
            pid = int(client.info("server")["process_id"])
        yield url, pid
        os.kill(pid, signal.SIGCONT)


async def test_a_frozen_redis_costs_half_a_second_once(own_redis: tuple[str, int]) -> None:
    url, pid = own_redis
    reservations = Reservations(url, hold_seconds=HOLD)
    mailbox = scope("mailbox_hour", 100)
    try:
        assert await granted(reservations, [mailbox], [Ask(1, None)]) == [True]
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        for _ in range(200):
            assert await reservations.reserve(WORKSPACE, "me", [mailbox], [Ask(1, None)], now=NOW) is None
            await reservations.settle(WORKSPACE, "me", [Settlement(mailbox, dispatched=1, ended=1, moment=NOW)])
        assert time.monotonic() - began < 50, "two hundred waits would be 100 s"
        os.kill(pid, signal.SIGCONT)
        await wait_until(lambda: reservations.reserve(WORKSPACE, "me", [mailbox], [Ask(1, None)], now=NOW))
    finally:
        await reservations.close()


async def test_a_redis_that_is_away_costs_nothing() -> None:
    reservations = Reservations(f"redis://127.0.0.1:{free_port()}", hold_seconds=HOLD)
    try:
        began = time.monotonic()
        for _ in range(50):
            answer = await reservations.reserve(WORKSPACE, "me", [scope("mailbox_hour", 1)], [Ask(1, None)], now=NOW)
            assert answer is None
        assert not await reservations.ping()
        assert time.monotonic() - began < 20, "fifty waits would be 25 s"
    finally:
        await reservations.close()
