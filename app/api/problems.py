"""The one mapping of troubles to HTTP, all in one shape: `{statusCode, name, message, errors, request_id}`."""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException

from app.contract.base import Output
from app.db.outage import UNAVAILABLE
from app.errors import Kind, PacelineError, Problem, RateLimited, Unavailable

log = structlog.get_logger("paceline.web")

STATUS: Final[dict[Kind, int]] = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.RATE_LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}

# What Litestar and the HTTP layer below it refuse by themselves.
NAMES: Final[dict[int, str]] = {
    400: "invalid_request",
    401: "missing_api_key",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "validation_error",
    429: "rate_limit_exceeded",
    503: "service_unavailable",
}


class ProblemDetail(Output):
    path: str
    message: str


class ProblemBody(Output):
    """The body of every answer that is not a success."""

    statusCode: int  # noqa: N815  # Resend's name
    name: str
    message: str
    errors: list[ProblemDetail]
    request_id: str


def handle_ours(request: Request[Any, Any, Any], error: PacelineError) -> Response[ProblemBody]:
    headers = {}
    if isinstance(error, RateLimited):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    return respond(request, STATUS[error.kind], error.code, error.message, problems=error.problems, headers=headers)


def handle_outage(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemBody]:
    log.warning("postgres_unavailable", error=str(error).strip(), kind=type(error).__name__)
    unavailable = Unavailable(
        "The database does not answer: nothing was changed that you were not told of. Try again in a moment."
    )
    return respond(request, 503, unavailable.code, unavailable.message, headers={"retry-after": "2"})


def handle_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[ProblemBody]:
    """What Litestar raises: unknown routes, wrong methods, bodies that are too large or that it cannot read."""
    status = error.status_code
    if status >= 500 and status != 503:
        return handle_unexpected(request, error)
    return respond(
        request, status, NAMES.get(status, "invalid_request"), _words(request, error), headers=error.headers or {}
    )


def handle_validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[ProblemBody]:
    problems = tuple(_problems(error))
    if not problems:
        return respond(request, 422, "validation_error", error.detail)
    message = problems[0].message if len(problems) == 1 else f"{len(problems)} fields are not valid."
    return respond(request, 422, "validation_error", message, problems=problems)


def handle_msgspec(request: Request[Any, Any, Any], error: msgspec.ValidationError) -> Response[ProblemBody]:
    problem = problem_of(error)
    return respond(request, 422, "validation_error", problem.message, problems=(problem,))


def problem_of(error: msgspec.ValidationError) -> Problem:
    """msgspec's own words as path and message."""
    return _problem(str(error), "")


def handle_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemBody]:
    """Nothing of the error leaves the house; the log has all of it under the same request id."""
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    message = "Something went wrong on our side. The log has the details under this request id."
    return respond(request, 500, "application_error", message)


HANDLERS: Final[dict[int | type[Exception], Any]] = {
    PacelineError: handle_ours,
    ValidationException: handle_validation,
    msgspec.ValidationError: handle_msgspec,
    HTTPException: handle_http,
    **dict.fromkeys(UNAVAILABLE, handle_outage),
    Exception: handle_unexpected,
}


def respond(
    request: Request[Any, Any, Any],
    status: int,
    name: str,
    message: str,
    *,
    problems: tuple[Problem, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response[ProblemBody]:
    body = ProblemBody(
        statusCode=status,
        name=name,
        message=message,
        errors=[ProblemDetail(path=problem.path, message=problem.message) for problem in problems],
        request_id=request.scope["state"].get("request_id", ""),
    )
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _words(request: Request[Any, Any, Any], error: HTTPException) -> str:
    path = request.url.path
    if isinstance(error, NotFoundException):
        return f"There is nothing at {path}: /openapi.json lists every path."
    if isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("allow", "")
        return f"{request.method} is not possible at {path}; allowed: {allowed}."
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "The request is too large."
    cause = _first_cause(error)
    if isinstance(cause, msgspec.DecodeError):  # its words name the byte
        return f"The body is not valid JSON: {str(cause).removeprefix('JSON is malformed: ').lower()}."
    return error.detail


def _first_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


AT: Final = re.compile(r"^(?P<message>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
FIELD: Final = re.compile(r"^Object (?P<what>missing required|contains unknown) field `(?P<field>[^`]+)`$")


def _problems(error: ValidationException) -> list[Problem]:
    """Litestar names query and path parameters well; for the body msgspec's own words have the exact path."""
    cause = error.__cause__
    said = str(cause) if isinstance(cause, msgspec.ValidationError) else ""
    if said == "Object missing required field `data`":
        return [Problem("", "The request has no body: send a JSON object.")]
    entries = error.extra if isinstance(error.extra, list) else []
    problems = [_problem(entry["message"], entry.get("key", "")) for entry in entries if entry.get("source") != "body"]
    return [*problems, _problem(said, "")] if "`$.data" in said else problems


def _problem(said: str, path: str) -> Problem:
    match = AT.match(said)
    if match is not None:
        said = match["message"]
        path = _plain(match["path"] or "") or path
    if field := FIELD.match(said):
        path = f"{path}.{field['field']}" if path else field["field"]
        if field["what"] == "missing required":
            return Problem(path, f"{path} is required.")
        return Problem(path, f"{path} is not a field that exists here.")
    return Problem(path, f"{path}: {said}." if path else f"{said}.")


def _plain(path: str) -> str:
    """`$.data.recipients[3].email` is `recipients[3].email` to the caller."""
    return re.sub(r"^\$\.?", "", re.sub(r"^\$\.data(?=[.\[]|$)", "$", path))
