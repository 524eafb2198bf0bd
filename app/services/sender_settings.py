"""What a sender is set to: defaults filled in, everything that is wrong named at once."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, Final

import msgspec
from msgspec import UNSET

from app.contract.senders import NewSender, Security, SenderChange
from app.contract.windows import SenderWindow
from app.domain.addresses import NAME_LIMIT
from app.domain.envelopes import read_address
from app.domain.hosts import host_name
from app.domain.text import is_one_line, one_line, why_turned
from app.domain.windows import Window
from app.errors import Problem, ValidationError
from app.outbound.guard import is_public
from app.services import windows
from app.services.mailboxes import SignIn
from app.settings import Settings

PORTS: Final[dict[Security, int]] = {"starttls": 587, "tls": 465, "none": 25}

_ONE_LINE: Final = ("name", "from_name", "username", "password")


class SenderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All that a person sets. `username` is empty where the server asks for none."""

    name: str
    from_name: str | None
    from_email: str
    reply_to: str | None
    host: str
    port: int
    security: Security
    username: str
    password: str | None
    hourly_limit: int | None
    daily_limit: int | None
    min_delay_ms: int
    concurrency: int
    window: Window | None

    @property
    def sign_in(self) -> SignIn:
        return SignIn(self.host, self.port, self.username, self.password)

    def __repr__(self) -> str:
        return f"SenderSettings({self.from_email} by {self.username or 'nobody'} at {self.host}:{self.port})"


def from_new(wanted: NewSender, settings: Settings) -> SenderSettings:
    """Raises ValidationError that names every field that cannot be."""
    problems: list[Problem] = []
    security = wanted.security
    if security is UNSET:
        security = "tls" if wanted.port == PORTS["tls"] else "starttls"
    return _checked(
        SenderSettings(
            name=wanted.name or one_line(wanted.from_name or wanted.from_email)[:200] or "Sender",
            from_name=wanted.from_name or None,
            from_email=wanted.from_email,
            reply_to=wanted.reply_to or None,
            host=wanted.host,
            port=PORTS[security] if wanted.port is UNSET else wanted.port,
            security=security,
            username=(wanted.username or "").strip(),
            password=wanted.password or None,
            hourly_limit=settings.max_emails_per_hour if wanted.hourly_limit is UNSET else wanted.hourly_limit,
            daily_limit=wanted.daily_limit,
            min_delay_ms=settings.min_delay_ms if wanted.min_delay_ms is UNSET else wanted.min_delay_ms or 0,
            concurrency=settings.sender_concurrency if wanted.concurrency is UNSET else wanted.concurrency,
            window=_window(wanted.window, problems),
        ),
        settings,
        problems,
    )


def changed(before: SenderSettings, wanted: SenderChange, settings: Settings) -> SenderSettings:
    """`before` with what `wanted` names. Raises ValidationError that names every field that cannot be."""
    given: dict[str, Any] = {
        field: value for field in SenderSettings.__struct_fields__ if (value := getattr(wanted, field)) is not UNSET
    }
    for field in ("from_name", "reply_to", "password"):
        if field in given:
            given[field] = given[field] or None
    if "username" in given:
        given["username"] = (given["username"] or "").strip()
        if not given["username"]:
            given.setdefault("password", None)
    if "min_delay_ms" in given:
        given["min_delay_ms"] = given["min_delay_ms"] or 0
    problems: list[Problem] = []
    if "window" in given:
        given["window"] = _window(given["window"], problems)
    return _checked(msgspec.structs.replace(before, **given), settings, problems)


def _window(given: SenderWindow | None, problems: list[Problem]) -> Window | None:
    try:
        return windows.of_sender(given)
    except ValidationError as error:
        problems.extend(error.problems)
        return None


def _checked(draft: SenderSettings, settings: Settings, problems: list[Problem]) -> SenderSettings:
    """The draft with its addresses and host in their plain form. `problems`: those found already."""
    problems = [*_problems(draft), *problems]
    plain: dict[str, str | None] = {}
    for field in ("from_email", "reply_to"):
        value = getattr(draft, field)
        address = None if value is None else read_address(value, field, problems)
        if address is not None and address.name and field == "from_email":
            problems.append(Problem(field, "Give the address alone; the name has its own field, from_name."))
        plain[field] = None if address is None else str(address)
    try:
        plain["host"] = _host(draft.host, settings)
    except ValueError as error:
        problems.append(Problem("host", str(error)))
    if problems:
        raise ValidationError.of(problems)
    return msgspec.structs.replace(draft, **plain)


def _problems(draft: SenderSettings) -> Iterator[Problem]:
    for field in _ONE_LINE:
        if not is_one_line(getattr(draft, field) or ""):
            yield Problem(field, f"{field} cannot have line breaks or control characters.")
    for field in ("name", "from_name"):
        if (reason := why_turned(getattr(draft, field) or "")) is not None:
            yield Problem(field, reason)
    if draft.from_name is not None and len(draft.from_name) > NAME_LIMIT:
        yield Problem("from_name", f"A name has at most {NAME_LIMIT} characters.")
    if not draft.name.strip():
        yield Problem("name", "A name has at least one character.")
    if draft.username and draft.password is None:
        yield Problem("password", "A username needs a password.")
    if draft.password is not None and not draft.username:
        yield Problem("username", "A password needs a username.")


def _host(text: str, settings: Settings) -> str:
    """Raises ValueError. A name is looked up only when it is connected to: where it leads may change until then."""
    host = host_name(text)
    try:
        ip_address(host)
    except ValueError:
        is_address = False
    else:
        is_address = True
    private = not is_public(host) if is_address else host == "localhost" or host.endswith(".localhost")
    if private and not settings.smtp_allow_private:
        raise ValueError(
            f"{host} is a private address, which is not allowed here. To allow it set SMTP_ALLOW_PRIVATE=1."
        )
    return host
