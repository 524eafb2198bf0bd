"""What a request may hold before anybody reads what it says: JSON in UTF-8, nested to a depth, and the query parameters
that there are, each once and without control characters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from litestar import Litestar, Request
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, HTTPException
from litestar.routes import HTTPRoute

from app.domain.text import is_nested_deeper, is_one_line
from app.errors import Problem, ValidationError

NESTING_LIMIT: Final = 100  # levels of a whole body; what reads and writes it later recurses


class JsonRequest(Request[Any, Any, Any]):
    async def json(self) -> Any:
        """Raises ClientException (400) for what is no JSON in UTF-8 or nested deeper than NESTING_LIMIT."""
        try:
            value = await super().json()
        except UnicodeDecodeError as error:
            raise ClientException("The body is not valid JSON: it is not in UTF-8.") from error
        except RecursionError:
            raise _too_deep() from None
        if is_nested_deeper(value, NESTING_LIMIT):
            raise _too_deep()
        return value

    async def form(self) -> FormMultiDict:
        """Raises ClientException (400) for a field that is not in the encoding which it names, else UTF-8."""
        try:
            return await super().form()
        except (LookupError, ValueError) as error:
            raise ClientException("A field of this form cannot be read: it is not in UTF-8.") from error


def _too_deep() -> ClientException:
    return ClientException(f"The body is nested too deeply: at most {NESTING_LIMIT} levels are read.")


async def check_request(request: Request[Any, Any, Any]) -> None:
    """Before a handler. Raises ValidationError that names the query parameters which are not taken here, twice there
    or have control characters, and HTTPException (415) where a body is of another kind than JSON."""
    takes: Takes | None = request.app.state.takes.get(request.route_handler.operation_id)
    if takes is None:  # OPTIONS, which Litestar answers by itself
        return
    given = list(request.query_params.multi_items())
    counts = Counter(name for name, _ in given)
    problems = [
        Problem(name, problem) for name, value in given if (problem := takes.trouble(name, value, counts[name]))
    ]
    if problems:
        raise ValidationError.of(list(dict.fromkeys(problems)))
    if takes.json:
        check_kind(request, JSON)


def check_kind(request: Request[Any, Any, Any], kinds: frozenset[str]) -> None:
    """Raises HTTPException (415) unless the body is of one of these media types or names none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in kinds and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(
            status_code=415, detail="Send the body as JSON, with the header `Content-Type: application/json`."
        )


# `curl -d` calls everything a form: what counts is whether it is JSON.
JSON: Final = frozenset({"application/json", "application/x-www-form-urlencoded"})


@dataclass(frozen=True, slots=True)
class Takes:
    """What an operation takes."""

    query: frozenset[str]
    json: bool  # a body, and it is JSON

    def trouble(self, name: str, value: str, count: int) -> str | None:
        """What is wrong with a query parameter that is there `count` times."""
        if not is_one_line(value):
            return f"{name} cannot have line breaks or control characters."
        if name not in self.query:
            known = ", ".join(sorted(self.query))
            return f"{name} is not a parameter here{f': there are {known}' if known else ''}."
        return f"{name} is there {count} times: give it once." if count > 1 else None


def taken_by(app: Litestar) -> dict[str, Takes]:
    """By operation id."""
    return {
        str(handler.operation_id): Takes(
            frozenset(parameter.field_alias for parameter in model.expected_query_params),
            "data" in handler.parsed_fn_signature.parameters,
        )
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, model in route.route_handler_map.values()
        if handler.operation_id
    }
