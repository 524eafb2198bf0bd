"""/auth: OpenID Connect, the one-time link and signing out. Every failure ends on the dashboard's sign-in page."""

from __future__ import annotations

from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

import structlog
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from app.api import access, cookies
from app.api.given import Now, Pool, Settings
from app.contract.accounts import AuthConfig
from app.db.outage import UNAVAILABLE
from app.errors import PacelineError
from app.services import accounts, sessions

log = structlog.get_logger("paceline.web")

AnyResponse = TypeVar("AnyResponse", bound=Response[Any])

SESSION: Final = "paceline_session"
PENDING: Final = "paceline_sign_in"
GOOGLE: Final = "https://accounts.google.com"


def to_sign_in_page(code: str, settings: Settings) -> Response[Any]:
    answer = Redirect(f"/sign-in?{urlencode({'error': code})}", status_code=303)
    answer.set_cookie(cookies.cookie(PENDING, "", settings, max_age=0))
    return answer


def handle_failure(request: Request[Any, Any, Any], error: PacelineError) -> Response[Any]:
    log.info("sign_in_failed", code=error.code, message=error.message)
    return to_sign_in_page(error.code, request.app.state.settings)


def handle_outage(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.warning("postgres_unavailable", error=str(error).strip(), kind=type(error).__name__)
    return to_sign_in_page("unavailable", request.app.state.settings)


ON_PAGES: Final[dict[int | type[Exception], Any]] = {
    PacelineError: handle_failure,
    **dict.fromkeys(UNAVAILABLE, handle_outage),
}


class SignIn(Controller):
    path = "/auth"

    @get("/config", sync_to_thread=False)
    def config(self, settings: Settings) -> AuthConfig:
        """How people sign in here; public, because the sign-in page asks."""
        if settings.google_client_id is None:
            hint = (
                "Set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET and start Paceline again. "
                f"The redirect URI to register with Google is {settings.base_url}/auth/callback."
            )
            return AuthConfig(provider=None, provider_label=None, hint=hint)
        if settings.oidc_issuer == GOOGLE:
            return AuthConfig(provider="google", provider_label="Google", hint=None)
        return AuthConfig(provider="oidc", provider_label=urlsplit(settings.oidc_issuer).hostname, hint=None)

    @get("/login", exception_handlers=ON_PAGES)
    async def login(
        self,
        request: Request[Any, Any, Any],
        settings: Settings,
        now: Now,
        next: FromQuery[str] = "/",
        invitation: FromQuery[str | None] = None,
    ) -> Response[Any]:
        """Sends the browser to the provider. `next` is where it goes afterwards: a path of ours, else the overview.

        `invitation` is the token of a link; who signs in with its address joins at once.
        """
        if settings.google_client_id is None:
            return to_sign_in_page("not_configured", settings)
        from app.services import oidc  # half a second that only a sign-in pays

        if other_loopback_name(request, settings):
            again = {"next": next} | ({"invitation": invitation} if invitation else {})
            return Redirect(f"{settings.base_url}/auth/login?{urlencode(again)}", status_code=303)
        url, kept = await oidc.provider(settings).begin(local_path(next), invitation=invitation, now=now)
        answer = Redirect(url, status_code=303)
        answer.set_cookie(cookies.cookie(PENDING, kept, settings, max_age=int(oidc.PENDING_FOR.total_seconds())))
        return answer

    @get("/callback", exception_handlers=ON_PAGES)
    async def callback(
        self, request: Request[Any, Any, Any], pool: Pool, settings: Settings, now: Now
    ) -> Response[Any]:
        """Where the provider sends the browser back to."""
        from app.services import oidc

        kept = request.cookies.get(cookies.name(PENDING, settings))
        identity, pending = await oidc.provider(settings).finish(kept, dict(request.query_params), now=now)
        replaces = request.cookies.get(cookies.session_cookie_name(settings))
        token = await accounts.sign_in(
            pool,
            settings,
            identity,
            now=now,
            replaces=replaces,
            device=access.device(request),
            invitation=pending.invitation,
        )
        return signed_in(token, pending.next, settings)

    @get("/link/{token:str}", exception_handlers=ON_PAGES)
    async def link(
        self, request: Request[Any, Any, Any], token: FromPath[str], pool: Pool, settings: Settings, now: Now
    ) -> Response[Any]:
        """The one-time link that `paceline up` prints. It is never mailed, so no scanner opens it first."""
        replaces = request.cookies.get(cookies.session_cookie_name(settings))
        session = await sessions.use_link(pool, token, now=now, replaces=replaces, device=access.device(request))
        return signed_in(session, "/", settings)

    @post("/logout", status_code=204)
    async def logout(
        self, request: Request[Any, Any, Any], pool: Pool, settings: Settings, everywhere: FromQuery[bool] = False
    ) -> Response[None]:
        """Ends this session, or with `?everywhere=true` all of the person's; without one it clears the cookie."""
        caller = await access.by_session(request)
        if caller is not None:
            access.check_csrf(request, caller)
            token = request.cookies[cookies.session_cookie_name(settings)]
            await sessions.end(pool, token, session=caller.person, everywhere=everywhere)
        answer = Response(None, status_code=204)
        answer.set_cookie(cookies.cookie(SESSION, "", settings, max_age=0))
        return answer


def signed_in(token: str, next_path: str, settings: Settings) -> Response[Any]:
    return set_session(Redirect(next_path, status_code=303), token, settings)


def set_session(answer: AnyResponse, token: str, settings: Settings) -> AnyResponse:
    lifetime = int(sessions.LIFETIME.total_seconds())
    answer.set_cookie(cookies.cookie(SESSION, token, settings, max_age=lifetime))
    answer.set_cookie(cookies.cookie(PENDING, "", settings, max_age=0))
    return answer


def other_loopback_name(request: Request[Any, Any, Any], settings: Settings) -> bool:
    """Whether a person typed `localhost` where BASE_URL says 127.0.0.1: the provider sends back to BASE_URL, and there
    the cookie of a sign-in that began here is missing."""
    asked, base = urlsplit(f"//{request.headers.get('host', '')}"), urlsplit(settings.base_url)
    return asked.netloc != base.netloc and {asked.hostname, base.hostname} <= {"localhost", "127.0.0.1", "::1"}


def local_path(wanted: str) -> str:
    """A path on this server, or `/`: browsers read `//host` and `/\\host` as another and skip control characters."""
    plain = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable() and "\\" not in wanted
    )
    return wanted if plain else "/"
