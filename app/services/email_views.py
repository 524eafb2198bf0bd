"""Messages as people see them: lists, one message, its source. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from app.contract.emails import Email, EmailDetail, EmailState, RecipientOutcome, Tag
from app.contract.lists import List, Page, page_of
from app.contract.templates import TemplateUsed
from app.db.pool import FOREVER, Conn, Pool
from app.db.queries import queries, rows
from app.domain.envelopes import written
from app.domain.lateness import LatePolicy
from app.domain.status import Status
from app.domain.waiting import Barrier, Reason, WaitingFor, waiting_for
from app.domain.windows import Window
from app.errors import Forbidden, NotFound, ValidationError
from app.mail.compose import compose
from app.mail.template import compile as compile_template
from app.services import attachments, email_search, unsubscribe
from app.services.email_lists import Wanted
from app.services.messages import From, address_of, attachment_of, content_of, headers_of, variables_of
from app.services.unsubscribe import Links

LAST_EVENT: Final[dict[Status, str]] = {
    Status.SCHEDULED: "scheduled",
    Status.DEFERRED: "delivery_delayed",
    Status.SENDING: "queued",
    Status.SENT: "sent",
    Status.UNCERTAIN: "delivery_delayed",
    Status.HELD: "delivery_delayed",
    Status.MISSED: "failed",
    Status.FAILED: "failed",
    Status.BOUNCED: "bounced",
    Status.CANCELLED: "canceled",
    Status.SUPPRESSED: "suppressed",
}

# What stands in place of a text that only its recipient is to read.
WITHHELD: Final = "Only the recipient can read this message: it holds a link that signs in."


class Confidential(Forbidden):
    """Only its recipient may read this message, and nobody may change it: it holds a link that signs in."""

    code = "confidential"


async def list_emails(pool: Pool, *, workspace_id: UUID, wanted: Wanted, page: Page, now: datetime) -> List[Email]:
    """In the order of `wanted.sort`. Raises ValidationError."""
    async with pool.connection() as conn:
        ids = await email_search.page(conn, workspace_id, wanted, page)
        shown = page_of(ids, page)
        found = await rows(queries.emails.shown(conn, workspace_id=workspace_id, ids=shown.data))
    return List(object="list", has_more=shown.has_more, data=[email_of(row, now) for row in found])


async def get(pool: Pool, *, workspace_id: UUID, id: UUID, base_url: str = "", now: datetime) -> EmailDetail:
    """`base_url` is what the links to its attachments begin with. Raises NotFound."""
    async with pool.connection() as conn:
        row = await _row(conn, workspace_id, id)
        content = await queries.emails.content(conn, workspace_id=workspace_id, id=id)
        files = await attachments.of_email(conn, workspace_id=workspace_id, email_id=id)
    variables = _variables(row)
    return EmailDetail(
        **msgspec.structs.asdict(email_of(row, now)),
        html=None if content["confidential"] else _filled(content, "html", variables),
        text=WITHHELD if content["confidential"] else _filled(content, "text", variables),
        reply_to=content["reply_to"] or [reply_to for reply_to in [content["sender_reply_to"]] if reply_to],
        headers=content["headers"],
        tags=msgspec.convert(content["tags"], list[Tag]),
        metadata=content["metadata"],
        template=template_of(content),
        attachments=[attachments.shown(file, id, base_url) for file in files],
        recipients=_outcomes(row),
        message_id=row["message_id"],
    )


async def source(pool: Pool, links: Links, *, workspace_id: UUID, id: UUID) -> str:
    """The message as it travels, blind copies left out as they are there; of an attachment only how long it is.

    Raises NotFound, Confidential, ValidationError.
    """
    async with pool.connection() as conn:
        row = await queries.emails.content(conn, workspace_id=workspace_id, id=id)
        if row is None:
            raise NotFound("There is no such message in this workspace.")
        if row["confidential"]:
            raise Confidential
        files = await attachments.of_email(conn, workspace_id=workspace_id, email_id=id)
    sender = From(row["sender_id"], row["sender_name"], row["from_email"], row["sender_reply_to"])
    link = links.url(workspace_id, id)
    everyone = [(each["kind"], address_of(each["email"], each["name"])) for each in recipients_of(row)]
    data = compose(
        content_of(row, sender, [attachment_of(each, _left_out(each["size"])) for each in files]),
        to=[address for kind, address in everyone if kind == "to"],
        cc=[address for kind, address in everyone if kind == "cc"],
        message_id=row["message_id"],
        date=row["date"],
        variables=_variables(row, link),
        headers=headers_of(links, link, workspace_id, row["campaign_id"], sender),
    )
    return data.decode("utf-8", "replace")


def template_of(row: Mapping[str, Any]) -> TemplateUsed | None:
    if row["template_id"] is None:
        return None
    return TemplateUsed(id=row["template_id"], version=row["template_version"])


def _left_out(size: int) -> bytes:
    return f"({size:,} bytes in base64)\r\n".encode("ascii")


async def state(conn: Conn, *, workspace_id: UUID, id: UUID, now: datetime) -> EmailState:
    """Raises NotFound."""
    email = email_of(await _row(conn, workspace_id, id), now)
    return EmailState(
        object="email",
        id=email.id,
        status=email.status,
        scheduled_at=email.scheduled_at,
        estimated_send_at=email.estimated_send_at,
        late_policy=email.late_policy,
    )


async def _row(conn: Conn, workspace_id: UUID, id: UUID) -> dict[str, Any]:
    for row in await rows(queries.emails.shown(conn, workspace_id=workspace_id, ids=[id])):
        return row
    raise NotFound("There is no such message in this workspace.")


# One row


def recipients_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Everybody in the envelope: a row has a list only where there is more than the first."""
    return row["recipients"] or [{"kind": "to", "email": row["to_address"], "name": row["to_name"]}]


