"""HTML read into a tree by lxml, which fetches nothing and forgives much; what is too much of it is refused here."""

from __future__ import annotations

import re
from typing import Any, Final

import lxml.html
from lxml import etree

from app.errors import ValidationError

# libxml2 ends these where HTML 4 has no place for what follows: a link before a table, as buttons of mail have it.
_INLINE: Final = ("a", "b", "big", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u")
_OPENING: Final = re.compile(rf"<(/?)({'|'.join(_INLINE)})(?=[\s/>])", re.IGNORECASE)
_DISGUISED: Final = {f"x-{name}": name for name in _INLINE}  # elements that libxml2 knows nothing of

DEPTH: Final = 200  # elements within each other: those who walk the tree call themselves for each


def read(html: str, most: int) -> Any:
    """The root, without comments. Raises ValidationError for more than `most` elements, or too deep ones."""
    parser = lxml.html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    source = _OPENING.sub(r"<\1x-\2", html)
    try:
        root = lxml.html.document_fromstring(f"<!DOCTYPE html>{source}", parser=parser)
    except etree.ParserError:  # there is nothing in it
        root = lxml.html.document_fromstring("<body></body>", parser=parser)
    count = depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if event == "end" and element.tag in _DISGUISED:
            element.tag = _DISGUISED[element.tag]
        if depth > DEPTH:
            raise ValidationError(f"This HTML has elements nested more than {DEPTH} deep.")
        if count > most:
            raise ValidationError(f"This HTML has more than {most:,} elements.")
    return root
