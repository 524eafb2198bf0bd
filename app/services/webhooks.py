"""Webhooks: added, changed, rotated, tested; the log of what they were told. `webhook_runs` does the telling."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from msgspec import UNSET

from app.contract.lists import List, Page, page_of
from app.contract.webhooks import (
    DeliveryStatus,
    NewWebhook,
    Replayed,
    ReplayFailed,
    TestEvent,
    Webhook,
    WebhookAttempt,
    WebhookChange,
    WebhookDelivery,
    WebhookDeliveryDetail,
    WebhookWithSecret,
)
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.domain.text import is_one_line, why_turned
from app.domain.webhooks import ROTATION, SECRET_BYTES, EventType, endpoint_url, written_secret
from app.errors import Conflict, NotFound, ValidationError
from app.outbound.guard import is_public
from app.services import feed, webhook_payloads
from app.services.secrets import seal
from app.settings import Settings

MOST: Final = 20  # webhooks of a workspace: each costs a row an event

_WHY_DISABLED: Final = {
    "person": "Somebody disabled it.",
    "failing": "Every delivery failed for 3 days.",
    "gone": "The endpoint answered 410 Gone: it wants nothing any more.",
}


class WebhookDisabled(Conflict):
    """This webhook is disabled: enable it first."""

    code = "webhook_disabled"


class TooManyWebhooks(Conflict):
    """A workspace has at most 20 webhooks: delete one, or let one take more events."""

    code = "too_many_webhooks"


async def create(pool: Pool, settings: Settings, *, workspace_id: UUID, wanted: NewWebhook) -> WebhookWithSecret:
    """Hears of everything from its commit on. Raises ValidationError, TooManyWebhooks."""
    endpoint = _endpoint(wanted.endpoint, settings)
    _check_description(wanted.description)
    id, key = new_id(), os.urandom(SECRET_BYTES)
    async with transaction(pool) as tx:
        await queries.workspaces.lock(tx, workspace_id=workspace_id)
        if await queries.webhooks.count(tx, workspace_id=workspace_id) >= MOST:
            raise TooManyWebhooks
        await queries.webhooks.insert(
            tx,
            workspace_id=workspace_id,
            id=id,
            endpoint=endpoint,
            description=wanted.description or None,
            events=_types(wanted.events),
            secret=_sealed(settings, id, key),
        )
        return await _with_secret(tx, workspace_id, id, key)


async def list_webhooks(pool: Pool, *, workspace_id: UUID, page: Page) -> List[Webhook]:
    """Newest first."""
    async with pool.connection() as conn:
        found = await _shown(conn, workspace_id, id=None, after=page.after, before=page.before, count=page.limit + 1)
    return page_of([_webhook(row) for row in found], page)


async def get(pool: Pool, *, workspace_id: UUID, id: UUID) -> Webhook:
    """Raises NotFound."""
    async with pool.connection() as conn:
        return _webhook(await _row(conn, workspace_id, id))


async def change(pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID, wanted: WebhookChange) -> Webhook:
    """Enabled again, what waits is tried at once; disabled, it waits. Raises NotFound, ValidationError."""
    endpoint = None if wanted.endpoint is UNSET else _endpoint(wanted.endpoint, settings)
    if wanted.description is not UNSET:
        _check_description(wanted.description)
    async with transaction(pool) as tx:
        await queries.webhooks.change(
            tx,
            workspace_id=workspace_id,
            id=id,
            endpoint=endpoint,
            events=None if wanted.events is UNSET else _types(wanted.events),
            describe=wanted.description is not UNSET,
            description=None if wanted.description is UNSET else wanted.description or None,
        )
        if wanted.status == "disabled":
            await queries.webhooks.disable(tx, workspace_id=workspace_id, id=id, reason="person")
        elif wanted.status == "enabled" and await queries.webhooks.enable(tx, workspace_id=workspace_id, id=id):
            await queries.webhooks.hasten(tx, workspace_id=workspace_id, id=id)
        answer = _webhook(await _row(tx, workspace_id, id))
    feed.announce(pool, workspace_id)
    return answer


async def rotate(pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID) -> WebhookWithSecret:
    """A new secret; for a day requests carry the signature of the one before as well. Raises NotFound."""
    key = os.urandom(SECRET_BYTES)
    async with transaction(pool) as tx:
        await queries.webhooks.rotate(
            tx, workspace_id=workspace_id, id=id, grace=ROTATION, secret=_sealed(settings, id, key)
        )
        answer = await _with_secret(tx, workspace_id, id, key)
    feed.announce(pool, workspace_id)
    return answer


async def delete(pool: Pool, *, workspace_id: UUID, id: UUID) -> None:
    """Nothing is told to it any more. Raises NotFound."""
    async with pool.connection() as conn:
        if not await queries.webhooks.delete(conn, workspace_id=workspace_id, id=id):
            raise NotFound("There is no such webhook in this workspace.")
    feed.announce(pool, workspace_id)


async def test(pool: Pool, *, workspace_id: UUID, id: UUID, wanted: TestEvent, now: datetime) -> WebhookDelivery:
    """Sends a made-up event the way of all others. Raises NotFound, WebhookDisabled."""
    delivery_id = new_id()
    async with transaction(pool) as tx:
        webhook = await _row(tx, workspace_id, id)
        _require_enabled(webhook)
        type = wanted.type or EventType(webhook["events"][0])
        await queries.webhooks.add_delivery(
            tx,
            workspace_id=workspace_id,
            id=delivery_id,
            webhook_id=id,
            type=type.value,
            at=now,
            body=webhook_payloads.example(type, now).decode(),
        )
        delivery = await _delivery(tx, workspace_id, id, delivery_id)
    feed.announce(pool, workspace_id)
    return WebhookDelivery(object="webhook_delivery", **delivery)


# The log


async def list_deliveries(
    pool: Pool,
    *,
    workspace_id: UUID,
    id: UUID,
    status: DeliveryStatus | None,
    type: EventType | None,
    page: Page,
) -> List[WebhookDelivery]:
    """Newest first, for 30 days. Raises NotFound."""
    async with pool.connection() as conn:
        await _row(conn, workspace_id, id)
        found = await rows(
            queries.webhooks.deliveries(
                conn,
                workspace_id=workspace_id,
                webhook_id=id,
                id=None,
                after=page.after,
                before=page.before,
                status=status,
                type=None if type is None else type.value,
                count=page.limit + 1,
            )
        )
    return page_of([WebhookDelivery(object="webhook_delivery", **row) for row in found], page)


async def get_delivery(pool: Pool, *, workspace_id: UUID, id: UUID, delivery_id: UUID) -> WebhookDeliveryDetail:
    """With every attempt: what was asked, what was answered. Raises NotFound."""
    async with pool.connection() as conn:
        await _row(conn, workspace_id, id)
        delivery = await _delivery(conn, workspace_id, id, delivery_id)
        body = await queries.webhooks.body(conn, workspace_id=workspace_id, id=delivery_id)
        attempts = await rows(queries.webhooks.attempts(conn, workspace_id=workspace_id, id=delivery_id))
    return WebhookDeliveryDetail(
        object="webhook_delivery",
        request_body=body or None,
        attempt_log=[WebhookAttempt(**attempt) for attempt in attempts],
        **delivery,
    )


async def replay(pool: Pool, *, workspace_id: UUID, id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Tries one again, whatever became of it, under the same id. Raises NotFound, WebhookDisabled."""
    async with transaction(pool) as tx:
        _require_enabled(await _row(tx, workspace_id, id))
        await _delivery(tx, workspace_id, id, delivery_id)
        await rows(queries.webhooks.replay(tx, workspace_id=workspace_id, webhook_id=id, id=delivery_id, since=None))
        delivery = await _delivery(tx, workspace_id, id, delivery_id)
    feed.announce(pool, workspace_id)
    return WebhookDelivery(object="webhook_delivery", **delivery)


