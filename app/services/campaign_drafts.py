"""What a campaign is to be, checked: everything that is wrong is named at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.campaigns import CampaignRecipient
from app.contract.emails import BatchError
from app.db.pool import Conn
from app.db.queries import queries, rows
from app.domain.envelopes import check_subject, check_text
from app.domain.recipients import Recipients, collect, why_too_large
from app.domain.text import why_turned
from app.errors import Problem, ValidationError
from app.mail import template
from app.mail.parts import Parts, parts_of
from app.mail.template import Template
from app.services import unsubscribe

ALWAYS: Final = frozenset({"email", "name", unsubscribe.VARIABLE})  # variables that every recipient has


class Message(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    html: str | None
    text: str | None  # None: made of the html; empty: none
    styled_html: str | None = None
    plain_text: str | None = None

    @classmethod
    def of(cls, subject: str, html: str | None, text: str | None) -> Message:
        """As it is given."""
        return cls(subject=subject, html=html or None, text=text if html else text or None)

    @property
    def is_template(self) -> bool:
        return any(template.is_template(source) for source in (self.subject, *self.sent) if source)

    @property
    def sent(self) -> tuple[str | None, str | None]:
        """(html, text) as they are sent."""
        return self.styled_html or self.html, self.plain_text or self.text or None

    def sources(self) -> Iterator[tuple[str, str]]:
        """(field, text) of what there is."""
        for field in ("subject", "html", "text"):
            source = getattr(self, field)
            if source:
                yield field, source


async def check_message(message: Message, known: Collection[str]) -> list[Problem]:
    """`known`: the variables that a recipient has. A thread reads what may take a tenth of a second."""
    return await asyncio.to_thread(lambda: list(_about_message(message, known)))


def _about_message(message: Message, known: Collection[str]) -> Iterator[Problem]:
    yield from check_subject(message.subject)
    if not message.html and not message.text:
        yield Problem("html", "A campaign needs html or text.")
    for field, source in message.sources():
        yield from check_text(field, source)
        try:
            template.check(source, known, html=field == "html")
        except ValidationError as error:
            yield Problem(field, error.message)


async def with_parts(message: Message) -> tuple[Message, list[Problem]]:
    """With what is made of it. Of HTML that is no good template nothing is: `check_message` says why."""

    def make() -> Parts:
        template.check(message.html or "", html=True)
        return parts_of(message.html, message.text)

    try:
        parts = await asyncio.to_thread(make)
    except ValidationError as error:
        return message, list(error.problems)
    return msgspec.structs.replace(message, styled_html=parts.styled_html, plain_text=parts.plain_text), []


Senders = dict[UUID, dict[str, Any]]  # address and window of each, by its id


async def check_senders(tx: Conn, workspace_id: UUID, ids: Sequence[UUID]) -> tuple[Senders, list[Problem]]:
    """Those of the senders that exist; they stay until the transaction ends."""
    found = await rows(queries.campaigns.senders(tx, workspace_id=workspace_id, ids=list(ids)))
    senders = {row["id"]: row for row in found}
    problems = []
    for index, id in enumerate(ids):
        if id not in senders:
            problems.append(Problem(f"sender_ids[{index}]", "There is no such sender: GET /v1/senders lists them."))
        elif ids.index(id) < index:
            problems.append(Problem(f"sender_ids[{index}]", "This sender is given twice."))
    return senders, problems


class Listed(msgspec.Struct, frozen=True):
    """Recipients that came in the request itself."""

    recipients: Recipients
    columns: list[str]  # variables that all of them have
    problems: list[Problem]  # each names its row: recipients[3].email
    errors: list[BatchError]  # the same by index


async def read_list(given: Sequence[str | CampaignRecipient], message: Message) -> Listed:
    """Every recipient must have the variables that the message needs. A thread reads what may be long."""
    return await asyncio.to_thread(_read_list, given, message)


def _read_list(given: Sequence[str | CampaignRecipient], message: Message) -> Listed:
    entries = [entry_of(index, each) for index, each in enumerate(given)]
    columns = set.intersection(*(set(variables) for *_, variables in entries)) if entries else set()
    refused = dict(_unfit(entries, message))
    found = collect(entry for entry in entries if entry[0] not in refused)
    for bad in found.invalid:
        field = "" if isinstance(given[bad.row], str) else ".email"
        refused[bad.row] = Problem(f"recipients[{bad.row}]{field}", bad.reason)
    ordered = sorted(refused.items())
    return Listed(
        recipients=found,
        columns=sorted(columns | ALWAYS),
        problems=[problem for _, problem in ordered],
        errors=[BatchError(index=index, message=problem.message) for index, problem in ordered],
    )


Entry = tuple[int, str, str | None, dict[str, Any]]


def entry_of(index: int, given: str | CampaignRecipient) -> Entry:
    if isinstance(given, str):
        return index, given, None, {}
    return index, given.email, given.name, given.variables or {}


def _unfit(entries: Sequence[Entry], message: Message) -> Iterator[tuple[int, Problem]]:
    """Rows that lack a variable or hold what cannot be kept. What no row has is the message's own problem."""
    anywhere = ALWAYS.union(*(variables for *_, variables in entries))
    needs = list(_needs(message, anywhere))
    lacking: dict[frozenset[str], str | None] = {}
    for index, _, name, variables in entries:
        path = f"recipients[{index}]"
        for problem in (*check_text(f"{path}.name", name), *check_text(f"{path}.variables", variables)):
            yield index, problem
        for field, reason in (("name", why_turned(name or "")), ("variables", why_too_large(variables))):
            if reason is not None:
                yield index, Problem(f"{path}.{field}", reason)
        has = frozenset(variables)
        if has not in lacking:
            lacking[has] = _lack(needs, ALWAYS.union(has))
        if (lack := lacking[has]) is not None:
            yield index, Problem(f"{path}.variables", lack)


def _needs(message: Message, anywhere: Collection[str]) -> Iterator[tuple[str, Template]]:
    """The texts that are good in themselves: what no recipient has is the message's own problem."""
    for field, source in message.sources():
        try:
            compiled = template.compile(source, html=field == "html")
        except ValidationError:
            continue
        if compiled.lack(anywhere) is None:
            yield field, compiled


def _lack(needs: Iterable[tuple[str, Template]], has: Collection[str]) -> str | None:
    for field, compiled in needs:
        if (lack := compiled.lack(has)) is not None:
            return f"In {field}, {lack[:1].lower()}{lack[1:]}"
    return None
