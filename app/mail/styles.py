"""Style sheets of a message written into its elements, since some mail programs drop `<style>`.

css-inline decides what applies to which element. The HTML that it writes is not used: it has lost the doctype, entities
and spaces, and moved what stands where HTML has no place for it. It is given the bare tree, each element with a number;
what it says of a number is written into that tag of the source. All else stays as it stands, a template's tags too.
"""

from __future__ import annotations

import html as entities
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import lxml.html

from app.errors import ValidationError
from app.mail import template as templates
from app.mail.elements import read
from app.mail.inliner import declarations_of, inline
from app.mail.markup import Disguised, literal

ELEMENTS: Final = 5_000
SHEETS: Final = 200_000  # characters
DECLARATIONS: Final = 2_000  # such as `color: red`, in all style sheets together
WORK: Final = 1_500_000  # elements x declarations; some seconds if all apply to all
GROWN: Final = 2_000_000  # characters in the end

_STYLE: Final = re.compile(r"<style\b", re.IGNORECASE)
_OPENING: Final = re.compile(r"<!--|<([a-z][^\s/>]*+)", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    r"""[\s/]*+(?P<name>[^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?P<value>"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+))?+"""
)
_CLOSING: Final = re.compile(r"[\s/]*+>")
_RAW: Final = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
_KEEP: Final = "data-css-inline"  # "ignore": css-inline leaves such a sheet or element alone, and so does this
MEND: Final = f'have it done before, or leave sheets as they are: <style {_KEEP}="ignore">'
_LEFT_ALONE: Final = frozenset({"head", "html", "link", "meta", "script", "style", "title"})
_MEDIA: Final = frozenset({"", "all", "screen"})


class _Attribute(NamedTuple):
    name: str
    start: int  # of the value with its quotation marks
    end: int
    value: str


class _Tag(NamedTuple):
    """An element's first tag. Places are in the text that it was found in."""

    name: str
    start: int
    named: int  # behind its name
    end: int
    attributes: list[_Attribute]
    content: tuple[int, int]  # of an element that has only text
    after: int  # behind its last tag

    def get(self, name: str) -> str:
        return next((each.value for each in self.attributes if each.name == name), "")


class _Sheet(NamedTuple):
    number: int
    tag: _Tag


def inlined(html: str) -> str:
    """The HTML with what each `<style>` says in the elements that it says it of; media queries, pseudo-classes and what
    applies to nothing stay there. Nothing is fetched, whatever it names.

    HTML without a `<style>` stays as it is. Raises ValidationError for more than can be done in a few seconds.
    """
    if not _STYLE.search(html):
        return html
    disguised = Disguised(html)
    text = disguised.text
    tags = list(_tags(text))
    sheets = [_Sheet(number, tag) for number, tag in enumerate(tags) if tag.name == "style"]
    sheets = [each for each in sheets if _applies(each.tag, disguised, text)]
    if not sheets:
        return html
    _check_work(text, tags, sheets)
    # Its class, or more of it, depends on the recipient: it is the sheet that fits it, so the sheet stays whole.
    varying = {number for number, tag in enumerate(tags) if _varies(tag, disguised)}
    styles, left = _computed(text, tags, varying, sheets)
    edits = [edit for number, tag in enumerate(tags) if (edit := _styled(tag, styles.get(number)))]
    if not varying:
        edits += [_shortened(each.tag, left.get(each.number, "")) for each in sheets]
    made = disguised.restored(
        _edited(text, edits), lambda tag: tag.source, literal if templates.is_template(html) else str
    )
    return _checked(html, made)


# The source


def _tags(text: str) -> Iterator[_Tag]:
    """As a browser finds them (HTML, 13.2.5), up to where the text ends within one."""
    place = 0
    while found := _OPENING.search(text, place):
        if found[1] is None:
            end = text.find("-->", found.start() + 2)
            if end < 0:
                return
            place = end + 3
            continue
        attributes = []
        at = found.end()
        while attribute := _ATTRIBUTE.match(text, at):
            value = attribute["value"] or ""
            said = value[1:-1] if value[:1] in ("'", '"') else value
            attributes.append(_Attribute(attribute["name"].lower(), *attribute.span("value"), entities.unescape(said)))
            at = attribute.end()
        closing = _CLOSING.match(text, at)
        if closing is None:
            return
        name, place = found[1].lower(), closing.end()
        content = (place, place)
        if name in _RAW:
            last = re.compile(rf"</{name}\b[^>]*+>?+", re.IGNORECASE).search(text, place)
            content = (place, last.start() if last else len(text))
            place = last.end() if last else len(text)
        yield _Tag(name, found.start(), found.end(), closing.end(), attributes, content, place)


