"""Templates: stored words that messages are filled in from, in Resend's shape and with every version kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.contract.base import Input, Output

Body = Annotated[str, Meta(max_length=1_000_000)]
Text = Annotated[
    str, Meta(max_length=1_000_000, description="The text part. Absent or null: it is made of `html`; empty: none.")
]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
# Python's `$` matches before a last line break too; OpenAPI's does not, and knows no `\Z`.
Alias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}\Z",
        extra_json_schema={"extra": {"pattern": r"^[A-Za-z0-9_-]{1,64}$"}},
        description="Another name for its id: 1 to 64 letters, digits, `_` and `-`.",
    ),
]
VariableName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}\Z",
        extra_json_schema={"extra": {"pattern": r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"}},
    ),
]
VersionNumber = Annotated[int, Meta(ge=1, le=2_147_483_647, description="Absent: the newest.")]
Variables = Annotated[dict[str, Any], Meta(description="A value for each variable: up to 64 KB.")]

# What templates of Resend have and ours have not: refused by name with what to do instead, never ignored.
REFUSED: Final = {
    "from": "A template has no sender here: give from with the message.",
    "reply_to": "A template has no reply_to here: give it with the message, or set the sender's.",
    "react": "React components are not rendered here: render yours first, and send what it gives as html.",
}


class Variable(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Says more about a variable than its use in the text does."""

    key: VariableName
    type: Literal["string", "number"] = "string"
    fallback_value: Annotated[str | int | float | None, Meta(description="Taken where none is given.")] = None


class NewTemplate(Input, kw_only=True):
    """`{{ first_name | default("there") }}` stands for a variable, `{% if plan == "pro" %}...{% endif %}` for a choice.

    It needs `html` or `text`.
    """

    name: Name
    alias: Alias | None = None
    subject: Annotated[str | None, Meta(description="Absent: each message gives its own.")] = None
    html: Body | None = None
    text: Text | None = None
    variables: Annotated[list[Variable], Meta(max_length=100)] | None = None
    from_: Annotated[Any, Meta(description=REFUSED["from"])] = msgspec.field(default=None, name="from")
    reply_to: Annotated[Any, Meta(description=REFUSED["reply_to"])] = None
    react: Annotated[Any, Meta(description=REFUSED["react"])] = None


class TemplateChange(Input, kw_only=True):
    """What is absent stays as it is; `null` is none. Other words are another version."""

    name: Name | UnsetType = UNSET
    alias: Alias | UnsetType | None = UNSET
    subject: str | UnsetType | None = UNSET
    html: Body | UnsetType | None = UNSET
    text: Text | UnsetType | None = UNSET
    variables: Annotated[list[Variable], Meta(max_length=100)] | UnsetType | None = UNSET
    from_: Annotated[Any, Meta(description=REFUSED["from"])] = msgspec.field(default=None, name="from")
    reply_to: Annotated[Any, Meta(description=REFUSED["reply_to"])] = None
    react: Annotated[Any, Meta(description=REFUSED["react"])] = None


class TemplateUse(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The words of a message, filled in when it is taken: what becomes of the template later does not change it."""

    id: Annotated[str, Meta(description="The template's id or alias.")]
    version: VersionNumber | None = None
    variables: Variables | None = None


class TemplateUsed(Output):
    """Where the words of a message come from."""

    id: UUID
    version: int


class TemplateVariable(Output):
    """A variable that the words use, or that was declared."""

    key: str
    type: Literal["string", "number"]
    fallback_value: str | int | float | None
    required: bool  # no message can be without it; `email` and `name` are those of the recipient


class TemplateItem(Output):
    object: Literal["template"]
    id: UUID
    name: str
    alias: str | None
    status: Literal["published"]  # every version may be sent as soon as it is saved
    version: int  # the newest
    subject: str | None
    created_at: datetime
    updated_at: datetime
    published_at: datetime


class Template(TemplateItem):
    html: str | None
    text: str | None  # null: made of the html; empty: none
    variables: list[TemplateVariable]


class TemplateVersionItem(Output):
    object: Literal["template_version"]
    id: UUID
    version: int
    subject: str | None
    created_at: datetime
    created_by: str | None  # who saved it; null for an API key that nobody made


class TemplateVersion(TemplateVersionItem):
    html: str | None
    text: str | None  # null: made of the html; empty: none
    variables: list[TemplateVariable]


class DeletedTemplate(Output):
    object: Literal["template"]
    id: UUID
    deleted: Literal[True]


class PreviewTemplate(Input):
    variables: Variables | None = None
    version: VersionNumber | None = None


class PreviewWords(Input):
    """Words that are not saved yet."""

    subject: str | None = None
    html: Body | None = None
    text: Text | None = None
    declared: Annotated[list[Variable], Meta(max_length=100)] | None = None
    variables: Variables | None = None


class TemplatePreview(Output):
    """What a message would say. A variable without a value stands there as `[name]`."""

    subject: str | None
    html: str | None
    text: str | None  # null: made of the html; empty: none
    variables: list[TemplateVariable]
    missing: list[str]  # no message could be sent without them
