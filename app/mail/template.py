"""Personal text: a small, safe part of Jinja2. What a template may contain is checked when it is saved.

Allowed: `{{ name }}`, `{{ row.key }}`, `{{ row["key"] }}`, a few filters, `{% if %}` with comparisons, comments.
No loops, calls, arithmetic or attributes of objects: the sandbox alone would not stop `'A' * 10**9`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.errors import ValidationError

SOURCE_LIMIT: Final = 1_000_000  # characters
OUTPUT_LIMIT: Final = 1_000_000  # characters
TAG_LIMIT: Final = 1_000
MARKUP_LIMIT: Final = 50_000  # characters inside tags
NODE_LIMIT: Final = 10_000  # names, constants, filters, conditions: what takes time to compile and to run
FILTERED_LIMIT: Final = 2_000_000  # characters that all filters together go through in one rendering
VALUE_LIMIT: Final = 65_536  # characters that a list or mapping is taken to have
NUMBER_LIMIT: Final = 10**18
DEPTH_LIMIT: Final = 40  # of filters, conditions and parentheses within each other; Python compiles some hundred

FILTERS: Final = (
    "capitalize",
    "d",
    "default",
    "e",
    "escape",
    "lower",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
)
TESTS: Final = ("defined", "undefined", "none", "string", "number", "eq", "ne", "lt", "le", "gt", "ge", "in")

_ALLOWED: Final[tuple[type[nodes.Node], ...]] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
_WORDS: Final[dict[type[nodes.Node], str]] = {
    nodes.For: "a loop",
    nodes.Call: "a function call",
    nodes.Assign: "an assignment",
    nodes.AssignBlock: "an assignment",
    nodes.Macro: "a macro",
    nodes.Include: "an include",
    nodes.Import: "an import",
    nodes.FromImport: "an import",
    nodes.Extends: "inheritance",
    nodes.Block: "a block",
    nodes.Slice: "a slice",
    nodes.Dict: "a dictionary",
    nodes.Concat: "joining with ~",
}
_MARKS: Final = ("{{", "{%", "{#")
_MARKUP = re.compile(r"\{[{%].*?(?:[}%]\}|\Z)", re.DOTALL)
# What an escape such as '\x00' writes into a text that could not hold it itself.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE = re.compile(r"\r\n|\r|\n")  # as Jinja counts lines
_MISSING = re.compile(r"(?:'(?P<name>[^']+)' is undefined|(?:attribute|element) '?(?P<key>[^']+?)'?)$")


class _Environment(ImmutableSandboxedEnvironment):
    """Looks into mappings and lists only: no value shows its methods or attributes."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping):
            if isinstance(argument, str) and argument in obj:
                return obj[argument]
        elif isinstance(obj, (list, tuple)) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        elif isinstance(obj, Undefined):
            return obj
        return self.undefined(obj=obj, name=argument)


def _default(value: object, default_value: object = "", boolean: bool = False) -> object:
    """Also for what is empty: a table has a cell for each of its columns, filled or not."""
    is_empty = value is None or isinstance(value, Undefined) or (isinstance(value, str) and not value.strip())
    return default_value if is_empty or (boolean and not value) else value


def _truncate(value: object, length: int = 255, end: str = "…") -> str:
    text = str(value)
    return text if len(text) <= length else text[: max(0, length - len(end))].rstrip() + end


def _urlencode(value: object) -> str:
    return quote(str(value), safe="")


class _Work(threading.local):
    """What filters may still go through in the rendering of this thread."""

    left = 0


_work = _Work()


