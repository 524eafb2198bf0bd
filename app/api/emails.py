"""/emails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import Body, FromQuery, HeaderParameter, JSONBody, PathParameter, QueryParameter
from litestar.response import Stream

from app.api.access import SENDING
from app.api.given import Caller, Now, Page, Pool, Settings
from app.api.lists import provide_page
from app.api.problems import problem_of
from app.contract.email_controls import (
    BulkAnswer,
    CancelEmails,
    ResolveEmail,
    ResolveEmails,
    RetryEmail,
    RetryEmails,
    UpdateEmail,
)
from app.contract.emails import Batch, Email, EmailDetail, EmailState, SendEmail, StoryEntry
from app.contract.lists import List
from app.domain.scheduling import read_time
from app.domain.status import Status
from app.errors import ValidationError
from app.services import email_bulk, email_controls, email_exports, email_views, emails, events
from app.services.email_lists import Sort, Wanted
from app.services.unsubscribe import Links

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key", description="1 to 256 characters, kept for a day: the same request is done once."
    ),
]
TIMES: Final = "of that by which the list is sorted. ISO 8601 with an offset."
EmailId = Annotated[UUID, PathParameter(description="The message's id.")]


async def provide_wanted(
    status: Annotated[str | None, QueryParameter(description="One or more, with commas: `scheduled,deferred`.")] = None,
    campaign_id: FromQuery[UUID | None] = None,
    sender_id: FromQuery[UUID | None] = None,
    tag: Annotated[str | None, QueryParameter(max_length=513, description="A name, or `name:value`.")] = None,
    q: Annotated[
        str | None,
        QueryParameter(
            max_length=200,
            description="The start of an address in to, cc or bcc; or the starts of words, all of them in the subject "
            "and tags or in the campaign's name. Of a word of one character, the whole word.",
        ),
    ] = None,
    since: Annotated[str | None, QueryParameter(description=f"From this time on; {TIMES}")] = None,
    until: Annotated[str | None, QueryParameter(description=f"Before this time; {TIMES}")] = None,
    sort: Annotated[
        Sort,
        QueryParameter(
            description="`created_at`: newest first. `scheduled_at`: what waits, the next one first. `sent_at`: what "
            "has ended or is in doubt, the last one first."
        ),
    ] = "created_at",
) -> Wanted:
    return Wanted(
        statuses=read_statuses(status),
        campaign_id=campaign_id,
        sender_id=sender_id,
        tag=(tag or "").strip() or None,
        q=(q or "").strip() or None,
        since=None if since is None else read_time(since, path="since"),
        until=None if until is None else read_time(until, path="until"),
        sort=sort,
    )


WantedEmails = NamedDependency[Wanted]


@dataclass
class BatchOperation(Operation):
    """The body is read row by row, so that every bad one can be named; its schema is still a list of messages."""

    def __post_init__(self) -> None:
        rows = Schema(type=OpenAPIType.ARRAY, items=Reference(ref="#/components/schemas/SendEmail"))
        self.request_body = RequestBody(content={"application/json": OpenAPIMediaType(schema=rows)}, required=True)


@dataclass
class RetryOperation(Operation):
    """The body may be left out."""

    def __post_init__(self) -> None:
        schema = Reference(ref="#/components/schemas/RetryEmail")
        self.request_body = RequestBody(content={"application/json": OpenAPIMediaType(schema=schema)}, required=False)


class Emails(Controller):
    path = "/emails"
    tags = ["Emails"]  # noqa: RUF012  # Litestar's way

    @post(operation_id="sendEmail", summary="Send or schedule a message", status_code=200, opt=SENDING)
    async def send_email(
        self, caller: Caller, pool: Pool, now: Now, data: JSONBody[SendEmail], idempotency_key: IdempotencyKey = None
    ) -> EmailState:
        """Kept in the database before this answers. Without `scheduled_at` it leaves as soon as limits allow."""
        return await emails.send(pool, workspace_id=caller.workspace_id, wanted=data, key=idempotency_key, now=now)

    @post(
        "/batch",
        operation_id="sendBatch",
        operation_class=BatchOperation,
        summary="Send or schedule up to 100 messages",
        status_code=200,
        opt=SENDING,
    )
    async def send_batch(
        self,
        caller: Caller,
        pool: Pool,
        now: Now,
        data: Annotated[list[Any], Body()],
        idempotency_key: IdempotencyKey = None,
        validation: Annotated[
            str, HeaderParameter(name="x-batch-validation", description="`permissive` takes the good ones of a batch.")
        ] = "strict",
    ) -> Batch:
        """All of them or, unless validation is permissive, none: every bad one is named by its place (`[3].to[0]`)."""
        return await emails.send_batch(
            pool,
            workspace_id=caller.workspace_id,
            wanted=[read(row) for row in data],
            permissive=is_permissive(validation),
            key=idempotency_key,
            now=now,
        )

    @get(
        operation_id="listEmails",
        summary="List messages",
        dependencies={"page": Provide(provide_page), "wanted": Provide(provide_wanted)},
    )
    async def list_emails(
        self,
        caller: Caller,
        pool: Pool,
        now: Now,
        page: Page,
        wanted: WantedEmails,
    ) -> List[Email]:
        """Each with its place in its life and, where it waits, why."""
        return await email_views.list_emails(pool, workspace_id=caller.workspace_id, wanted=wanted, page=page, now=now)

    @get(
        "/export.csv",
        operation_id="exportEmails",
        summary="Export messages",
        media_type="text/csv",
        dependencies={"wanted": Provide(provide_wanted)},
    )
    async def export_emails(self, caller: Caller, pool: Pool, now: Now, wanted: WantedEmails) -> Stream:
        """CSV of all that the filters let through, sorted as the list is. An apostrophe stands before a cell that a
        spreadsheet would run."""
        parts = email_exports.filtered(pool, workspace_id=caller.workspace_id, wanted=wanted, now=now)
        headers = {"content-disposition": 'attachment; filename="emails.csv"'}
        return Stream(parts, media_type="text/csv; charset=utf-8", headers=headers)

    @get("/{email_id:uuid}", operation_id="getEmail", summary="Get a message")
    async def get_email(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, email_id: EmailId
    ) -> EmailDetail:
        """With its text as this recipient gets it, its attachments, and what became of each recipient."""
        return await email_views.get(
            pool, workspace_id=caller.workspace_id, id=email_id, base_url=settings.base_url, now=now
        )

    @get("/{email_id:uuid}/events", operation_id="listEmailEvents", summary="The story of a message")
    async def list_email_events(self, caller: Caller, pool: Pool, email_id: EmailId) -> List[StoryEntry]:
        """Oldest first, all on one page."""
        return await events.story(pool, workspace_id=caller.workspace_id, email_id=email_id)

    @get(
        "/{email_id:uuid}/source",
        operation_id="getEmailSource",
        summary="A message as it travels",
        media_type="text/plain",
    )
    async def get_email_source(
        self, caller: Caller, pool: Pool, settings: Settings, email_id: EmailId
    ) -> Response[str]:
        """RFC 5322, as text."""
        source = await email_views.source(pool, Links(settings), workspace_id=caller.workspace_id, id=email_id)
        return Response(source, media_type="text/plain; charset=utf-8")

    @patch("/{email_id:uuid}", operation_id="updateEmail", summary="Move or edit a message")
    async def update_email(
        self, caller: Caller, pool: Pool, now: Now, email_id: EmailId, data: JSONBody[UpdateEmail]
    ) -> EmailState:
        """As long as it waits; afterwards 409 `already_sending`. A message of a campaign can only be moved."""
        return await email_controls.change(
            pool, workspace_id=caller.workspace_id, id=email_id, wanted=data, by=caller.actor, now=now
        )

    @post("/{email_id:uuid}/cancel", operation_id="cancelEmail", summary="Cancel a message", status_code=200)
    async def cancel_email(self, caller: Caller, pool: Pool, now: Now, email_id: EmailId) -> EmailState:
        """Once this answers the message will not be sent. Past the point of return: 409 `already_sending`."""
        return await email_controls.cancel(
            pool, workspace_id=caller.workspace_id, id=email_id, by=caller.actor, now=now
        )

    @post(
        "/{email_id:uuid}/retry",
        operation_id="retryEmail",
        operation_class=RetryOperation,
        summary="Try a message again",
        status_code=200,
    )
    async def retry_email(
        self, caller: Caller, pool: Pool, now: Now, email_id: EmailId, data: JSONBody[RetryEmail | None] = None
    ) -> EmailState:
        """What failed or was missed, now or at `scheduled_at`. Anything else: 409 `not_retryable`."""
        return await email_controls.retry(
            pool, workspace_id=caller.workspace_id, id=email_id, wanted=data, by=caller.actor, now=now
        )

    @post("/{email_id:uuid}/resolve", operation_id="resolveEmail", summary="Decide about a message", status_code=200)
    async def resolve_email(
        self, caller: Caller, pool: Pool, now: Now, email_id: EmailId, data: JSONBody[ResolveEmail]
    ) -> EmailState:
        """What only a person can decide: about what is `uncertain`, or `held`. Anything else: 409 `not_resolvable`."""
        return await email_controls.resolve(
            pool, workspace_id=caller.workspace_id, id=email_id, action=data.action, by=caller.actor, now=now
        )

    @post("/cancel", operation_id="cancelEmails", summary="Cancel many messages", status_code=200)
    async def cancel_emails(self, caller: Caller, pool: Pool, data: JSONBody[CancelEmails]) -> BulkAnswer:
        """Up to 1,000 by their ids, or all that match a filter: none of those that it names will be sent."""
        return await email_bulk.cancel_many(pool, workspace_id=caller.workspace_id, wanted=data, by=caller.actor)

    @post("/retry", operation_id="retryEmails", summary="Try many messages again", status_code=200)
    async def retry_emails(self, caller: Caller, pool: Pool, now: Now, data: JSONBody[RetryEmails]) -> BulkAnswer:
        """Up to 1,000 by their ids, or all that match a filter but for what was given up in doubt."""
        return await email_bulk.retry_many(
            pool, workspace_id=caller.workspace_id, wanted=data, by=caller.actor, now=now
        )

    @post("/resolve", operation_id="resolveEmails", summary="Decide about many messages", status_code=200)
    async def resolve_emails(self, caller: Caller, pool: Pool, now: Now, data: JSONBody[ResolveEmails]) -> BulkAnswer:
        """Up to 1,000 by their ids, or all that match a filter."""
        return await email_bulk.resolve_many(
            pool, workspace_id=caller.workspace_id, wanted=data, by=caller.actor, now=now
        )


def read(row: Any) -> SendEmail | ValidationError:
    try:
        return msgspec.convert(row, SendEmail)
    except msgspec.ValidationError as error:
        problem = problem_of(error)
        return ValidationError(problem.message, problems=(problem,))


def read_statuses(text: str | None) -> tuple[Status, ...]:
    """Raises ValidationError that names the statuses there are."""
    try:
        return tuple(dict.fromkeys(Status(part.strip()) for part in (text or "").split(",") if part.strip()))
    except ValueError:
        raise ValidationError.at("status", f"There are only these: {', '.join(Status)}.") from None


def is_permissive(text: str) -> bool:
    if text.lower() not in ("strict", "permissive"):
        raise ValidationError.at("x-batch-validation", "x-batch-validation is strict or permissive.")
    return text.lower() == "permissive"
