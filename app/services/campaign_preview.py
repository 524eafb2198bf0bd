"""A campaign's message for one recipient, by the code that sends: looked at, or sent to a few people as a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from app.contract.campaign_previews import (
    CampaignPreview,
    CampaignWords,
    LackingRecipient,
    MissingVariables,
    PreviewCampaign,
    PreviewCampaignWords,
    SendTest,
    SendTestOfWords,
    SentTest,
)
from app.contract.emails import SendEmail
from app.contract.recipients import ListedRecipient
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.streaming import snapshot
from app.db.transaction import transaction
from app.domain.addresses import parse
from app.domain.envelopes import SUBJECT_LIMIT, read_address
from app.domain.ids import new_id
from app.domain.text import one_line
from app.errors import NotFound, Problem, ValidationError
from app.mail.compose import Skeleton
from app.mail.template import Template
from app.mail.template import compile as compile_template
from app.services import emails, unsubscribe
from app.services.campaign_drafts import ALWAYS, Message, check_message, check_senders, with_parts
from app.services.campaigns import NOT_READ
from app.services.messages import From, content_of, fill, variables_of
from app.services.unsubscribe import Links
from app.settings import Settings

SHOWN: Final = 100  # recipients that lack a variable
MARK: Final = "[Test] "  # before the subject of a test

Part = Literal["subject", "html", "text"]
PARTS: Final[tuple[Part, ...]] = ("subject", "html", "text")


class _Said(msgspec.Struct, frozen=True):
    """What is said, to which list, by which senders in turn."""

    campaign_id: UUID  # before there is a draft, one that names none
    content: Mapping[str, Any]  # as a row of `contents`
    import_id: UUID
    sender_ids: Sequence[UUID]

    def templates(self) -> Iterator[tuple[Part, Template]]:
        for part in PARTS:
            source = self.content[part]
            if source and self.content["is_template"]:
                yield part, compile_template(source, html=part == "html")

    @property
    def expected(self) -> list[str]:
        """Variables that leave a hole where they are empty."""
        found = dict.fromkeys(name for _, template in self.templates() for name in template.expected)
        return [name for name in found if name != unsubscribe.VARIABLE]


class _Recipient(msgspec.Struct, frozen=True):
    index: int
    email: str
    name: str | None
    variables: dict[str, Any]

    def lacks(self, name: str) -> bool:
        value = variables_of(self.email, self.name, self.variables).get(name)
        return value is None or (isinstance(value, str) and not value.strip())


class _Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nobody gets: its link to unsubscribe names none that there is."""

    id: UUID
    campaign_id: UUID
    to_address: str
    to_name: str | None
    variables: dict[str, Any] | None
    message_id: str
    recipients: None = None


# Looked at


async def preview(
    pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID, wanted: PreviewCampaign, now: datetime
) -> CampaignPreview:
    """Of a campaign in any state. Raises NotFound, or ValidationError where there is no such recipient or the message
    could not be sent to this one."""
    async with pool.connection() as conn:
        said = await _of_campaign(conn, workspace_id, id)
        return await _preview(conn, settings, workspace_id, said, wanted.index, wanted.email, now)


async def preview_words(
    pool: Pool, settings: Settings, *, workspace_id: UUID, wanted: PreviewCampaignWords, now: datetime
) -> CampaignPreview:
    """The same before there is a draft. Raises ValidationError, also for words that no campaign may have."""
    async with transaction(pool) as tx:
        said = await _of_words(tx, workspace_id, wanted)
        return await _preview(tx, settings, workspace_id, said, wanted.index, wanted.email, now)


async def _preview(
    conn: Conn,
    settings: Settings,
    workspace_id: UUID,
    said: _Said,
    index: int | None,
    email: str | None,
    now: datetime,
) -> CampaignPreview:
    recipient, count = await _recipient(conn, workspace_id, said.import_id, index, email)
    sender = await _sender(conn, workspace_id, said.sender_ids[recipient.index % len(said.sender_ids)])
    sample = _Sample(
        id=new_id(),
        campaign_id=said.campaign_id,
        to_address=recipient.email,
        to_name=recipient.name,
        variables=recipient.variables or None,
        message_id=emails.message_id(new_id(), sender.email),
    )
    rendered = fill(
        Skeleton(content_of(dict(said.content), sender)), Links(settings), workspace_id, sample, sender, date=now
    )
    return CampaignPreview(
        object="campaign_preview",
        index=recipient.index,
        count=count,
        recipient=ListedRecipient(email=recipient.email, name=recipient.name, variables=recipient.variables),
        sender_id=sender.id,
        **_filled(said, recipient, unsubscribe.PREVIEW),
        source=rendered.data.decode("utf-8", "replace"),
        missing=[name for name in said.expected if recipient.lacks(name)],
    )


# Sent as a test


async def send_test(
    pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID, wanted: SendTest, now: datetime
) -> SentTest:
    """As ordinary messages by the campaign's first sender, within its limits; the campaign does not count them.

    Raises NotFound, ValidationError.
    """
    async with pool.connection() as conn:
        said = await _of_campaign(conn, workspace_id, id)
    return await _send_test(pool, settings, workspace_id, said, wanted.to, wanted.index, now)


async def send_test_of_words(
    pool: Pool, settings: Settings, *, workspace_id: UUID, wanted: SendTestOfWords, now: datetime
) -> SentTest:
    """The same before there is a draft. Raises ValidationError."""
    async with transaction(pool) as tx:
        said = await _of_words(tx, workspace_id, wanted)
    return await _send_test(pool, settings, workspace_id, said, wanted.to, wanted.index, now)


