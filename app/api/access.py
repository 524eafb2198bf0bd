"""Who is calling: an API key (`Authorization: Bearer pl_...`) or a person with a session cookie.

The guard runs before the body is read. A handler takes `caller: Caller`; with `opt=SENDING` it accepts keys that may
only send, with `opt=READING` a viewer may use it although its method is unsafe.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, Final, Literal, cast
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler

from app.api.cookies import session_cookie_name
from app.domain.actors import Actor
from app.errors import Forbidden, InvalidApiKey, MissingApiKey, RestrictedApiKey
from app.services import api_keys, sessions

SENDING: Final = {"scope": "send"}
READING: Final = {"viewer": True}
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class InvalidCsrfToken(Forbidden):
    """A browser must send the header X-CSRF-Token with the `csrf_token` that GET /v1/me gives."""

    code = "invalid_csrf_token"


class ViewerOnly(Forbidden):
    """You may look at this workspace but not change it: ask its owner to make you a member."""

    code = "viewer_only"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, in which workspace. `user_id` of a key is who made it, where a person did."""

    workspace_id: UUID
    user_id: UUID | None
    role: Literal["owner", "member", "viewer"]
    scope: Literal["full", "send", "session"]
    csrf_token: str | None  # of a session; None for keys
    actor: Actor  # whose order it is, as the story of a message names it


async def require_caller(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard. Raises MissingApiKey, InvalidApiKey, RestrictedApiKey or Forbidden."""
    connection.scope["state"]["caller"] = await _identify(connection, handler)


async def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    return cast("Caller", request.scope["state"]["caller"])


async def _identify(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> Caller:
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        return await _by_key(connection, handler, authorization)
    caller = await by_session(connection)
    if caller is None:
        raise MissingApiKey
    if connection.scope["type"] == ScopeType.HTTP and connection.scope["method"] not in SAFE:
        check_csrf(connection, caller)
        if caller.role == "viewer" and not handler.opt.get("viewer"):
            raise ViewerOnly
    return caller


async def _by_key(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, authorization: str
) -> Caller:
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise MissingApiKey
    key = await api_keys.authenticate(connection.app.state.pool, token.strip())
    if key is None:
        raise InvalidApiKey
    if key.scope == "send" and handler.opt.get("scope") != "send":
        raise RestrictedApiKey
    return Caller(
        workspace_id=key.workspace_id,
        user_id=key.user_id,
        role="owner",
        scope=key.scope,
        csrf_token=None,
        actor=Actor(key.user_id or key.key_id, key.name),
    )


async def by_session(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller | None:
    """The person whose cookie it is; None without a cookie, or where the session has ended."""
    token = connection.cookies.get(session_cookie_name(connection.app.state.settings))
    session = await sessions.find(connection.app.state.pool, token) if token else None
    if session is None:
        return None
    return Caller(
        workspace_id=session.workspace_id,
        user_id=session.user_id,
        role=session.role,
        scope="session",
        csrf_token=session.csrf_token,
        actor=Actor(session.user_id),
    )


def check_csrf(connection: ASGIConnection[Any, Any, Any, Any], caller: Caller) -> None:
    sent = connection.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(sent.encode(), (caller.csrf_token or "").encode()):
        raise InvalidCsrfToken
