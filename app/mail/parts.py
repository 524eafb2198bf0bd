"""What is made once of the words of a campaign, a template or a message, and sent in their place."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from app.errors import ValidationError
from app.mail.plain import text_of
from app.mail.styles import inlined
from app.mail.template import check

KEPT: Final = 16  # whoever writes looks at a preview of the same words again and again


class Parts(msgspec.Struct, frozen=True):
    """Null: there was nothing to make."""

    styled_html: str | None = None
    plain_text: str | None = None


@lru_cache(maxsize=KEPT)
def parts_of(html: str | None, text: str | None) -> Parts:
    """Of templates that `template.check` has let pass. A text of None is made of the html, an empty one is none.

    At its worst it takes some seconds. Raises ValidationError at `html`.
    """
    if not html:
        return Parts()
    try:
        styled = inlined(html)
    except ValidationError as error:
        raise ValidationError.at("html", error.message) from None
    try:
        plain = text_of(styled, template=True) if text is None else None
        check(plain or "")
    except ValidationError as error:
        mend = "so no text version can be made of it: give a text, or an empty one for none."
        raise ValidationError.at("html", f"{error.message.rstrip('.')}, {mend}") from None
    return Parts(styled if styled != html else None, plain or None)


def plain_text_of(html: str) -> str | None:
    """The text part of one message. None where nothing in it can be read, or too much stands in it."""
    try:
        return text_of(html) or None
    except ValidationError:
        return None
