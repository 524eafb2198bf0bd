"""What stored words say for one message: checked when they are saved, filled in when a message is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.emails import SendEmail
from app.contract.templates import TemplatePreview, TemplateUse, TemplateVariable, Variable
from app.db.pool import Conn
from app.db.queries import queries, rows
from app.domain.envelopes import Recipient, check_subject, check_text
from app.errors import Problem, ValidationError
from app.mail.parts import Parts, parts_of
from app.mail.template import Template, is_kept, is_template
from app.mail.template import compile as compile_template

ALWAYS: Final = ("email", "name")  # of the first recipient: every message has them
VARIABLES_LIMIT: Final = 65_536  # bytes of JSON
FIELDS: Final = ("subject", "html", "text")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a template."""

    subject: str | None
    html: str | None
    text: str | None  # None: made of the html; empty: none
    variables: list[Variable]  # as declared

    @classmethod
    def of(cls, subject: str | None, html: str | None, text: str | None, variables: list[Variable] | None) -> Words:
        """As they are given."""
        return cls(subject=subject, html=html or None, text=text if html else text or None, variables=variables or [])

    def sent(self, parts: Parts) -> Words:
        """What messages are filled in from."""
        html, text = parts.styled_html or self.html, parts.plain_text or self.text
        return Words(subject=self.subject, html=html, text=text, variables=self.variables)


class Version(Words, frozen=True, kw_only=True):
    id: UUID  # the template's
    version: int
    styled_html: str | None
    plain_text: str | None

    @property
    def said(self) -> Words:
        return self.sent(Parts(self.styled_html, self.plain_text))


# Saved


def check_words(words: Words) -> Iterator[Problem]:
    """Everything that is wrong with them, by field and with its line. At its worst it takes some seconds."""
    if not words.html and not words.text:
        yield Problem("html", "A template needs html or text.")
    if words.subject is not None and not is_template(words.subject):
        yield from check_subject(words.subject)
    for field in FIELDS:
        yield from check_text(field, getattr(words, field))
    seen: set[str] = set()
    for place, each in enumerate(words.variables):
        if each.key in seen:
            yield Problem(f"variables[{place}].key", "This variable is given twice.")
        seen.add(each.key)
        if each.fallback_value is not None and (why := _why_not(each, each.fallback_value)):
            yield Problem(f"variables[{place}].fallback_value", why)
    is_good = True
    for field in FIELDS:
        try:
            _compiled(words, field)
        except ValidationError as error:
            is_good = False
            yield Problem(field, error.message)
    if is_good:
        try:
            parts_of(words.html, words.text)
        except ValidationError as error:
            yield from error.problems


def variables_of(words: Words) -> list[TemplateVariable]:
    """Those that the words use, in their order, then those that were only declared. Of words that are good."""
    declared = {each.key: each for each in words.variables}
    compiled = [template for field in FIELDS if (template := _compiled(words, field)) is not None]
    required = {name for template in compiled for name in template.required}
    used = dict.fromkeys(name for template in compiled for name in template.variables)
    found = []
    for key in [*used, *(key for key in declared if key not in used)]:
        each = declared.get(key) or Variable(key=key)
        must = key in required and each.fallback_value is None and key not in ALWAYS
        found.append(TemplateVariable(key=key, type=each.type, fallback_value=each.fallback_value, required=must))
    return found


def _compiled(words: Words, field: str) -> Template | None:
    source = getattr(words, field)
    return compile_template(source, html=field == "html") if source else None


# Sent


async def find(tx: Conn, workspace_id: UUID, wanted: Sequence[SendEmail | ValidationError]) -> dict[int, Version]:
    """The versions that messages name, by the messages' places: one query, and none where no message names any."""
    named = {
        place: each.template
        for place, each in enumerate(wanted)
        if isinstance(each, SendEmail) and each.template is not None
    }
    if not named:
        return {}
    ids = [identify(use.id) for use in named.values()]
    query = queries.templates.words(
        tx,
        workspace_id=workspace_id,
        ids=[id for id, _ in ids],
        aliases=[alias for _, alias in ids],
        versions=[use.version for use in named.values()],
    )
    places = list(named)
    found = {places[row.pop("place") - 1]: msgspec.convert(row, Version) for row in await rows(query)}
    said = [each.said for each in found.values()]
    unread = [(each, field) for each in said for field in FIELDS if not _is_kept(each, field)]
    if unread:  # what may take a tenth of a second, a thread does
        await asyncio.to_thread(lambda: [_compiled(*each) for each in unread])
    return found


