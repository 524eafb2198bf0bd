"""What a Struct's source says about its fields: the comment at the end of a field's line is its description.

So a field is described once, where it is declared: `sent_at: datetime | None  # null until a server took it`.
"""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Iterator
from functools import cache

import msgspec


def notes_by_struct() -> dict[str, dict[str, str]]:
    """By the Struct's name the comments of its fields, those that it inherits included, by the name in JSON."""
    return {name: _notes(struct) for name, struct in structs().items()}


def structs() -> dict[str, type[msgspec.Struct]]:
    """All that this program has, by name."""
    return {struct.__name__: struct for struct in _structs(msgspec.Struct)}


def _structs(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for struct in base.__subclasses__():
        if struct.__module__.startswith("app."):
            yield struct
        yield from _structs(struct)


def _notes(struct: type[msgspec.Struct]) -> dict[str, str]:
    names = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    found: dict[str, str] = {}
    for each in reversed(struct.__mro__):
        if each.__module__.startswith("app."):
            found |= _of_module(each.__module__).get(each.__name__, {})
    return {names[name]: text for name, text in found.items() if name in names}


@cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    source = inspect.getsource(__import__(name, fromlist=["_"]))
    comments = {
        token.start[0]: token.string.lstrip("# ").partition("  # noqa")[0]
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not token.line.lstrip().startswith("#") and "noqa" not in token.string[:8]
    }
    return {
        each.name: {
            line.target.id: comments[line.end_lineno]
            for line in each.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.end_lineno in comments
        }
        for each in ast.parse(source).body
        if isinstance(each, ast.ClassDef)
    }
