"""What a caller asked to send, checked: everything that can be said about it without looking at the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from app.contract.emails import REFUSED, SendEmail, Tag
from app.domain.addresses import Address
from app.domain.envelopes import Kind, Recipient, check_subject, check_text, envelope, read_address, written
from app.domain.headers import check_headers
from app.domain.scheduling import read_moment
from app.errors import Problem, ValidationError
from app.mail.parts import plain_text_of
from app.services import attachments
from app.services.attachments import NOTHING, File, Given
from app.services.template_words import Version, fill

METADATA_LIMIT: Final = 16_384  # bytes of JSON
REPLY_TO_LIMIT: Final = 10
QUICK: Final = 8_192  # characters of HTML of which a text part is made in some milliseconds


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says, whoever it goes to. A header or tag is kept as it was given."""

    subject: str
    html: str | None
    text: str | None  # None: `plain_text` is sent instead; empty: none is
    plain_text: str | None
    reply_to: list[str]
    headers: dict[str, str]
    tags: list[Tag]
    metadata: dict[str, Any]


SAID: Final = tuple(field for field in Said.__struct_fields__ if field != "plain_text")  # as callers give it


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message that only lacks its sender."""

    wanted: SendEmail
    sender: Address | None  # as `from` says it
    recipients: list[Recipient]
    said: Said
    files: Sequence[File]
    version: Version | None  # of the template that its words come from
    due_at: datetime

    @property
    def first(self) -> Recipient:
        return next(each for each in self.recipients if each.kind == "to")


class Material(msgspec.Struct, frozen=True):
    """What takes time about a request, done before its transaction begins."""

    files: Given = NOTHING
    plain_text: str | None = None  # made of its html


BARE: Final = Material()


async def material(wanted: SendEmail) -> Material:
    return Material(
        files=await attachments.read(wanted.attachments),
        plain_text=await plain_text(wanted.html) if wanted.text is None else None,
    )


async def plain_text(html: str | None) -> str | None:
    """The text part of a message that gives none."""
    if not html:
        return None
    return plain_text_of(html) if len(html) <= QUICK else await asyncio.to_thread(plain_text_of, html)


def read_draft(wanted: SendEmail, now: datetime, brought: Material = BARE, version: Version | None = None) -> Draft:
    """`version` is the template that it names.

    Raises ValidationError that names everything that is wrong.
    """
    given: dict[Kind, list[str]] = {"to": _list(wanted.to), "cc": _list(wanted.cc), "bcc": _list(wanted.bcc)}
    recipients, problems = envelope(given)
    sender = None if wanted.from_ is None else read_address(wanted.from_, "from", problems)
    if wanted.from_ is None and wanted.sender_id is None:
        problems.append(Problem("from", "from is required: the address of one of your senders (or give sender_id)."))
    problems.extend(Problem(field, why) for field, why in REFUSED.items() if getattr(wanted, field))
    given_said = {field: getattr(wanted, field) for field in SAID}
    if wanted.template is not None:
        first = next((each for each in recipients if each.kind == "to"), None)
        filled = fill(version, wanted, wanted.template, first, problems)
        given_said |= filled or {"subject": "", "text": "-"}  # nothing more to say about words that are not there
    said = read_said(given_said, problems, brought.plain_text)
    problems.extend(brought.files.problems)
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
        said=said,
        files=brought.files.files,
        version=version,
        due_at=due_at,
    )


def read_said(given: Mapping[str, Any], problems: list[Problem], plain_text: str | None) -> Said:
    """Reads the fields of Said as a caller gives them. What is wrong goes to `problems`."""
    html, text = given["html"] or None, given["text"]
    replies = _list(given["reply_to"])
    if len(replies) > REPLY_TO_LIMIT:
        problems.append(Problem("reply_to", f"reply_to has at most {REPLY_TO_LIMIT} addresses."))
    reply_to = [read_address(text, f"reply_to[{i}]", problems) for i, text in enumerate(replies[:REPLY_TO_LIMIT])]
    problems.extend(_about_fields(given))
    return Said(
        subject=given["subject"] or "",
        html=html,
        text=text if html else text or None,
        plain_text=plain_text if html and text is None else None,
        reply_to=[written(each.email, each.name) for each in reply_to if each is not None],
        headers=given["headers"] or {},
        tags=given["tags"] or [],
        metadata=given["metadata"] or {},
    )


def refusal(problems: list[Problem]) -> ValidationError:
    """One error of all problems."""
    message = problems[0].message if len(problems) == 1 else f"{problems[0].message} ({len(problems)} problems in all)"
    return ValidationError(message, problems=tuple(problems))


def _about_fields(given: Mapping[str, Any]) -> Iterator[Problem]:
    if given["subject"] is None:
        yield Problem("subject", "subject is required, unless a template brings one.")
    else:
        yield from check_subject(given["subject"])
    try:
        check_headers(given["headers"] or {})
    except ValidationError as error:
        yield from error.problems
    if not given["html"] and not given["text"]:
        yield Problem("html", "A message needs html or text.")
    for field in ("html", "text", "metadata"):
        yield from check_text(field, given[field])
    if given["metadata"] is not None and len(msgspec.json.encode(given["metadata"])) > METADATA_LIMIT:
        yield Problem("metadata", f"metadata has at most {METADATA_LIMIT:,} bytes of JSON.")


def _list(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def content_row(draft: Draft) -> dict[str, Any]:
    """The columns of `contents`."""
    from_name = (draft.sender.name or None) if draft.sender is not None else None
    words = (
        {} if draft.version is None else {"template_id": draft.version.id, "template_version": draft.version.version}
    )
    return {"from_name": from_name, **words, **msgspec.structs.asdict(draft.said)}


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
