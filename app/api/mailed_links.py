"""/auth/email and /auth/invitation: what the pages behind mailed links ask, before anybody has signed in.

The links carry their token behind a `#`, which no browser sends and no log keeps: opening one tells the server nothing,
and a scanner that opens every link in a mail spends none. The page's button does, with a POST.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Controller, Request, Response, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody

from app.api import access, cookies
from app.api.given import Now, Pool, Settings
from app.api.sign_in import set_session
from app.contract.people import AskForLink, InvitationSeen, LinkSeen, LinkToken
from app.errors import Forbidden
from app.services import invitations, mailed_links

MOST: Final = 4096  # bytes


class ForeignOrigin(Forbidden):
    """A page of another site may not do this."""

    code = "foreign_origin"


async def check_origin(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard. There is no session yet whose token could be asked for; every browser names the page that sends a POST
    (Fetch, 3.1). Without it another site could sign a visitor in as somebody else. Raises ForeignOrigin."""
    origin = connection.headers.get("origin")
    if origin is None:
        return
    own = {connection.headers.get("host", ""), urlsplit(connection.app.state.settings.base_url).netloc}
    if urlsplit(origin).netloc not in own:
        raise ForeignOrigin


class MailedLinks(Controller):
    path = "/auth"
    guards = [check_origin]  # noqa: RUF012  # Litestar's way
    request_max_body_size = MOST

    @post("/email", status_code=204)
    async def ask(
        self, request: Request[Any, Any, Any], pool: Pool, settings: Settings, now: Now, data: JSONBody[AskForLink]
    ) -> None:
        """Mails a sign-in link. The answer is the same whether the address is somebody's here or not."""
        client = access.device(request).address
        await mailed_links.ask(pool, settings, wanted=data, client=client, now=now)

    @post("/email/look", status_code=200)
    async def look(self, pool: Pool, data: JSONBody[LinkToken]) -> LinkSeen:
        """Whose link it is. Spends nothing."""
        return await mailed_links.look(pool, data.token)

    @post("/email/sign-in", status_code=204)
    async def sign_in(
        self, request: Request[Any, Any, Any], pool: Pool, settings: Settings, now: Now, data: JSONBody[LinkToken]
    ) -> Response[None]:
        """Spends the link; the cookie of the new session comes with the answer."""
        replaces = request.cookies.get(cookies.session_cookie_name(settings))
        token = await mailed_links.spend(pool, data.token, now=now, replaces=replaces, device=access.device(request))
        return set_session(Response(None, status_code=204), token, settings)

    @post("/invitation", status_code=200)
    async def invitation(self, pool: Pool, data: JSONBody[LinkToken]) -> InvitationSeen:
        """What an invitation is for. Spends nothing."""
        return await invitations.look(pool, data.token)