async def replay_failed(pool: Pool, *, workspace_id: UUID, id: UUID, wanted: ReplayFailed) -> Replayed:
    """Tries again all that was given up. Raises NotFound, WebhookDisabled."""
    async with transaction(pool) as tx:
        _require_enabled(await _row(tx, workspace_id, id))
        found = await rows(
            queries.webhooks.replay(tx, workspace_id=workspace_id, webhook_id=id, id=None, since=wanted.since)
        )
    feed.announce(pool, workspace_id)
    return Replayed(object="webhook", id=id, count=len(found))


# Rows


async def _shown(conn: Conn, workspace_id: UUID, **which: Any) -> list[dict[str, Any]]:
    return await rows(queries.webhooks.shown(conn, workspace_id=workspace_id, **which))


async def _row(conn: Conn, workspace_id: UUID, id: UUID) -> dict[str, Any]:
    for row in await _shown(conn, workspace_id, id=id, after=None, before=None, count=1):
        return row
    raise NotFound("There is no such webhook in this workspace.")


async def _delivery(conn: Conn, workspace_id: UUID, id: UUID, delivery_id: UUID) -> dict[str, Any]:
    found = queries.webhooks.deliveries(
        conn,
        workspace_id=workspace_id,
        webhook_id=id,
        id=delivery_id,
        after=None,
        before=None,
        status=None,
        type=None,
        count=1,
    )
    for row in await rows(found):
        return row
    raise NotFound("There is no such delivery of this webhook.")


