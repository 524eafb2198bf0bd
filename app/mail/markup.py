"""A template's source taken apart, so that tools for HTML can work on it: they see a word in place of each tag.

Only for sources that `template.check` has let pass.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from jinja2 import Environment

from app.mail.template import is_template

_LEXER: Final = Environment(keep_trailing_newline=True, autoescape=True)
_BEGINS: Final = ("variable_begin", "block_begin")
_BRACES = re.compile(r"\{(?=[{%#])")
# To escape what is escaped once more by nobody: in a text there is nothing to escape for.
_ESCAPES: Final = ("e", "escape")


class Piece(NamedTuple):
    """Text as it stands, or a tag: `{{ ... }}` is a value, `{% ... %}` a word of a condition."""

    kind: Literal["text", "value", "condition"]
    source: str  # of a tag with its braces
    line: int
    word: str = ""  # if, elif, else or endif
    plain: str = ""  # the tag as it stands in a text that is not HTML


def pieces(source: str) -> Iterator[Piece]:
    """In their order. Comments are left out; line breaks are as Jinja reads them."""
    if not is_template(source):
        yield Piece("text", source, 1)
        return
    tokens = iter(_LEXER.lex(source))
    for line, kind, value in tokens:
        if kind == "data":
            yield Piece("text", value, line)
        elif kind in _BEGINS:
            yield _tag(line, kind, value, tokens)


def _tag(line: int, kind: str, begin: str, tokens: Iterator[tuple[int, str, str]]) -> Piece:
    inner: list[tuple[str, str]] = []
    end = ""
    for _, each, value in tokens:
        if each == kind.replace("begin", "end"):
            end = value
            break
        inner.append((each, value))
    source = begin + "".join(value for _, value in inner) + end
    said = "".join(_without_escapes(inner)).strip()
    if kind == "variable_begin":
        return Piece("value", source, line, plain="{{ " + said + " }}")
    word = next(value for each, value in inner if each == "name")
    return Piece("condition", source, line, word, "{% " + said + " %}")


def _without_escapes(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """What stands in a tag, but for the filters that escape HTML."""
    place = 0
    while place < len(tokens):
        if tokens[place] == ("operator", "|"):
            name = place + 1
            while name < len(tokens) and tokens[name][0] == "whitespace":
                name += 1
            if name < len(tokens) and tokens[name][0] == "name" and tokens[name][1] in _ESCAPES:
                place = name + 1
                if tokens[place : place + 2] == [("operator", "("), ("operator", ")")]:
                    place += 2
                continue
        yield tokens[place][1]
        place += 1


class Disguised:
    """A template in which each tag is a word of letters and digits that stands nowhere else."""

    def __init__(self, source: str) -> None:
        self._nonce = f"t{secrets.token_hex(8)}x"
        self._tags: list[Piece] = []
        numbers: dict[str, int] = {}  # values that say the same are one word
        said: list[str] = []
        for each in pieces(source):
            if each.kind == "text":
                said.append(each.source)
                continue
            number = numbers.get(each.source) if each.kind == "value" else None
            if number is None:
                number = numbers[each.source] = len(self._tags)
                self._tags.append(each)
            said.append(f"{self._nonce}{number}z")
        self.text = "".join(said)
        self._word = re.compile(rf"{self._nonce}(\d+)z")

    def has_tag(self, text: str) -> bool:
        return self._nonce in text

    def has_condition(self, text: str) -> bool:
        return any(self._tags[number].kind == "condition" for number in self.numbers(text))

    def leading(self, line: str) -> tuple[str, str]:
        """The conditions that a line begins with, and the rest of it, without the space between them."""
        end, begun = 0, False
        for found in self._word.finditer(line):
            if line[end : found.start()].strip() or self._tags[int(found[1])].kind != "condition":
                break
            end, begun = found.end(), True
        return ("".join(line[:end].split()), line[end:].lstrip()) if begun else ("", line)

    def is_within_condition(self, before: str) -> bool:
        """Whether what follows `before` stands in a condition that began there."""
        words = [self._tags[number].word for number in self.numbers(before)]
        return words.count("if") > words.count("endif")

    def conditions(self) -> dict[int, Piece]:
        return {number: each for number, each in enumerate(self._tags) if each.kind == "condition"}

    def numbers(self, text: str) -> list[int]:
        """Of the tags in it, in their order."""
        return [int(found[1]) for found in self._word.finditer(text)]

    def split(self, text: str) -> Iterator[str | Piece]:
        """Text and tags in turn, from one text to another."""
        end = 0
        for found in self._word.finditer(text):
            yield text[end : found.start()]
            yield self._tags[int(found[1])]
            end = found.end()
        yield text[end:]

    def restored(self, text: str, tag: Callable[[Piece], str], literal: Callable[[str], str]) -> str:
        """The template again, each tag and what stands between them as told."""
        return "".join(literal(each) if isinstance(each, str) else tag(each) for each in self.split(text))


def literal(text: str) -> str:
    """Text that a template shows as it stands, whatever follows it."""
    if "{" not in text:
        return text
    shown = _BRACES.sub('{{ "{" }}', text)
    return f'{shown[:-1]}{{{{ "{{" }}}}' if shown.endswith("{") else shown