def _counted(run: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes from the rendering's work: `{% if x|title|urlencode %}` hundreds of times, of a long value,
    would hold up a process for minutes and write nothing that is too long."""

    @wraps(run)
    def counted(value: Any, *args: Any, **options: Any) -> Any:
        _work.left -= (
            VALUE_LIMIT if isinstance(value, list | tuple | Mapping) else len(value) if isinstance(value, str) else 1
        )
        if _work.left < 0:
            raise ValueError(f"the filters go through more than {FILTERED_LIMIT:,} characters")
        return run(value, *args, **options)

    return counted


def _environment(*, html: bool) -> _Environment:
    made = _Environment(
        autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True, finalize=_shown, cache_size=0
    )
    kept: dict[str, Callable[..., Any]] = {name: made.filters[name] for name in FILTERS}
    kept |= {"default": _default, "d": _default, "truncate": _truncate, "urlencode": _urlencode}
    made.filters = {name: _counted(run) for name, run in kept.items()}
    made.tests = {name: made.tests[name] for name in TESTS}
    made.globals = {}
    return made


def _shown(value: object) -> object:
    return "" if value is None else value


_TEXT = _environment(html=False)
_HTML = _environment(html=True)


def is_template(source: str) -> bool:
    """Whether the text holds anything to fill in. Text that does not is sent as it stands."""
    return any(mark in source for mark in _MARKS)


class Template:
    """A compiled template. Rendering it twice with the same variables gives the same text."""

    __slots__ = ("_inner", "expected", "html", "required", "source", "variables")

    def __init__(self, source: str, *, html: bool) -> None:
        uses = _uses(source)
        self.source = source
        self.html = html
        self.variables = tuple(dict.fromkeys(use.name for use in uses))
        provided = {use.name for use in uses if use.optional}
        # Those that the text cannot do without, each with the line where it is used first.
        self.required = {use.name: use.line for use in reversed(uses) if use.name not in provided}
        asked = {use.name for use in uses if use.asked}
        # Those that leave a hole in the text where they are empty: it has no other words for that.
        self.expected = tuple(name for name in self.variables if name in self.required and name not in asked)
        environment = _HTML if html else _TEXT
        self._inner = environment.from_string(source) if is_template(source) else None

    def render(self, variables: Mapping[str, object]) -> str:
        """The text for one recipient. In HTML every value is escaped.

        Raises ValidationError: with the line and name of an unknown variable, or if the text becomes too long.
        """
        if self._inner is None:
            return self.source
        parts: list[str] = []
        length = 0
        _work.left = FILTERED_LIMIT
        try:
            for part in self._inner.generate(variables):
                parts.append(part)
                length += len(part)
                if length > OUTPUT_LIMIT:
                    raise ValidationError(f"The text becomes longer than {OUTPUT_LIMIT:,} characters.")
        except UndefinedError as error:
            match = _MISSING.search(str(error))
            name = match["name"] or match["key"] if match else error
            raise ValidationError(f"Line {self._line(error)}: the variable “{name}” is not known.") from None
        except (TypeError, ValueError, OverflowError) as error:
            raise ValidationError(f"Line {self._line(error)}: {error}.") from None
        return "".join(parts)

    def _line(self, error: BaseException) -> int:
        line, trace = 1, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<template>":
                line = trace.tb_lineno
            trace = trace.tb_next
        return line


def check(source: str, known: Collection[str] | None = None) -> tuple[str, ...]:
    """The variables that a template uses, in the order they first appear.

    Raises ValidationError with the line of the first thing that is not allowed. With `known`, a variable that is not
    among them is such a thing, unless the template provides for its absence (`default`, `is defined`).
    """
    used = _uses(source)
    if known is not None:
        provided = {use.name for use in used if use.optional}.union(known)
        for use in used:
            if use.name not in provided:
                raise ValidationError(f"Line {use.line}: the variable “{use.name}” is not known.")
    return tuple(dict.fromkeys(use.name for use in used))


class _Use(NamedTuple):
    """One place where a variable stands."""

    name: str
    line: int
    optional: bool  # the template provides for its absence there
    asked: bool  # an `if` looks at it there, so that the template can provide for its being empty


def _uses(source: str) -> list[_Use]:
    """In the order of the text. Raises ValidationError with the line of the first thing that is not allowed."""
    if not is_template(source):
        return []
    if len(source) > SOURCE_LIMIT:
        raise ValidationError(f"A template has at most {SOURCE_LIMIT:,} characters.")
    markup = [len(found) for found in _MARKUP.findall(source)]
    if len(markup) > TAG_LIMIT or sum(markup) > MARKUP_LIMIT:
        raise ValidationError(f"A template has at most {TAG_LIMIT:,} tags with {MARKUP_LIMIT:,} characters in them.")
    try:
        tree = _TEXT.parse(source)
        if sum(1 for _ in tree.find_all(nodes.Node)) > NODE_LIMIT:
            raise ValidationError(f"A template has at most {NODE_LIMIT:,} names, filters, conditions and the like.")
        return list(_walk(tree))
    except TemplateSyntaxError as error:
        if "{{{" in _LINE.split(source)[error.lineno - 1]:
            mend = "a variable stands in two braces here, {{ name }}"
            raise ValidationError(f"Line {error.lineno}: {mend}.") from None
        raise ValidationError(f"Line {error.lineno}: {error.message or 'this cannot be read'}") from None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        raise ValidationError("The template is too deeply nested or has too large a number.") from None


def _walk(node: nodes.Node, *, optional: bool = False, asked: bool = False, depth: int = 0) -> Iterator[_Use]:
    """Each place where a variable stands. Raises ValidationError at what is not allowed."""
    if depth > DEPTH_LIMIT:
        raise ValidationError(f"Line {node.lineno}: this is nested more than {DEPTH_LIMIT} deep.")
    if not isinstance(node, _ALLOWED):
        what = _WORDS.get(type(node), "arithmetic" if isinstance(node, nodes.BinExpr | nodes.UnaryExpr) else "this")
        raise ValidationError(f"Line {node.lineno}: {what} is not allowed in a template.")
    if isinstance(node, nodes.Name):
        if node.name == "self":
            raise ValidationError(f"Line {node.lineno}: “self” cannot be used as a variable.")
        yield _Use(node.name, node.lineno, optional, asked)
    elif isinstance(node, nodes.Const):
        _check_constant(node)
    elif isinstance(node, nodes.Filter):
        if node.name not in FILTERS or node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None:
            allowed = ", ".join(FILTERS)
            raise ValidationError(
                f"Line {node.lineno}: the filter “{node.name}” is not among those allowed: {allowed}."
            )
        _check_keywords(node)
        optional = optional or node.name in ("default", "d")
    elif isinstance(node, nodes.Test):
        if node.name not in TESTS or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise ValidationError(f"Line {node.lineno}: the test “{node.name}” is not allowed.")
        _check_keywords(node)
        optional = optional or node.name in ("defined", "undefined")
    for child in node.iter_child_nodes():
        is_test = isinstance(node, nodes.If | nodes.CondExpr) and child is node.test
        yield from _walk(child, optional=optional, asked=asked or is_test, depth=depth + 1)


def _check_constant(node: nodes.Const) -> None:
    """Jinja writes constants into Python source, which has no infinity and no numbers of thousands of digits."""
    value = node.value
    if isinstance(value, int | float) and abs(value) > NUMBER_LIMIT:
        raise ValidationError(f"Line {node.lineno}: too large a number.")
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise ValidationError(f"Line {node.lineno}: a text cannot have this control character.")


def _check_keywords(node: nodes.Filter | nodes.Test) -> None:
    """Python refuses a call that names an argument twice only when it is compiled."""
    seen = set()
    for each in node.kwargs:
        if each.key in seen:
            raise ValidationError(f"Line {node.lineno}: “{each.key}” is given twice.")
        seen.add(each.key)


@lru_cache(maxsize=256)
def compile(source: str, *, html: bool = False) -> Template:
    """A checked and compiled template, from a cache if it was compiled lately. Raises ValidationError like check."""
    return Template(source, html=html)