def _applies(sheet: _Tag, disguised: Disguised, text: str) -> bool:
    """Whether it says the same to everybody, wherever the message is read on a screen."""
    return (
        sheet.get("media").strip().lower() in _MEDIA
        and sheet.get("type").strip().lower() in ("", "text/css")
        and sheet.get(_KEEP) != "ignore"
        and not disguised.has_tag(text[sheet.start : sheet.end])
        and not disguised.has_condition(text[slice(*sheet.content)])
        and not disguised.is_within_condition(text[: sheet.start])
    )


def _varies(tag: _Tag, disguised: Disguised) -> bool:
    return disguised.has_tag(tag.name) or any(
        disguised.has_tag(each.name) or (each.name in ("class", "id") and disguised.has_tag(each.value))
        for each in tag.attributes
    )


def _check_work(text: str, tags: Sequence[_Tag], sheets: Sequence[_Sheet]) -> None:
    css = "".join(text[slice(*each.tag.content)] for each in sheets)
    declarations = declarations_of(css)
    if len(css) > SHEETS:
        raise ValidationError(f"Its style sheets have more than {SHEETS:,} characters: {MEND}.")
    if declarations > DECLARATIONS or declarations * len(tags) > WORK or len(tags) > ELEMENTS:
        raise ValidationError(
            f"{declarations:,} declarations in style sheets for {len(tags):,} elements are too many to write them into "
            f"each: {MEND}."
        )


# What applies


def _computed(
    text: str, tags: Sequence[_Tag], varying: set[int], sheets: Sequence[_Sheet]
) -> tuple[dict[int, str], dict[int, str]]:
    """(styles by the number of their element, what is left of sheets by theirs)."""
    mark = f"data-{secrets.token_hex(8)}"
    numbered = [
        (tag.named, tag.named, f' {mark}="{number}"') for number, tag in enumerate(tags) if number not in varying
    ]
    tree = read(_edited(text, numbered), ELEMENTS)
    usable = {str(each.number) for each in sheets}
    for element in tree.iter():
        _bare(element, is_sheet=element.tag == "style" and element.get(mark) in usable)
    bare = lxml.html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")
    css = "".join(text[slice(*each.tag.content)] for each in sheets)
    try:
        done = inline(bare, css, len(tags))
    except ValueError as error:
        raise ValidationError(f"Its style sheets cannot be read: {error}.") from None
    except TimeoutError:
        raise ValidationError(f"Its style sheets take too long to write into elements: {MEND}.") from None
    styles: dict[int, str] = {}
    left: dict[int, str] = {}
    for element in read(done, ELEMENTS * 2).iter():
        number = element.get(mark)
        if number is None or not number.isdecimal():
            continue
        if element.tag == "style":
            left[int(number)] = element.text or ""
        elif element.tag not in _LEFT_ALONE and element.get("style"):
            styles.setdefault(int(number), element.get("style"))
    return styles, left


def _bare(element: Any, *, is_sheet: bool) -> None:
    """Leaves what a selector can ask for. A style that was there says more than any sheet, so it need not be known; a
    link is no link any more, so that nothing can be fetched by it."""
    element.attrib.pop("style", None)
    element.tail = "x" if (element.tail or "").strip() else None
    if not is_sheet:
        element.text = "x" if (element.text or "").strip() else None
        if element.tag in ("link", "style", "script", "base"):
            element.tag = "template"


# Back into the source

Edit = tuple[int, int, str]  # from, to, what stands there instead


def _styled(tag: _Tag, style: str | None) -> Edit | None:
    """What was there comes last, so that it says more."""
    if style is None:
        return None
    written = _quoted(style if style.endswith(";") else f"{style};")
    before = next((each for each in tag.attributes if each.name == "style"), None)
    if before is None or before.start < 0:
        return tag.named, tag.named, f' style="{written}"'
    return before.start, before.end, f'"{written}{_quoted(before.value)}"'


def _quoted(value: str) -> str:
    """To stand between quotation marks; Outlook does not know the entity of an apostrophe."""
    return entities.escape(value, quote=False).replace('"', "&quot;")


def _shortened(sheet: _Tag, left: str) -> Edit:
    """Without what stands in the elements now; without anything left, away."""
    return (*sheet.content, f"\n{left}\n") if left.strip() else (sheet.start, sheet.after, "")


def _edited(text: str, edits: Sequence[Edit]) -> str:
    pieces: list[str] = []
    place = 0
    for start, end, instead in sorted(edits):
        pieces += (text[place:start], instead)
        place = end
    return "".join([*pieces, text[place:]])


def _checked(html: str, made: str) -> str:
    if len(made) > GROWN:
        raise ValidationError(f"With its styles in its elements this HTML has more than {GROWN:,} characters.")
    if not templates.is_template(html):
        return html if templates.is_template(made) else made
    try:
        templates.check(made, html=True)
    except ValidationError as error:
        raise ValidationError(f"With its styles in its elements: {error.message}") from None
    return made
