"""Templates: saved with every version, shown, tried out, removed. What is sent never changes by any of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from app.contract.lists import List, Page, page_of
from app.contract.templates import (
    REFUSED,
    DeletedTemplate,
    NewTemplate,
    PreviewTemplate,
    PreviewWords,
    Template,
    TemplateChange,
    TemplateItem,
    TemplatePreview,
    TemplateVersion,
    TemplateVersionItem,
)
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.ids import new_id
from app.domain.text import is_one_line, why_turned
from app.errors import NotFound, Problem, ValidationError
from app.mail.parts import parts_of
from app.services.template_words import Words, check_words, identify, preview, variables_of

MISSING = "There is no such template in this workspace."
FIELDS = frozenset(Words.__struct_fields__)


async def create(pool: Pool, *, workspace_id: UUID, created_by: UUID | None, wanted: NewTemplate) -> Template:
    """Its first version. Raises ValidationError that names everything that is wrong."""
    words = Words.of(wanted.subject, wanted.html, wanted.text, wanted.variables)
    problems = [*_refused(wanted), *_check_name(wanted.name), *await asyncio.to_thread(list, check_words(words))]

    async def work(tx: Conn) -> Template:
        found = [*problems, *await _check_alias(tx, workspace_id, new, wanted.alias)]
        if found:
            raise ValidationError.of(found)
        await queries.templates.add(tx, workspace_id=workspace_id, id=new, name=wanted.name, alias=wanted.alias)
        await _add_version(tx, workspace_id, new, 1, words, created_by)
        return await _read(tx, workspace_id, str(new))

    new = new_id()
    return await retrying(pool, work)


async def list_templates(pool: Pool, *, workspace_id: UUID, page: Page) -> List[TemplateItem]:
    """Newest first, without their words."""
    async with pool.connection() as conn:
        found = await rows(
            queries.templates.page(
                conn, workspace_id=workspace_id, after=page.after, before=page.before, count=page.limit + 1
            )
        )
    return page_of([TemplateItem(object="template", status="published", **row) for row in found], page)


async def get(pool: Pool, *, workspace_id: UUID, template: str) -> Template:
    """By id or alias, with the words of its newest version. Raises NotFound."""
    async with pool.connection() as conn:
        return await _read(conn, workspace_id, template)


async def change(
    pool: Pool, *, workspace_id: UUID, template: str, wanted: TemplateChange, changed_by: UUID | None
) -> Template:
    """Other words are the next version; a name or an alias is not. Raises NotFound, ValidationError."""
    given = {
        field: value
        for field in TemplateChange.__struct_fields__
        if field not in ("from_", "reply_to", "react") and (value := getattr(wanted, field)) is not UNSET
    }

    async def work(tx: Conn) -> Template:
        row = await _hold(tx, workspace_id, template)
        before = msgspec.convert(row, Words)
        after = _changed(before, given)
        name, alias = given.get("name", row["name"]), given.get("alias", row["alias"])
        problems = [*_refused(wanted), *_check_name(name), *await _check_alias(tx, workspace_id, row["id"], alias)]
        version = row["version"]
        if after != before:
            problems += await asyncio.to_thread(list, check_words(after))
            version += 1
        if problems:
            raise ValidationError.of(problems)
        if version != row["version"]:
            await _add_version(tx, workspace_id, row["id"], version, after, changed_by)
        await queries.templates.change(
            tx, workspace_id=workspace_id, id=row["id"], name=name, alias=alias, version=version
        )
        return await _read(tx, workspace_id, str(row["id"]))

    return await retrying(pool, work)


async def duplicate(pool: Pool, *, workspace_id: UUID, template: str, created_by: UUID | None) -> Template:
    """A new template with the words of the newest version. Raises NotFound."""

    async def work(tx: Conn) -> Template:
        row = await _row(tx, workspace_id, template)
        new = new_id()
        name = f"{row['name'][:90]} (copy)"
        await queries.templates.add(tx, workspace_id=workspace_id, id=new, name=name, alias=None)
        await _add_version(tx, workspace_id, new, 1, msgspec.convert(row, Words), created_by)
        return await _read(tx, workspace_id, str(new))

    return await retrying(pool, work)


async def remove(pool: Pool, *, workspace_id: UUID, template: str) -> DeletedTemplate:
    """No message can name it any more; those that were taken stay as they are. Raises NotFound."""

    async def work(tx: Conn) -> DeletedTemplate:
        row = await _hold(tx, workspace_id, template)
        await queries.templates.remove(tx, workspace_id=workspace_id, id=row["id"])
        return DeletedTemplate(object="template", id=row["id"], deleted=True)

    return await retrying(pool, work)


async def list_versions(pool: Pool, *, workspace_id: UUID, template: str, page: Page) -> List[TemplateVersionItem]:
    """Newest first, without their words. Raises NotFound."""
    async with pool.connection() as conn:
        row = await _row(conn, workspace_id, template)
        found = await rows(
            queries.templates.versions(
                conn,
                workspace_id=workspace_id,
                template_id=row["id"],
                after=page.after,
                before=page.before,
                count=page.limit + 1,
            )
        )
    return page_of([TemplateVersionItem(object="template_version", **each) for each in found], page)


async def get_version(pool: Pool, *, workspace_id: UUID, template: str, version: int) -> TemplateVersion:
    """Raises NotFound."""
    async with pool.connection() as conn:
        row = await _row(conn, workspace_id, template)
        found = await _version(conn, workspace_id, row["id"], version)
    variables = variables_of(msgspec.convert(found, Words))
    return TemplateVersion(object="template_version", **found | {"variables": variables})


async def try_out(pool: Pool, *, workspace_id: UUID, template: str, wanted: PreviewTemplate) -> TemplatePreview:
    """What it would say. Raises NotFound, ValidationError."""
    async with pool.connection() as conn:
        row = await _row(conn, workspace_id, template)
        if wanted.version is not None:
            row = await _version(conn, workspace_id, row["id"], wanted.version)
    return await asyncio.to_thread(preview, msgspec.convert(row, Words), wanted.variables or {})


async def try_words(wanted: PreviewWords) -> TemplatePreview:
    """The same of words that are not saved. Raises ValidationError with the field and line of what is wrong."""
    words = Words.of(wanted.subject, wanted.html, wanted.text, wanted.declared)
    return await asyncio.to_thread(preview, words, wanted.variables or {})


# One template


async def _read(conn: Conn, workspace_id: UUID, template: str) -> Template:
    row = await _row(conn, workspace_id, template)
    variables = await asyncio.to_thread(variables_of, msgspec.convert(row, Words))
    return Template(object="template", status="published", **row | {"variables": variables})


async def _row(conn: Conn, workspace_id: UUID, template: str) -> dict[str, Any]:
    return await _found(queries.templates.get, conn, workspace_id, template)


async def _hold(tx: Conn, workspace_id: UUID, template: str) -> dict[str, Any]:
    """In two statements: together the second would find the version that there was before it was waited for."""
    held = await _found(queries.templates.hold, tx, workspace_id, template)
    return await _row(tx, workspace_id, str(held["id"]))


async def _found(
    query: Callable[..., Awaitable[dict[str, Any] | None]], conn: Conn, workspace_id: UUID, template: str
) -> dict[str, Any]:
    id, alias = identify(template)
    row = await query(conn, workspace_id=workspace_id, id=id, alias=alias)
    if row is None:
        raise NotFound(MISSING)
    return row


async def _version(conn: Conn, workspace_id: UUID, template_id: UUID, version: int) -> dict[str, Any]:
    row: dict[str, Any] | None = await queries.templates.version(
        conn, workspace_id=workspace_id, template_id=template_id, version=version
    )
    if row is None:
        raise NotFound("This template has no such version.")
    return row


async def _add_version(
    tx: Conn, workspace_id: UUID, template_id: UUID, version: int, words: Words, by: UUID | None
) -> None:
    parts = await asyncio.to_thread(parts_of, words.html, words.text)
    await queries.templates.add_version(
        tx,
        workspace_id=workspace_id,
        id=new_id(),
        template_id=template_id,
        version=version,
        subject=words.subject,
        html=words.html,
        text=words.text,
        styled_html=parts.styled_html,
        plain_text=parts.plain_text,
        variables=msgspec.json.encode(words.variables).decode(),
        created_by=by,
    )


def _changed(before: Words, given: Mapping[str, Any]) -> Words:
    words = {field: given.get(field, getattr(before, field)) for field in FIELDS}
    return Words.of(**words)


def _refused(wanted: NewTemplate | TemplateChange) -> list[Problem]:
    given = {"from": wanted.from_, "reply_to": wanted.reply_to, "react": wanted.react}
    return [Problem(field, REFUSED[field]) for field, value in given.items() if value]


def _check_name(name: str) -> list[Problem]:
    if not name.strip() or not is_one_line(name):
        return [Problem("name", "A name is one line, and not empty.")]
    why = why_turned(name)
    return [] if why is None else [Problem("name", why)]


async def _check_alias(tx: Conn, workspace_id: UUID, id: UUID, alias: str | None) -> list[Problem]:
    if alias is None:
        return []
    if identify(alias)[0] is not None:
        return [Problem("alias", "An alias that looks like an id could be taken for one.")]
    if await queries.templates.alias_taken(tx, workspace_id=workspace_id, alias=alias, id=id):
        return [Problem("alias", f"Another template has the alias {alias}.")]
    return []
