"""What the worker's rows promise: one runner, one knock, health, an end to trying, and that nothing is told twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.contract.webhooks import NewWebhook, WebhookWithSecret
from app.domain.ids import new_id
from app.domain.webhooks import DISABLE_AFTER, STEADY, EventType
from app.outbound.http import Answer
from app.services import campaign_runs, holds, leases, milestones, pruning, webhook_calls, webhook_runs, webhooks
from app.services.webhook_runs import Attempt, Due, Lease
from tests.support.mailroom import Mailroom


async def hook(room: Mailroom, *events: EventType) -> WebhookWithSecret:
    wanted = NewWebhook(endpoint="https://hooks.example.com/", events=list(events or EventType))
    return await webhooks.create(room.pool, room.settings, workspace_id=room.workspace_id, wanted=wanted)


async def happens(room: Mailroom, count: int = 1) -> None:
    """Test events that wait to be told."""
    await room.run(
        "insert into webhook_deliveries (workspace_id, id, webhook_id, type, at, data, next_at, body)"
        " select workspace_id, uuid7(now()), id, 'email.sent', now(), '{}', now(), '{}'"
        " from webhooks, generate_series(1, %s) where workspace_id = %s",
        count,
        room.workspace_id,
    )


async def a_worker(room: Mailroom, seconds: float = 60) -> UUID:
    worker_id = new_id()
    await leases.beat(room.pool, worker_id, host="test", pid=1, lease_seconds=seconds)
    return worker_id


async def leased(room: Mailroom, webhook: WebhookWithSecret) -> Lease:
    lease = await webhook_runs.take(room.pool, webhook.id, await a_worker(room))
    assert lease is not None
    return lease


async def read(room: Mailroom, lease: Lease) -> list[Due]:
    return await webhook_runs.due(room.pool, lease, busy=[], limit=100)


async def answered(room: Mailroom, lease: Lease, due: Sequence[Due], *codes: int | None) -> bool:
    """The receiver answered these deliveries so, in turn."""
    now = await room.now()
    attempts = [
        Attempt(
            delivery=each,
            at=now,
            headers={},
            answer=Answer(code=code, body="", retry_after=None, error=None if code else "No connection.", took=0.01),
        )
        for each, code in zip(due, codes, strict=True)
    ]
    return await webhook_runs.record(room.pool, lease, attempts, now=now)


async def row(room: Mailroom) -> dict[str, Any]:
    return (await room.all("select * from webhooks"))[0]


async def knocks(room: Mailroom) -> int:
    return int(await room.value("select count(*) from procrastinate_jobs where task_name = 'webhook:knock'"))


# Who runs it


async def test_a_webhook_has_one_runner_and_the_next_one_once_that_is_dead(room: Mailroom) -> None:
    made = await hook(room)
    first = await leased(room, made)
    assert await webhook_runs.take(room.pool, made.id, await a_worker(room)) is None
    await room.run("update workers set expires_at = now() where id = %s", first.worker_id)
    second = await leased(room, made)
    await happens(room)
    due = await read(room, second)
    assert await answered(room, first, due, 200) is False, "it was left for dead: what it says is not written"
    assert await room.value("select count(*) from webhook_attempts") == 0
    assert await answered(room, second, due, 200)


async def test_there_is_one_knock_however_much_happens(room: Mailroom) -> None:
    await hook(room)
    await webhook_calls.call(room.pool, [room.workspace_id])
    assert await knocks(room) == 0, "nothing is to be told"
    for _ in range(5):
        await happens(room, 20)
        await webhook_calls.call(room.pool, [room.workspace_id])
    assert await knocks(room) == 1


async def test_a_webhook_with_a_runner_needs_no_knock(room: Mailroom) -> None:
    made = await hook(room)
    lease = await leased(room, made)
    await happens(room)
    await webhook_calls.call(room.pool, [room.workspace_id])
    assert await knocks(room) == 0
    assert await webhook_runs.orphans(room.pool, lease.worker_id, [made.id]) == []
    assert await webhook_runs.orphans(room.pool, lease.worker_id, []) == [made.id], "it does not know of its lease"
    await webhook_runs.release(room.pool, lease)
    assert await knocks(room) == 1, "what waits is left to whoever comes next"


async def test_the_watchdog_finds_what_a_lost_knock_left(room: Mailroom) -> None:
    made = await hook(room)
    worker_id = await a_worker(room)
    assert await webhook_runs.orphans(room.pool, worker_id, []) == []
    await happens(room)
    assert await webhook_runs.orphans(room.pool, worker_id, []) == [made.id]


async def test_a_rotated_secret_signs_beside_the_one_before_for_a_day(room: Mailroom) -> None:
    made = await hook(room)
    lease = await leased(room, made)
    new = await webhooks.rotate(room.pool, room.settings, workspace_id=room.workspace_id, id=made.id)
    run = await webhook_runs.look(room.pool, room.settings, lease)
    assert run is not None
    assert run.secrets == [new.signing_secret, made.signing_secret]
    await room.run("update webhooks set previous_until = now()")
    run = await webhook_runs.look(room.pool, room.settings, lease)
    assert run is not None
    assert run.secrets == [new.signing_secret]


# How it goes


async def test_what_was_delivered_is_not_told_again(room: Mailroom) -> None:
    lease = await leased(room, await hook(room))
    await happens(room, 3)
    due = await read(room, lease)
    assert await answered(room, lease, due, 200, 204, 299)
    assert await read(room, lease) == []
    assert (await row(room))["last_success_at"] is not None


@pytest.mark.parametrize("code", [None, 100, 199, 300, 302, 404, 429, 500])
async def test_anything_but_2xx_is_tried_again(room: Mailroom, code: int | None) -> None:
    lease = await leased(room, await hook(room))
    await happens(room)
    due = await read(room, lease)
    await answered(room, lease, due, code)
    (delivery,) = await room.all(
        "select status, attempts, last_error, next_at > now() as later from webhook_deliveries"
    )
    assert (delivery["status"], delivery["attempts"], delivery["later"]) == ("pending", 1, True)
    assert delivery["last_error"]
    webhook = await row(room)
    assert (webhook["failures"], webhook["status"]) == (1, "enabled")
    assert webhook["failing_since"] is not None
    await room.run("update webhook_deliveries set next_at = now()")
    await answered(room, lease, await read(room, lease), 200)
    webhook = await row(room)
    assert (webhook["failures"], webhook["failing_since"]) == (0, None)


async def test_after_failures_in_a_row_it_rests(room: Mailroom) -> None:
    lease = await leased(room, await hook(room))
    await happens(room, STEADY)
    await answered(room, lease, await read(room, lease), *[500] * STEADY)
    assert await room.value("select blocked_until > now() + interval '3 seconds' from webhooks")
    await room.run("update webhook_deliveries set next_at = now()")
    assert await webhook_runs.orphans(room.pool, await a_worker(room), []) == []


async def test_gone_disables_at_once_and_what_waits_stays(room: Mailroom) -> None:
    made = await hook(room)
    lease = await leased(room, made)
    await happens(room, 3)
    due = await read(room, lease)
    await answered(room, lease, due[:1], 410)
    webhook = await row(room)
    assert (webhook["status"], webhook["disabled_reason"]) == ("disabled", "gone")
    assert await webhook_runs.look(room.pool, room.settings, lease) is None
    assert await answered(room, lease, due[1:2], 200), "what was under way is still written down"
    await webhook_runs.release(room.pool, lease)
    assert await webhook_runs.take(room.pool, made.id, await a_worker(room)) is None
    assert await room.value("select count(*) from webhook_deliveries where status = 'pending'") == 2


async def test_three_days_of_failures_end_the_delivery_and_disable_the_webhook(room: Mailroom) -> None:
    lease = await leased(room, await hook(room))
    await happens(room)
    await answered(room, lease, await read(room, lease), 500)
    await room.run("update webhook_deliveries set next_at = now(), first_try_at = first_try_at - %s", DISABLE_AFTER)
    await room.run("update webhooks set failing_since = failing_since - %s", DISABLE_AFTER)
    await answered(room, lease, await read(room, lease), None)
    assert await room.value("select status from webhook_deliveries") == "failed"
    webhook = await row(room)
    assert (webhook["status"], webhook["disabled_reason"]) == ("disabled", "failing")


async def test_one_success_in_three_days_keeps_it(room: Mailroom) -> None:
    lease = await leased(room, await hook(room))
    await happens(room, 3)
    due = await read(room, lease)
    await answered(room, lease, due[:1], 500)
    await room.run("update webhooks set failing_since = failing_since - %s", DISABLE_AFTER)
    await answered(room, lease, due[1:], 200, 500)
    webhook = await row(room)
    assert (webhook["status"], webhook["failures"]) == ("enabled", 1)


async def test_a_replay_gives_a_whole_new_life(room: Mailroom) -> None:
    made = await hook(room)
    lease = await leased(room, made)
    await happens(room)
    (first,) = await read(room, lease)
    await answered(room, lease, [first], 500)
    await room.run(
        "update webhook_deliveries set status = 'failed', tries = 14, first_try_at = now() - interval '3 days'"
    )
    await webhooks.replay(room.pool, workspace_id=room.workspace_id, id=made.id, delivery_id=first.id)
    (again,) = await read(room, lease)
    assert (again.id, again.body, again.tries, again.first_try_at) == (first.id, first.body, 0, None)
    await answered(room, lease, [again], 500)
    assert await room.value("select next_at - now() < interval '10 seconds' from webhook_deliveries"), "from the start"
    assert await room.all("select number from webhook_attempts order by number") == [{"number": 1}, {"number": 2}]


async def test_old_deliveries_go_after_30_days(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "DELIVERIES", 2)
    made = await hook(room)
    lease = await leased(room, made)
    await happens(room, 5)
    await answered(room, lease, await read(room, lease), *[200] * 5)
    ago = await room.value("select left(uuid7(now() - interval '31 days')::text, 13)")
    for table, column in (("webhook_deliveries", "id"), ("webhook_attempts", "delivery_id")):
        await room.run(f"update {table} set {column} = overlay({column}::text placing %s from 1)::uuid", ago)
    await happens(room, 2)
    await pruning.prune(room.pool)
    assert await room.value("select count(*) from webhook_deliveries") == 2
    assert await room.value("select count(*) from webhook_attempts") == 0
    await webhooks.delete(room.pool, workspace_id=room.workspace_id, id=made.id)
    await room.run("update webhooks set deleted_at = now() - interval '2 hours'")
    await room.run("delete from webhook_deliveries")
    await pruning.prune(room.pool)
    assert await room.all("select from webhooks") == []


async def test_what_can_no_longer_be_told_is_given_up_and_holds_nothing_back(room: Mailroom) -> None:
    lease = await leased(room, await hook(room))
    await room.run(
        "insert into events (workspace_id, type, email_id) values (%s, 'email.sent', %s)", room.workspace_id, new_id()
    )
    await happens(room)
    (told,) = await read(room, lease)
    await answered(room, lease, [told], 200)
    found = await room.all("select status::text, last_error from webhook_deliveries order by status::text")
    assert [each["status"] for each in found] == ["delivered", "failed"]
    assert found[1]["last_error"] == "What it would tell of is gone."


# Milestones


async def told(room: Mailroom, prefix: str) -> list[str]:
    found = await room.all("select type from events where type like %s order by id", f"{prefix}.%")
    return [each["type"] for each in found]


async def test_that_a_limit_is_reached_is_told_once_a_window(room: Mailroom) -> None:
    sender = await room.sender(hourly_limit=5)
    lease = await room.lease(sender.mailbox_id)
    later = await room.now() + timedelta(minutes=5)
    for _ in range(3):
        assert await holds.block_mailbox(room.pool, lease, until=later, reason="mailbox_hour", limit=5, window=3600)
    assert await told(room, "sender") == ["sender.limit_reached"]
    await holds.block_mailbox(room.pool, lease, until=later, reason="connection", window=3600)
    assert len(await told(room, "sender")) == 1, "trouble is no limit"
    await room.run("update limit_notices set told_at = told_at - interval '61 minutes'")
    await holds.block_mailbox(room.pool, lease, until=later, reason="mailbox_hour", limit=5, window=3600)
    assert len(await told(room, "sender")) == 2
    assert not await holds.block_mailbox(room.pool, lease, until=later, reason="mailbox_hour", limit=7, window=0.001)
    assert len(await told(room, "sender")) == 2, "that limit is not in force any more"


async def test_a_campaign_starts_and_is_completed_once(room: Mailroom) -> None:
    sender = await room.sender()
    campaign_id = await room.campaign(sender)
    await room.run("update campaigns set start_at = now() + interval '1 hour', state = 'scheduled'")
    await room.emails(sender, 2, campaign_id=campaign_id)
    assert await milestones.campaigns(room.pool) == set()
    await room.run("update campaigns set start_at = now()")
    assert await milestones.campaigns(room.pool) == {room.workspace_id}
    assert await milestones.campaigns(room.pool) == set()
    assert await told(room, "campaign") == ["campaign.started"]
    await room.run("update emails set status = 'cancelled', ended_at = now()")
    for _ in range(2):
        await milestones.campaigns(room.pool)
    assert await told(room, "campaign") == ["campaign.started", "campaign.completed"]


async def test_a_pause_is_told(room: Mailroom) -> None:
    sender = await room.sender()
    campaign_id = await room.campaign(sender)
    await room.run("update campaigns set state = 'scheduled'")
    await room.emails(sender, 1, campaign_id=campaign_id)
    for _ in range(2):
        await campaign_runs.pause(room.pool, workspace_id=room.workspace_id, id=campaign_id, now=await room.now())
    assert await told(room, "campaign") == ["campaign.paused"], "a second time pauses nothing"