async def _send_test(
    pool: Pool,
    settings: Settings,
    workspace_id: UUID,
    said: _Said,
    to: Sequence[str],
    index: int | None,
    now: datetime,
) -> SentTest:
    problems: list[Problem] = []
    for place, text in enumerate(to):
        read_address(text, f"to[{place}]", problems)
    if problems:
        raise ValidationError.of(problems)
    async with pool.connection() as conn:
        recipient, _ = await _recipient(conn, workspace_id, said.import_id, index, None)
    # A page that says what it is; nobody's link.
    words = _filled(said, recipient, settings.base_url + unsubscribe.PREVIEW)
    words["text"] = words["text"] or ""  # none, rather than one made of the html
    words["subject"] = (MARK + one_line(words["subject"] or ""))[:SUBJECT_LIMIT]
    messages = [SendEmail(to=each, sender_id=said.sender_ids[0], **words) for each in to]
    try:
        sent = await emails.send_batch(
            pool, workspace_id=workspace_id, wanted=messages, permissive=False, key=None, now=now
        )
    except ValidationError as error:  # of all of them, the same: the sender is gone, or allows none
        raise ValidationError(error.problems[0].message) from None
    return SentTest(object="campaign_test", data=sent.data)


# Who lacks what


async def missing(pool: Pool, *, workspace_id: UUID, id: UUID) -> MissingVariables:
    """Recipients whose message would have a hole in it. Raises NotFound."""
    async with pool.connection() as conn:
        said = await _of_campaign(conn, workspace_id, id)
    return await _missing(pool, workspace_id, said)


async def missing_in_words(pool: Pool, *, workspace_id: UUID, wanted: CampaignWords) -> MissingVariables:
    """The same before there is a draft. Raises ValidationError."""
    async with transaction(pool) as tx:
        said = await _of_words(tx, workspace_id, wanted)
    return await _missing(pool, workspace_id, said)


async def _missing(pool: Pool, workspace_id: UUID, said: _Said) -> MissingVariables:
    names = said.expected
    count, found = 0, []
    if names:
        of = {"workspace_id": workspace_id, "import_id": said.import_id, "names": names}
        async with pool.connection() as conn, snapshot(conn) as tx:
            count = await queries.recipients.lacking_count(tx, **of)
            found = await rows(queries.recipients.lacking(tx, **of, count=SHOWN)) if count else []
    return MissingVariables(
        object="campaign_missing", variables=names, count=count, data=[LackingRecipient(**row) for row in found]
    )


# What there is


async def _of_campaign(conn: Conn, workspace_id: UUID, id: UUID) -> _Said:
    row = await queries.campaigns.said(conn, workspace_id=workspace_id, id=id)
    if row is None:
        raise NotFound
    return _Said(id, row, row["import_id"], row["sender_ids"])


async def _of_words(tx: Conn, workspace_id: UUID, wanted: CampaignWords) -> _Said:
    """Checked like a draft. Raises ValidationError."""
    _, problems = await check_senders(tx, workspace_id, wanted.sender_ids)
    found = await queries.imports.usable(tx, workspace_id=workspace_id, id=wanted.import_id)
    if found is None:
        problems.append(Problem("import_id", "There is no such import in this workspace."))
    elif found["state"] not in ("done", "used"):
        problems.append(Problem("import_id", NOT_READ[found["state"]]))
    message, bad_parts = await with_parts(Message.of(wanted.subject, wanted.html, wanted.text))
    problems.extend(bad_parts)
    problems.extend(await check_message(message, ALWAYS.union(found["columns"] if found is not None else ())))
    if problems:
        raise ValidationError.of(problems)
    html, text = message.sent
    content: dict[str, Any] = {
        "subject": message.subject,
        "html": html,
        "text": text,
        "is_template": message.is_template,
    }
    content |= {"reply_to": [], "headers": {}, "from_name": None}
    return _Said(new_id(), content, wanted.import_id, wanted.sender_ids)


async def _recipient(
    conn: Conn, workspace_id: UUID, import_id: UUID, index: int | None, email: str | None
) -> tuple[_Recipient, int]:
    """With how many there are. Raises ValidationError where it is none of them."""
    if index is not None and email is not None:
        raise ValidationError.at("email", "Give either an index or an email.")
    of = {"workspace_id": workspace_id, "import_id": import_id}
    count = (await queries.imports.get(conn, workspace_id=workspace_id, id=import_id))["valid"]
    if email is not None:
        row = await queries.recipients.named(conn, **of, key=parse(email, path="email").key)
        if row is None:
            raise ValidationError.at("email", "This address is not on the list, or was left out of it.")
        index = row["index"]
    else:
        index = index or 0
        row = await queries.recipients.at(conn, **of, index=index)
        if row is None:
            raise ValidationError.at("index", f"The list has {count:,} recipients: the last one has {count - 1}.")
    return _Recipient(index, row["email"], row["name"], row["variables"] or {}), count


async def _sender(conn: Conn, workspace_id: UUID, id: UUID) -> From:
    return From(**await queries.campaigns.sender(conn, workspace_id=workspace_id, id=id))


def _filled(said: _Said, recipient: _Recipient, link: str) -> dict[str, Any]:
    """subject, html and text for this recipient."""
    values = variables_of(recipient.email, recipient.name, recipient.variables, unsubscribe_url=link)
    words: dict[str, Any] = {part: said.content[part] for part in PARTS}
    for part, template in said.templates():
        try:
            words[part] = template.render(values)
        except ValidationError as error:
            raise ValidationError.at(part, f"{recipient.email}: {error.message}") from None
    return words
