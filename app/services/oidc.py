"""The door to OpenID Connect: Authlib. Code flow with PKCE (RFC 7636), state bound to the browser, and a nonce.

Importing Authlib takes half a second, so this module is imported where somebody signs in, not when the process starts.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import BaseApp
from authlib.integrations.base_client.async_app import AsyncOAuth2Mixin
from authlib.integrations.base_client.async_openid import AsyncOpenIDMixin
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError

from app.errors import ConfigurationError, Kind, PacelineError
from app.services.accounts import Identity
from app.services.secrets import seal, unseal
from app.settings import Settings

log = structlog.get_logger("paceline.web")

GOOGLE: Final = "https://accounts.google.com"
PENDING_FOR: Final = timedelta(minutes=10)  # how long a person may take at the provider
INVITATION_KEPT: Final = 200  # characters: a cookie holds no more than 4096 bytes
METADATA_KEPT: Final = 3600.0  # seconds
LEEWAY: Final = 60  # seconds that the provider's clock may differ
# Signed with the provider's own key: neither "none" nor a secret that both share.
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)


class SignInDenied(PacelineError):
    """The sign-in was not completed at the provider."""

    code = "denied"
    kind = Kind.FORBIDDEN


class SignInExpired(PacelineError):
    """This sign-in was not begun in this browser, was finished already or took too long: begin again."""

    code = "state"
    kind = Kind.FORBIDDEN


class ProviderTrouble(PacelineError):
    """The sign-in provider does not answer, or answers what it should not."""

    code = "provider"
    kind = Kind.UNAVAILABLE


class EmailNotVerified(PacelineError):
    """The provider does not vouch for this email address: verify it there first."""

    code = "unverified"
    kind = Kind.FORBIDDEN


class DomainNotAllowed(PacelineError):
    """Accounts of this domain may not sign in here."""

    code = "domain"
    kind = Kind.FORBIDDEN


class Pending(msgspec.Struct, frozen=True):
    """A sign-in that was begun: kept in a sealed cookie, so that it ends in the browser where it began."""

    state: str
    nonce: str
    verifier: str
    next: str
    ends_at: datetime
    invitation: str | None  # the token of a link that is accepted on the way


class OpenIDClient(AsyncOAuth2Mixin, AsyncOpenIDMixin, BaseApp):  # type: ignore[misc]  # Authlib ships no types
    client_cls = AsyncOAuth2Client


@lru_cache(maxsize=1)
def provider(settings: Settings) -> Provider:
    """The provider of this installation; it remembers what discovery said."""
    return Provider(settings)


class Provider:
    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError where the issuer could be read or changed on the way."""
        issuer = urlsplit(settings.oidc_issuer)
        if issuer.scheme != "https" and not is_loopback(issuer.hostname or ""):
            raise ConfigurationError("OIDC_ISSUER is not an https:// address.")
        self.settings = settings
        self.redirect_uri = f"{settings.base_url}/auth/callback"
        self.discovered_at = 0.0
        self.tls = httpx2.create_ssl_context()  # reading all authorities takes long enough to make others wait
        self.client = self.make_client()

    def make_client(self) -> Any:
        return OpenIDClient(
            None,
            client_id=self.settings.google_client_id,
            client_secret=self.settings.google_client_secret,
            server_metadata_url=f"{self.settings.oidc_issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "timeout": 10.0,
                "verify": self.tls,
            },
        )

    async def begin(self, next_path: str, *, invitation: str | None, now: datetime) -> tuple[str, str]:
        """The provider's address to go to, and what the browser keeps until it comes back. Raises ProviderTrouble."""
        await self.discover()
        pending = Pending(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=next_path,
            ends_at=now + PENDING_FOR,
            invitation=invitation[:INVITATION_KEPT] if invitation else None,
        )
        begun = await self.client.create_authorization_url(
            self.redirect_uri, state=pending.state, nonce=pending.nonce, code_verifier=pending.verifier
        )
        return begun["url"], self.keep(pending)

    async def finish(self, kept: str | None, answer: Mapping[str, str], *, now: datetime) -> tuple[Identity, Pending]:
        """Who it is, and the sign-in as it was begun. Raises one of the errors above."""
        pending = self.recall(kept)
        if pending is None or pending.ends_at < now or not same(pending.state, answer.get("state", "")):
            raise SignInExpired
        if "error" in answer or "code" not in answer:
            log.info("sign_in_denied", error=answer.get("error"), description=answer.get("error_description"))
            raise SignInDenied
        metadata = await self.discover()
        if answer.get("iss", metadata["issuer"]) != metadata["issuer"]:  # RFC 9207
            raise ProviderTrouble
        try:
            claims = await self.claims(answer["code"], pending)
        except (AuthlibBaseError, JoseError, httpx2.HTTPError, ValueError, KeyError) as error:
            log.warning("sign_in_refused", error=str(error), kind=type(error).__name__)
            raise ProviderTrouble from error
        return self.identity(claims, metadata["issuer"]), pending

    async def discover(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery, 4), read again every hour."""
        if time.monotonic() - self.discovered_at > METADATA_KEPT or not self.client.server_metadata:
            client = self.make_client()
            try:
                metadata = await client.load_server_metadata()
            except (httpx2.HTTPError, ValueError) as error:
                log.warning("discovery_failed", issuer=self.settings.oidc_issuer, error=str(error))
                raise ProviderTrouble from error
            if metadata.get("issuer", "").rstrip("/") != self.settings.oidc_issuer:
                log.warning("discovery_failed", issuer=self.settings.oidc_issuer, error="it names another issuer")
                raise ProviderTrouble
            offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
            metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in ALGORITHMS]
            self.client, self.discovered_at = client, time.monotonic()
        metadata = self.client.server_metadata
        return dict(metadata)

    async def claims(self, code: str, pending: Pending) -> dict[str, Any]:
        token = await self.client.fetch_access_token(self.redirect_uri, code=code, code_verifier=pending.verifier)
        issuer = self.client.server_metadata["issuer"]
        claims = await self.client.parse_id_token(
            token,
            nonce=pending.nonce,
            claims_options={
                "iss": {"essential": True, "values": [issuer, *(["accounts.google.com"] if issuer == GOOGLE else [])]},
                "aud": {"essential": True, "value": self.settings.google_client_id},
                "exp": {"essential": True},
            },
            leeway=LEEWAY,
        )
        if claims is None:
            raise ValueError("there is no id_token in the answer")
        if (
            "email" not in claims
        ):  # OpenID Connect Core, 5.4: a provider may keep these claims for its userinfo endpoint
            told = await self.client.userinfo(token=token)
            if told.get("sub") != claims["sub"]:
                raise ValueError("the userinfo is about somebody else")
            claims = {**told, **claims}
        return dict(claims)

    def identity(self, claims: dict[str, Any], issuer: str) -> Identity:
        """Raises EmailNotVerified or DomainNotAllowed."""
        email = str(claims.get("email") or "").lower()
        if "@" not in email or claims.get("email_verified") not in (True, "true"):
            raise EmailNotVerified
        self.check_domain(email.rpartition("@")[2], claims.get("hd"), issuer)
        picture = str(claims.get("picture") or "")
        return Identity(
            issuer=issuer,
            subject=str(claims["sub"]),
            email=email,
            name=str(claims.get("name") or "").strip()[:200] or email.partition("@")[0],
            avatar_url=picture if picture.startswith("https://") and len(picture) <= 2000 else None,
        )

    def check_domain(self, domain: str, hosted: object, issuer: str) -> None:
        """`hd` is Google's word that the account belongs to the domain; other Google accounts may carry any address."""
        allowed = self.settings.allowed_domains
        if not allowed:
            return
        if hosted is None:
            hosted = domain if issuer != GOOGLE or domain == "gmail.com" else ""
        if domain not in allowed or str(hosted).lower() not in allowed:
            raise DomainNotAllowed

    def keep(self, pending: Pending) -> str:
        sealed = seal(self.settings.secret_key, msgspec.json.encode(pending).decode(), bound_to=b"sign-in")
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def recall(self, kept: str | None) -> Pending | None:
        """None where this server did not seal it."""
        try:
            sealed = base64.urlsafe_b64decode((kept or "") + "=" * (-len(kept or "") % 4))
            return msgspec.json.decode(unseal(self.settings.secret_key, sealed, bound_to=b"sign-in"), type=Pending)
        except (ValueError, ConfigurationError):
            return None


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