async def _with_secret(tx: Conn, workspace_id: UUID, id: UUID, key: bytes) -> WebhookWithSecret:
    row = await _row(tx, workspace_id, id)
    return WebhookWithSecret(signing_secret=written_secret(key), **_fields(row))


def _webhook(row: dict[str, Any]) -> Webhook:
    return Webhook(**_fields(row))


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    reason = row["disabled_reason"]
    return {
        **row,
        "object": "webhook",
        "events": [EventType(type) for type in row["events"]],
        "status_reason": None if reason is None else _WHY_DISABLED[reason],
        "health": _health(row),
    }


def _health(row: dict[str, Any]) -> str:
    if row["status"] == "disabled":
        return "disabled"
    if row["failing_since"] is not None:
        return "failing"
    return "unused" if row["last_success_at"] is None else "healthy"


def _types(events: Sequence[EventType]) -> list[str]:
    """Each once, in the order of the specification."""
    return [type.value for type in EventType if type in events]


def _require_enabled(webhook: dict[str, Any]) -> None:
    if webhook["status"] != "enabled":
        raise WebhookDisabled


def _sealed(settings: Settings, id: UUID, key: bytes) -> bytes:
    return seal(settings.secret_key, written_secret(key), bound_to=id.bytes)


def _endpoint(text: str, settings: Settings) -> str:
    """A name is looked up only when it is connected to: where it leads may change until then."""
    try:
        url = endpoint_url(text)
    except ValueError as error:
        raise ValidationError.at("endpoint", str(error)) from None
    if settings.smtp_allow_private:
        return url
    parts = urlsplit(url)
    if parts.scheme != "https":
        raise ValidationError.at("endpoint", "Give a URL that starts with https://: what is told is private.")
    if _is_private(parts.hostname or ""):
        raise ValidationError.at(
            "endpoint",
            f"{parts.hostname} is a private address, which is not allowed here. To allow it set SMTP_ALLOW_PRIVATE=1.",
        )
    return url


def _is_private(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return not is_public(host)


def _check_description(text: str | None) -> None:
    if not is_one_line(text or ""):
        raise ValidationError.at("description", "A description is one line, without control characters.")
    if (reason := why_turned(text or "")) is not None:
        raise ValidationError.at("description", reason)
