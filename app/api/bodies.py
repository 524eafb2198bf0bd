"""What a request may hold before anybody reads what it says: JSON in UTF-8, nested to a depth, and query parameters
without control characters."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.exceptions import ClientException

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


def _too_deep() -> ClientException:
    return ClientException(f"The body is nested too deeply: at most {NESTING_LIMIT} levels are read.")


async def check_query(request: Request[Any, Any, Any]) -> None:
    """Before a handler. Raises ValidationError that names the parameters with control characters."""
    problems = [
        Problem(name, f"{name} cannot have line breaks or control characters.")
        for name, value in request.query_params.multi_items()
        if not is_one_line(value)
    ]
    if problems:
        raise ValidationError.of(problems)
