"""The one error tree. A docstring is the default message; `code` is stable and public, `kind` the sort of trouble.

Nothing here knows HTTP: `app/api/problems.py` alone maps kinds to status codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    INVALID = "invalid"  # the caller sent something that cannot be accepted
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"  # a part that Paceline needs does not answer


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input: where it is (`recipients[3].email`) and how to mend it."""

    path: str
    message: str


class PacelineError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "application_error"
    kind: ClassVar[Kind] = Kind.UNAVAILABLE

    def __init__(self, message: str | None = None, *, problems: tuple[Problem, ...] = ()) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.problems = problems
        super().__init__(self.message)


class ValidationError(PacelineError):
    """The request is not valid."""

    code = "validation_error"
    kind = Kind.INVALID

    @classmethod
    def at(cls, path: str, message: str) -> ValidationError:
        return cls(message, problems=(Problem(path, message),))

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> ValidationError:
        """All that is wrong, one or many."""
        first = problems[0].message
        message = first if len(problems) == 1 else f"{first} ({len(problems)} problems in all)"
        return cls(message, problems=tuple(problems))


class MissingApiKey(PacelineError):
    """Missing API key: send `Authorization: Bearer pl_...`, or sign in."""

    code = "missing_api_key"
    kind = Kind.UNAUTHENTICATED


class InvalidApiKey(PacelineError):
    """This API key is not valid: it is unknown or was revoked."""

    code = "invalid_api_key"
    kind = Kind.FORBIDDEN


class RestrictedApiKey(PacelineError):
    """This API key may only send email: use a key with the scope `full`."""

    code = "restricted_api_key"
    kind = Kind.UNAUTHENTICATED


class Forbidden(PacelineError):
    """You may not do this."""

    code = "forbidden"
    kind = Kind.FORBIDDEN


class NotFound(PacelineError):
    """There is no such thing in this workspace."""

    code = "not_found"
    kind = Kind.NOT_FOUND


class Conflict(PacelineError):
    """The state it is in does not allow this."""

    code = "conflict"
    kind = Kind.CONFLICT


class AlreadySending(Conflict):
    """This message is past the point of return: it is being sent or has ended."""

    code = "already_sending"


class InvalidIdempotentRequest(Conflict):
    """This idempotency key was used with another body: use a new key, or send the same body."""

    code = "invalid_idempotent_request"


class ConcurrentIdempotentRequests(Conflict):
    """Another request with this idempotency key is still running: try again in a moment."""

    code = "concurrent_idempotent_requests"


class TooLarge(PacelineError):
    """The request is too large."""

    code = "payload_too_large"
    kind = Kind.TOO_LARGE


class RateLimited(PacelineError):
    """Too many requests: wait and try again."""

    code = "rate_limit_exceeded"
    kind = Kind.RATE_LIMITED

    def __init__(self, message: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after  # seconds


class Unavailable(PacelineError):
    """A service that Paceline needs does not answer."""

    code = "service_unavailable"
    kind = Kind.UNAVAILABLE


class ConfigurationError(PacelineError):
    """A setting is missing or wrong."""

    code = "configuration_error"
    kind = Kind.INVALID
