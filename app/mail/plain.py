"""The text part of a message that has only HTML: made once of the words, not of each message.

inscriptis lays out what lxml reads. Nothing is fetched, and what would take too long is refused before it is begun.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, Final

from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement

from app.errors import ValidationError
from app.mail.elements import read
from app.mail.markup import Disguised, literal

ELEMENTS: Final = 20_000  # half a second of one core

_ROWS: Final = frozenset(
    {"caption", "center", "dd", "dl", "dt", "fieldset", "form", "hr", "section", "table", "tbody", "tfoot", "thead"}
)
_CELLS: Final = ("td", "th")
# What in a cell makes it a paragraph rather than a figure in a row.
_PARTS: Final = (
    "article", "blockquote", "br", "center", "div", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "section", "table", "ul",
)  # fmt: skip
_HIDDEN: Final = re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_NO_LINK: Final = re.compile(r"(?:#.*|javascript:.*|data:.*|cid:.*|)", re.IGNORECASE | re.DOTALL)
_SCHEME: Final = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_GAP: Final = "\ue000"  # before a cell that follows another in its line

# What many put after the words that a list of messages shows, and other characters that nobody sees.
_NOTHING: Final = "\u00ad\u034f\u180e\u200b-\u200d\u2060\ufeff"
# Tried once for each run of them: from each place in it, a long one would take hours.
_FILLER: Final = re.compile(f"(?<![{_NOTHING}])(?:[{_NOTHING}]++[ \u00a0]++){{2,}}[{_NOTHING}]*+")
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u180e\u200b\u2060\ufeff\ud800-\udfff]")

_LAYOUT: Final = ParserConfig(css=STRICT_CSS_PROFILE | {"template": HtmlElement(display=Display.none)})


def text_of(source: str, *, template: bool = False) -> str:
    """What people read of it, each link's address in parentheses after its words.

    A template gives a template for text, in which nothing is escaped; its conditions hold what they held. Raises
    ValidationError for HTML that is too much, or whose conditions begin where people read and end where they do not.
    """
    if not template:
        return "\n".join(_lines(source))
    disguised = Disguised(source)
    lines = list(_lines(disguised.text))
    _check_conditions(disguised, disguised.numbers("\n".join(lines)))
    return disguised.restored(_gathered(lines, disguised), lambda tag: tag.plain, literal)


def _lines(source: str) -> Iterator[str]:
    """Never two empty ones in a row, and none at the start or the end."""
    body = read(source, ELEMENTS)
    elements = list(body.iter())
    for element in elements:
        element.text, element.tail = _once(element.text), _once(element.tail)
    for element in elements:
        _simplify(element)
    text = str(Inscriptis(body, _LAYOUT).get_text())
    text = _UNSEEN.sub("", _FILLER.sub(" ", text)).replace("\u00a0", " ").replace(_GAP, "  ")
    was_empty, begun = False, False
    for line in (each.rstrip() for each in text.split("\n")):
        if line:
            if was_empty and begun:
                yield ""
            yield line
            begun = True
        was_empty = not line


# The tree


def _once(text: str | None) -> str:
    """What makes inscriptis, which reads entities in what lxml has read already, come to what lxml has read."""
    return (text or "").replace("&", "&amp;")


def _simplify(element: Any) -> None:
    """Leaves what inscriptis is to lay out: no tables, and no attributes, which may ask for a billion empty lines."""
    tag = element.tag
    hidden, style, address, alt = (element.get(name) for name in ("hidden", "style", "href", "alt"))
    element.attrib.clear()
    if hidden is not None or _HIDDEN.search(style or ""):
        element.tag = "template"
    elif tag == "a":
        _write_link(element, " ".join((address or "").split()))
    elif tag == "img":
        element.tail = _once(alt) + (element.tail or "")
    elif tag == "tr":
        element.tag = "div"
        _lay_out_row(element)
    elif tag in _ROWS or tag in _CELLS:
        element.tag = "div"
        if tag == "hr":
            element.text = "---"


def _lay_out_row(row: Any) -> None:
    """In one line, but for cells that are no figures: each of those has lines of its own."""
    cells = [each for each in row if each.tag in _CELLS]
    is_line = not any(True for each in cells for _ in each.iterdescendants(*_PARTS))
    filled = [each for each in cells if not is_line or "".join(each.itertext()).strip()]
    for each in cells:
        each.tag = "span" if is_line else "div"
    for each in filled[1:] if is_line else ():
        each.text = _GAP + (each.text or "")


def _write_link(link: Any, address: str) -> None:
    said = html.unescape("".join(link.itertext())).strip()
    if _NO_LINK.fullmatch(address) or _bare(said) == _bare(address):
        return
    address = _once(f" ({address})" if said or _has_picture(link) else address)
    if len(link):
        link[-1].tail = (link[-1].tail or "") + address
    else:
        link.text = (link.text or "") + address


def _has_picture(link: Any) -> bool:
    return any((each.get("alt") or "").strip() for each in link.iter("img"))


def _bare(address: str) -> str:
    return _SCHEME.sub("", address, count=1).rstrip("/")


# Conditions


def _check_conditions(disguised: Disguised, found: list[int]) -> None:
    """Each is there as a whole and in its place, or not at all."""
    conditions = disguised.conditions()
    are = [number for number in found if number in conditions]
    open_ones: list[list[int]] = []
    expected: list[list[int]] = []
    for number, tag in conditions.items():
        if tag.word == "if":
            open_ones.append([])
        open_ones[-1].append(number)
        if tag.word == "endif":
            expected.append(open_ones.pop())
    there = set(are)
    for group in expected:
        if not there.isdisjoint(group) and not there.issuperset(group):
            raise _no_text(conditions[group[0]].line)
    if are != sorted(are) or len(are) != len(there):
        raise _no_text(conditions[are[0]].line)


def _no_text(line: int) -> ValidationError:
    return ValidationError(f"Line {line}: a part of this condition stands where people do not read.")


def _gathered(lines: list[str], disguised: Disguised) -> str:
    """A line of conditions alone would leave an empty one: they go to the line that follows."""
    gathered: list[str] = []
    held = ""
    for line in lines:
        first, rest = disguised.leading(line)
        if first and not rest:
            held += first
        elif held and not line:
            if gathered and gathered[-1]:
                gathered.append(held)
                held = ""
        else:
            gathered.append(held + first + rest)
            held = ""
    return "\n".join([*gathered, held] if held else gathered)