def email_of(row: dict[str, Any], now: datetime) -> Email:
    """A row of the query `shown`."""
    status = Status(row["status"])
    waits = waiting(row, status, now)
    everyone: dict[str, list[str]] = {"to": [], "cc": [], "bcc": []}
    for each in recipients_of(row):
        everyone[each["kind"]].append(written(each["email"], each["name"]))
    return Email(
        object="email",
        id=row["id"],
        status=status,
        last_event=LAST_EVENT[status],
        from_=written(row["from_email"], row["from_name"] or row["sender_name"]),
        **everyone,
        subject=_filled(row, "subject", _variables(row)) or "",
        created_at=row["created_at"],
        scheduled_at=row["scheduled_at"],
        estimated_send_at=estimate(waits, unlimited=row["unlimited"]),
        waiting_for=waits,
        late_policy=LatePolicy(row["late_policy"]),
        sent_at=row["sent_at"],
        ended_at=row["ended_at"],
        attempts=row["attempts"],
        last_reply=row["reply"],
        preview_url=row["preview_url"],
        campaign_id=row["campaign_id"],
        sender_id=row["sender_id"],
    )


def estimate(waits: WaitingFor | None, *, unlimited: bool) -> datetime | None:
    """When it will leave, where time alone decides, its own or that of sending hours; null where limits, gaps or the
    queue do."""
    alone = waits is not None and waits.reason in (Reason.TIME, Reason.RETRY, Reason.WINDOW)
    return waits.next_at if waits is not None and alone and unlimited else None


def waiting(row: dict[str, Any], status: Status, now: datetime) -> WaitingFor | None:
    """Of a row of the query `shown`, why it has not left yet."""
    return waiting_for(
        status=status,
        due_at=row["due_at"],
        now=now,
        sender_active=row["sender_state"] == "active",
        campaign_paused=row["campaign_state"] == "paused",
        barriers=(
            _barrier(row["lane_reason"], row["lane_until"]),
            _barrier(row["mailbox_reason"], row["mailbox_until"]),
            _barrier("gap", row["free_at"]),
        ),
        windows=[*windows_of(row, "sender"), *windows_of(row, "campaign")],
    )


def windows_of(row: Mapping[str, Any], whose: Literal["sender", "campaign"]) -> list[Window]:
    """The sending window in the columns `<whose>_days`, `_start`, `_end`, `_timezone`, if there is one."""
    if row[f"{whose}_days"] is None:
        return []
    days, start, end, zone = (row[f"{whose}_{part}"] for part in ("days", "start", "end", "timezone"))
    return [Window(frozenset(days), start, end, zone)]


def _barrier(reason: str | None, until: datetime) -> Barrier:
    return Barrier(reason, None if until == FOREVER else until)


def _variables(row: dict[str, Any], link: str = unsubscribe.PREVIEW) -> dict[str, Any]:
    return variables_of(row["to_address"], row["to_name"], row["variables"], unsubscribe_url=link)


def _filled(row: dict[str, Any], part: Literal["subject", "html", "text"], variables: dict[str, Any]) -> str | None:
    """The text for this recipient; as it was written where it cannot be filled in."""
    text: str | None = row[part]
    if text is None or not row["is_template"]:
        return text
    try:
        return compile_template(text, html=part == "html").render(variables)
    except ValidationError:
        return text


def _outcomes(row: dict[str, Any]) -> list[RecipientOutcome]:
    """What the worker noted for each recipient; where it noted nothing, they share the fate of the message."""
    status = Status(row["status"])
    outcomes = []
    for each in recipients_of(row):
        code = each.get("code")
        refused = code is not None and code >= 500
        outcomes.append(
            RecipientOutcome(
                kind=each["kind"],
                email=each["email"],
                name=each["name"],
                status=Status.FAILED if refused else status,
                reply=each.get("reply"),
            )
        )
    return outcomes
