"""Personal text: a small, safe part of Jinja2. What a template may contain is checked when it is saved.

Allowed: `{{ name }}`, `{{ row.key }}`, `{{ row["key"] }}`, a few filters, `{% if %}` with comparisons, comments.
No loops, calls, arithmetic or attributes of objects: the sandbox alone would not stop `'A' * 10**9`.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from typing import Any, Final, cast
from urllib.parse import quote

import jinja2
from jinja2 import StrictUndefined, Undefined, UndefinedError
from jinja2.runtime import new_context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.errors import ValidationError
from app.mail.template_rules import FILTERS, TESTS, Counted, read

OUTPUT_LIMIT: Final = 1_000_000  # characters
FILTERED_LIMIT: Final = 500_000  # characters that all filters together go through in one rendering
VALUE_LIMIT: Final = 65_536  # characters that a list or mapping is taken to have
KEPT_LIMIT: Final = 8_000_000  # characters of the templates in memory
_WEIGHT: Final = 10_000  # what a compiled template takes besides
_MARKS: Final = ("{{", "{%", "{#")
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
        autoescape=html,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=_shown,
        cache_size=0,
        optimized=False,  # folding constants takes time by the square of their depth
        extensions=[Counted],
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
        environment = _HTML if html else _TEXT
        tree, uses = read(source, environment) if is_template(source) else (None, [])
        self.source = source
        self.html = html
        self.variables = tuple(dict.fromkeys(use.name for use in uses))
        provided = {use.name for use in uses if use.optional}
        # Those that the text cannot do without, each with the line where it is used first.
        self.required: dict[str, int] = {}
        for use in uses:
            if use.name not in provided:
                self.required.setdefault(use.name, use.line)
        asked = {use.name for use in uses if use.asked}
        # Those that leave a hole in the text where they are empty: it has no other words for that.
        self.expected = tuple(name for name in self.variables if name in self.required and name not in asked)
        # Of what was parsed already: a longer message takes as long to parse as to compile.
        code = None if tree is None else environment.compile(tree)
        self._inner = None if code is None else environment.template_class.from_code(environment, code, {})

    def lack(self, known: Collection[str]) -> str | None:
        """What to say about the first variable that it needs and that is not among those known, if there is one."""
        for name, line in self.required.items():
            if name not in known:
                return f"Line {line}: the variable “{name}” is not known."
        return None

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
            for part in self._generate(self._inner, variables):
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

    def _generate(self, inner: jinja2.Template, variables: Mapping[str, object]) -> Iterator[str]:
        """As jinja2's own `generate`, without what costs half of a rendering: a copy of the variables and of globals,
        of which there are none here."""
        context = new_context(inner.environment, None, inner.blocks, cast("dict[str, Any]", variables), shared=True)
        try:
            yield from inner.root_render_func(context)
        except Exception:
            inner.environment.handle_exception()  # raises it anew, with the template's own lines

    def _line(self, error: BaseException) -> int:
        line, trace = 1, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<template>":
                line = trace.tb_lineno
            trace = trace.tb_next
        return line


def check(source: str, known: Collection[str] | None = None, *, html: bool = False) -> tuple[str, ...]:
    """The variables that a template uses, in the order they first appear.

    Raises ValidationError with the line of the first thing that is not allowed. With `known`, a variable that is not
    among them is such a thing, unless the template provides for its absence (`default`, `is defined`).
    """
    template = compile(source, html=html)
    if known is not None and (lack := template.lack(known)) is not None:
        raise ValidationError(lack)
    return template.variables


class _Kept:
    """Templates that were compiled lately, as many as their room holds; also for threads."""

    def __init__(self) -> None:
        self._templates: OrderedDict[tuple[str, bool], Template] = OrderedDict()
        self._lock = threading.Lock()
        self._used = 0

    def find(self, source: str, html: bool) -> Template | None:
        with self._lock:
            found = self._templates.get((source, html))
            if found is not None:
                self._templates.move_to_end((source, html))
            return found

    def add(self, template: Template) -> None:
        with self._lock:
            if self._templates.setdefault((template.source, template.html), template) is template:
                self._used += _WEIGHT + len(template.source)
            while self._used > KEPT_LIMIT:
                (source, _), _ = self._templates.popitem(last=False)
                self._used -= _WEIGHT + len(source)


_kept = _Kept()


def is_kept(source: str, *, html: bool = False) -> bool:
    """Whether compiling it takes no time: it is in memory, or is no template."""
    return not is_template(source) or _kept.find(source, html) is not None


def compile(source: str, *, html: bool = False) -> Template:
    """A checked and compiled template, from memory if it was compiled lately. Raises ValidationError like check."""
    found = _kept.find(source, html)
    if found is None:
        found = Template(source, html=html)
        if is_template(source):
            _kept.add(found)
    return found
