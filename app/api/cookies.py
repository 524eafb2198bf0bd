"""Our cookies. Over https their names begin with `__Host-`: no sub-domain can plant one (RFC 6265bis, 4.1.3)."""

from __future__ import annotations

from litestar.datastructures import Cookie

from app.settings import Settings


def is_https(settings: Settings) -> bool:
    return settings.base_url.startswith("https://")


def session_cookie_name(settings: Settings) -> str:
    return name("paceline_session", settings)


def name(plain: str, settings: Settings) -> str:
    return f"__Host-{plain}" if is_https(settings) else plain


def cookie(plain: str, value: str, settings: Settings, *, max_age: int) -> Cookie:
    """`max_age` in seconds; 0 removes it."""
    return Cookie(
        key=name(plain, settings),
        value=value,
        max_age=max_age,
        path="/",
        httponly=True,
        secure=is_https(settings),
        samesite="lax",
    )
