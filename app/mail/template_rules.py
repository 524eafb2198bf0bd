"""What a template may contain, found out when it is saved. Reading the worst takes a process a fraction of a second."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.lexer import TOKEN_DATA, Token, TokenStream

from app.errors import ValidationError

SOURCE_LIMIT: Final = 500_000  # characters
MARKUP_LIMIT: Final = 50_000  # characters inside tags, spaces apart
TOKEN_LIMIT: Final = 10_000  # words and signs inside tags, tags, and what stands between them
COMMENT_LIMIT: Final = 1_000
NODE_LIMIT: Final = 2_000  # names, constants, filters, conditions: what takes time to compile and to run
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
# What an escape such as '\x00' writes into a text that could not hold it itself.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_HIDDEN = re.compile(r"__.*__\Z")  # what Python has on its objects: __class__
_LINE = re.compile(r"\r\n|\r|\n")  # as Jinja counts lines


class Counted(Extension):
    """Ends the reading of a template that is too long for it: 300,000 commas in a tag would take seconds to parse."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        length = 0
        for count, token in enumerate(stream):
            length += 0 if token.type == TOKEN_DATA else len(str(token.value))
            if count > TOKEN_LIMIT or length > MARKUP_LIMIT:
                raise ValidationError(
                    f"A template has at most {TOKEN_LIMIT:,} words and signs, with {MARKUP_LIMIT:,} characters, in its"
                    f" tags; line {token.lineno} has one too many."
                )
            yield token


class Use(NamedTuple):
    """One place where a variable stands."""

    name: str
    line: int
    optional: bool  # the template provides for its absence there
    asked: bool  # an `if` looks at it there, so that the template can provide for its being empty


def read(source: str, environment: Environment) -> tuple[nodes.Template, list[Use]]:
    """The template as `environment` parses it, and what it uses, in the order of the text.

    Raises ValidationError with the line of the first thing that is not allowed.
    """
    if len(source) > SOURCE_LIMIT:
        raise ValidationError(f"A template has at most {SOURCE_LIMIT:,} characters.")
    if source.count("{#") > COMMENT_LIMIT:
        raise ValidationError(f"A template has at most {COMMENT_LIMIT:,} comments.")
    try:
        tree = environment.parse(source)
        if sum(1 for _ in tree.find_all(nodes.Node)) > NODE_LIMIT:
            raise ValidationError(f"A template has at most {NODE_LIMIT:,} names, filters, conditions and the like.")
        uses = list(_walk(tree))
        _check_names(uses)
        return tree, uses
    except TemplateSyntaxError as error:
        if "{{{" in _LINE.split(source)[error.lineno - 1]:
            mend = "a variable stands in two braces here, {{ name }}"
            raise ValidationError(f"Line {error.lineno}: {mend}.") from None
        raise ValidationError(f"Line {error.lineno}: {error.message or 'this cannot be read'}") from None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        raise ValidationError("The template is too deeply nested or has too large a number.") from None


def _walk(
    node: nodes.Node, line: int = 1, *, optional: bool = False, asked: bool = False, depth: int = 0
) -> Iterator[Use]:
    """Each place where a variable stands. Raises ValidationError at what is not allowed.

    `line`: of what is around; Jinja gives some nodes none.
    """
    line = node.lineno or next((each.lineno for each in node.find_all(nodes.Node) if each.lineno), line)
    if depth > DEPTH_LIMIT:
        raise ValidationError(f"Line {line}: this is nested more than {DEPTH_LIMIT} deep.")
    if not isinstance(node, _ALLOWED):
        what = _WORDS.get(type(node), "arithmetic" if isinstance(node, nodes.BinExpr | nodes.UnaryExpr) else "this")
        raise ValidationError(f"Line {line}: {what} is not allowed in a template.")
    if isinstance(node, nodes.Name):
        if node.name == "self" or _HIDDEN.search(node.name):
            raise ValidationError(f"Line {line}: “{node.name}” cannot be used as a variable.")
        yield Use(node.name, line, optional, asked)
    elif isinstance(node, nodes.Const):
        _check_constant(node)
    elif isinstance(node, nodes.Getattr | nodes.Getitem):
        _check_key(node)
    elif isinstance(node, nodes.Filter):
        if node.name not in FILTERS or node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None:
            allowed = ", ".join(FILTERS)
            raise ValidationError(f"Line {line}: the filter “{node.name}” is not among those allowed: {allowed}.")
        _check_keywords(node)
        optional = optional or node.name in ("default", "d")
    elif isinstance(node, nodes.Test):
        if node.name not in TESTS or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise ValidationError(f"Line {line}: the test “{node.name}” is not allowed.")
        _check_keywords(node)
        optional = optional or node.name in ("defined", "undefined")
    for child in node.iter_child_nodes():
        is_test = isinstance(node, nodes.If | nodes.CondExpr) and child is node.test
        yield from _walk(child, line, optional=optional, asked=asked or is_test, depth=depth + 1)


def _check_names(uses: list[Use]) -> None:
    """Jinja makes names of Python of them, where ª is a: one variable would stand in the place of another."""
    seen: dict[str, str] = {}
    for use in uses:
        other = seen.setdefault(unicodedata.normalize("NFKC", use.name), use.name)
        if other != use.name:
            raise ValidationError(f"Line {use.line}: “{use.name}” cannot be told from “{other}”: rename one of them.")


def _check_key(node: nodes.Getattr | nodes.Getitem) -> None:
    """Values show keys of mappings alone, and no data has such keys: who asks for them means something else."""
    asked = [node.attr] if isinstance(node, nodes.Getattr) else [each.value for each in _constants(node.arg)]
    for key in asked:
        if isinstance(key, str) and _HIDDEN.search(key):
            raise ValidationError(f"Line {node.lineno}: “{key[:60]}” cannot be looked up.")


def _constants(node: nodes.Node) -> list[nodes.Const]:
    return [node] if isinstance(node, nodes.Const) else list(node.find_all(nodes.Const))


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
