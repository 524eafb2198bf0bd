"""Who is calling: an API key (`Authorization: Bearer pl_...`) or a person with a session cookie.

The guard runs before the body is read. It holds the caller's role against the right that the route asks for
(`domain/roles.py`): to `read` where the method is safe, else to `change`. A route that asks for another says so with
`opt`: MANAGING for owners, READING where nothing is changed although the method is unsafe, SENDING to let in keys that
may only send, PERSONAL for what is about the person who signed in and not about the workspace. A handler takes
`caller: Caller`.
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

from app.api import rate_limit
from app.api.cookies import session_cookie_name
from app.domain.actors import Actor
from app.domain.roles import Right, Role, may
from app.errors import Forbidden, InvalidApiKey, MissingApiKey, RestrictedApiKey
from app.services import api_keys, sessions
from app.services.sessions import Device, Session

SENDING: Final = {"scope": "send"}
READING: Final = {"right": "read"}
MANAGING: Final = {"right": "manage"}
PERSONAL: Final = {"right": "read", "person": True}
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class InvalidCsrfToken(Forbidden):
    """A browser must send the header X-CSRF-Token with the `csrf_token` that GET /v1/me gives."""

    code = "invalid_csrf_token"


class ViewerOnly(Forbidden):
    """You may look at this workspace but not change it: ask its owner to make you a member."""

    code = "viewer_only"


class OwnerOnly(Forbidden):
    """Only an owner of this workspace may do this: ask one of them."""

    code = "owner_only"


class SessionOnly(Forbidden):
    """This is about a person, not about a workspace: sign in with a browser, an API key cannot do it."""

    code = "session_only"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, in which workspace. `user_id` of a key is who made it, where a person did."""

    workspace_id: UUID
    user_id: UUID | None
    role: Role
    scope: Literal["full", "send", "session"]
    csrf_token: str | None  # of a session; None for keys
    actor: Actor  # whose order it is, as the story of a message names it
    credential: UUID  # the key's or the session's id
    session: Session | None = None

    @property
    def person(self) -> Session:
        """The session, on a route that is PERSONAL."""
        assert self.session is not None  # noqa: S101  # the guard has seen to it
        return self.session


async def require_caller(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard. Raises MissingApiKey, InvalidApiKey, RestrictedApiKey or Forbidden."""
    connection.scope["state"]["caller"] = await _identify(connection, handler)


async def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    return cast("Caller", request.scope["state"]["caller"])


async def _identify(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> Caller:
    is_safe = connection.scope["type"] != ScopeType.HTTP or connection.scope["method"] in SAFE
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        caller = await _by_key(connection, handler, authorization)
    else:
        found = await by_session(connection)
        if found is None:
            raise MissingApiKey
        caller = found
        if not is_safe:
            check_csrf(connection, caller)
    if handler.opt.get("person") and caller.session is None:
        raise SessionOnly
    _check_right(caller.role, handler.opt.get("right", "read" if is_safe else "change"))
    return caller


def _check_right(role: Role, right: Right) -> None:
    if may(role, right):
        return
    raise OwnerOnly if right == "manage" else ViewerOnly


def bearer(authorization: str | None) -> str | None:
    """The token of the header `Authorization: Bearer ...` (RFC 6750); None where it is no such header."""
    kind, _, token = (authorization or "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


async def _by_key(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, authorization: str
) -> Caller:
    token = bearer(authorization)
    if token is None:
        raise MissingApiKey
    await rate_limit.check(connection, token)
    key = await api_keys.authenticate(connection.app.state.pool, token)
    if key is None:
        raise InvalidApiKey
    if key.scope == "send" and handler.opt.get("scope") != "send":
        raise RestrictedApiKey
    return Caller(
        workspace_id=key.workspace_id,
        user_id=key.user_id,
        role=key.role,
        scope=key.scope,
        csrf_token=None,
        actor=Actor(key.user_id or key.key_id, key.name),
        credential=key.key_id,
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
        credential=session.id,
        session=session,
    )


def check_csrf(connection: ASGIConnection[Any, Any, Any, Any], caller: Caller) -> None:
    sent = connection.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(sent.encode(), (caller.csrf_token or "").encode()):
        raise InvalidCsrfToken


def device(connection: ASGIConnection[Any, Any, Any, Any]) -> Device:
    """Where a session is begun. Behind a proxy the address is the client's if FORWARDED_ALLOW_IPS trusts the proxy."""
    client = connection.client
    return Device(connection.headers.get("user-agent"), None if client is None else client.host)