def _is_kept(words: Words, field: str) -> bool:
    source = getattr(words, field)
    return not source or is_kept(source, html=field == "html")


def identify(text: str) -> tuple[UUID | None, str | None]:
    """(id, alias) of what may be either: one of them is None."""
    try:
        return UUID(text), None
    except ValueError:
        return None, text.replace("\0", "")


def fill(
    version: Version | None, wanted: SendEmail, use: TemplateUse, first: Recipient | None, problems: list[Problem]
) -> dict[str, Any] | None:
    """subject, html and text of one message; None after adding to `problems`."""
    found = list(_check_use(version, wanted, use))
    if version is None or found:
        problems.extend(found)
        return None
    values: dict[str, Any] = {"email": first.email if first else "", "name": (first.name if first else None) or ""}
    values |= {each.key: each.fallback_value for each in version.variables if each.fallback_value is not None}
    values |= use.variables or {}
    filled: dict[str, Any] = {}
    words = version.said
    for field in FIELDS:
        template = _compiled(words, field)
        if field == "subject" and wanted.subject is not None:
            filled[field] = wanted.subject
            continue
        missing = [] if template is None else [name for name in template.required if name not in values]
        found += [Problem(f"template.variables.{name}", f"Give {name}: the {field} uses it.") for name in missing]
        try:
            filled[field] = getattr(words, field) if template is None or missing else template.render(values)
        except ValidationError as error:
            found.append(Problem("template.variables", f"The template's {field}: {error.message}"))
    problems.extend({problem.path: problem for problem in reversed(found)}.values())
    return None if found else filled


def _check_use(version: Version | None, wanted: SendEmail, use: TemplateUse) -> Iterator[Problem]:
    if version is None:
        place = "template.id" if use.version is None else "template.version"
        yield Problem(place, "There is no such template in this workspace: GET /v1/templates lists them.")
    for field in ("html", "text"):
        if getattr(wanted, field):
            yield Problem(field, f"Give either template or {field}: a template brings its own.")
    yield from check_variables(use.variables, "template.variables")
    for each in version.variables if version is not None else ():
        value = (use.variables or {}).get(each.key)
        if value is not None and (why := _why_not(each, value)):
            yield Problem(f"template.variables.{each.key}", why)


def check_variables(variables: Mapping[str, Any] | None, path: str) -> Iterator[Problem]:
    yield from check_text(path, variables)
    if variables is not None and len(msgspec.json.encode(variables)) > VARIABLES_LIMIT:
        yield Problem(path, f"{path} has at most {VARIABLES_LIMIT:,} bytes of JSON.")


def _why_not(declared: Variable, value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if declared.type == "number" and not is_number:
        return f"{declared.key} is a number."
    if declared.type == "string" and not isinstance(value, str):
        return f"{declared.key} is a string."
    return None


# Looked at


def preview(words: Words, variables: Mapping[str, Any]) -> TemplatePreview:
    """What they say with these variables. Raises ValidationError for words or variables that are not good."""
    problems = [*check_variables(variables, "variables"), *check_words(words)]
    if problems:
        raise ValidationError.of(problems)
    known = variables_of(words)
    given = {each.key: each.fallback_value for each in known if each.fallback_value is not None} | dict(variables)
    missing = [each.key for each in known if each.required and each.key not in given]
    values = {name: f"[{name}]" for name in (*ALWAYS, *missing)} | given
    said: dict[str, str | None] = {}
    words = words.sent(parts_of(words.html, words.text))
    for field in FIELDS:
        try:
            template = _compiled(words, field)
            said[field] = None if template is None else template.render(values)
        except ValidationError as error:
            problems.append(Problem(field, error.message))
    if problems:
        raise ValidationError.of(problems)
    return TemplatePreview(**said, variables=known, missing=missing)
