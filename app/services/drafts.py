"""What a caller asked to send, checked: everything that can be said about it without looking at the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from app.contract.emails import NOT_YET, SendEmail
from app.domain.addresses import Address
from app.domain.envelopes import Kind, Recipient, check_subject, check_text, envelope, read_address, written
from app.domain.headers import check_headers
from app.domain.scheduling import read_moment
from app.errors import Problem, ValidationError

METADATA_LIMIT: Final = 16_384  # bytes of JSON
REPLY_TO_LIMIT: Final = 10


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message that only lacks its sender."""

    wanted: SendEmail
    sender: Address | None  # as `from` says it
    recipients: list[Recipient]
    reply_to: list[str]
    due_at: datetime

    @property
    def first(self) -> Recipient:
        return next(each for each in self.recipients if each.kind == "to")


def read_draft(wanted: SendEmail, now: datetime) -> Draft:
    """Raises ValidationError that names everything that is wrong."""
    given: dict[Kind, list[str]] = {"to": _list(wanted.to), "cc": _list(wanted.cc), "bcc": _list(wanted.bcc)}
    recipients, problems = envelope(given)
    sender = None if wanted.from_ is None else read_address(wanted.from_, "from", problems)
    if wanted.from_ is None and wanted.sender_id is None:
        problems.append(Problem("from", "from is required: the address of one of your senders (or give sender_id)."))
    replies = _list(wanted.reply_to)
    if len(replies) > REPLY_TO_LIMIT:
        problems.append(Problem("reply_to", f"reply_to has at most {REPLY_TO_LIMIT} addresses."))
    reply_to = [read_address(text, f"reply_to[{i}]", problems) for i, text in enumerate(replies[:REPLY_TO_LIMIT])]
    problems.extend(_about_fields(wanted))
    due_at = now
    try:
        due_at = now if wanted.scheduled_at is None else read_moment(wanted.scheduled_at, now)
    except ValidationError as error:
        problems.extend(error.problems)
    if problems:
        raise refusal(problems)
    return Draft(
        wanted=wanted,
        sender=sender,
        recipients=recipients,
        reply_to=[written(each.email, each.name) for each in reply_to if each is not None],
        due_at=due_at,
    )


def refusal(problems: list[Problem]) -> ValidationError:
    """One error of all problems."""
    message = problems[0].message if len(problems) == 1 else f"{problems[0].message} ({len(problems)} problems in all)"
    return ValidationError(message, problems=tuple(problems))


def _about_fields(wanted: SendEmail) -> Iterator[Problem]:
    for field, why in NOT_YET.items():
        if getattr(wanted, field):
            yield Problem(field, why)
    yield from check_subject(wanted.subject)
    try:
        check_headers(wanted.headers or {})
    except ValidationError as error:
        yield from error.problems
    if not wanted.html and not wanted.text:
        yield Problem("html", "A message needs html or text.")
    for field in ("html", "text", "metadata"):
        yield from check_text(field, getattr(wanted, field))
    if wanted.metadata is not None and len(msgspec.json.encode(wanted.metadata)) > METADATA_LIMIT:
        yield Problem("metadata", f"metadata has at most {METADATA_LIMIT:,} bytes of JSON.")


def _list(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def content_row(draft: Draft) -> dict[str, Any]:
    """The columns of `contents`. Empty texts are none; a header or tag that is given is kept as it was."""
    wanted = draft.wanted
    return {
        "from_name": (draft.sender.name or None) if draft.sender is not None else None,
        "subject": wanted.subject,
        "html": wanted.html or None,
        "text": wanted.text or None,
        "reply_to": draft.reply_to,
        "headers": wanted.headers or {},
        "tags": wanted.tags or [],
        "metadata": wanted.metadata or {},
    }


def pick_sender(draft: Draft, senders: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The sender that the message names, of the rows found for it. Raises ValidationError that says how to get one."""
    wanted, said = draft.wanted, draft.sender
    if wanted.sender_id is not None:
        sender = next((each for each in senders if each["id"] == wanted.sender_id), None)
        if sender is None:
            raise ValidationError.at(
                "sender_id", "There is no such sender in this workspace: GET /v1/senders lists them."
            )
        if said is not None and said.email.lower() != sender["address"]:
            raise ValidationError.at("from", f"This sender sends as {sender['from_email']}, not as {said.email}.")
    else:
        address = said.email.lower() if said is not None else ""
        sender = next((each for each in senders if each["address"] == address), None)
        if sender is None:
            raise ValidationError.at(
                "from",
                f"No sender of this workspace sends as {address}: add one on the Senders page or with POST /v1/senders "
                f'{{"from_email": "{address}", "host": "...", ...}}, or send from one that GET /v1/senders lists.',
            )
    most, count = sender["most_recipients"], len(draft.recipients)
    if most is not None and count > most:
        raise ValidationError.at(
            "to",
            f"{count} recipients can never leave together: a limit of {sender['from_email']} allows {most} at most.",
        )
    return sender
