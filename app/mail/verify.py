""" "Test connection": tries a server step by step and says in plain words what happened and how to mend it."""

from __future__ import annotations

import ssl
from typing import Final, Literal

import msgspec

from app.domain.replies import Phase
from app.mail.errors import AuthTrouble, SmtpError, Temporary
from app.mail.smtp import Connection
from app.mail.smtp_handshake import Server, Timeouts
from app.outbound import guard

Step = Literal["dns", "tcp", "tls", "auth"]

STEPS: Final[tuple[Step, ...]] = ("dns", "tcp", "tls", "auth")
_STEP_OF: Final[dict[Phase, Step]] = {"dns": "dns", "tcp": "tcp", "tls": "tls", "auth": "auth", "ehlo": "tcp"}


class PhaseResult(msgspec.Struct, frozen=True):
    """`mend` is empty unless the step failed."""

    phase: Step
    state: Literal["ok", "failed", "skipped"]
    message: str
    mend: str


async def verify(server: Server, *, allow_private: bool, timeouts: Timeouts | None = None) -> list[PhaseResult]:
    """Looks the name up, connects, secures the line and signs in. Sends no mail and raises nothing."""
    waits = timeouts or Timeouts.brief()
    try:
        address = await guard.pin(server.host, server.port, allow_private=allow_private, timeout=waits.dns)
    except guard.HostUnknown as error:
        return _failed(server, "dns", error.message, "Check the spelling of the host.")
    except guard.HostRefused as error:
        return _failed(server, "dns", error.message, "Use a server on the internet, or allow private addresses.")
    try:
        connection = await Connection.open(server, timeouts=waits, pin=address)
    except SmtpError as error:
        return _failed(server, _step(server, error), error.message, _mend(server, error))
    await connection.close()
    return [_passed(server, step) for step in STEPS]


def _failed(server: Server, at: Step, message: str, mend: str) -> list[PhaseResult]:
    index = STEPS.index(at)
    before = [_passed(server, step) for step in STEPS[:index]]
    after = [PhaseResult(step, "skipped", "Not tried.", "") for step in STEPS[index + 1 :]]
    return [*before, PhaseResult(at, "failed", message, mend), *after]


def _passed(server: Server, step: Step) -> PhaseResult:
    match step:
        case "dns":
            return PhaseResult(step, "ok", f"{server.host} was found.", "")
        case "tcp":
            return PhaseResult(step, "ok", f"A mail server answers on port {server.port}.", "")
        case "tls" if server.security == "none":
            return PhaseResult(step, "skipped", "The line is not encrypted, as set.", "")
        case "tls":
            return PhaseResult(step, "ok", "The line is encrypted and the certificate is trusted.", "")
        case "auth" if server.username is None:
            return PhaseResult(step, "skipped", "No username is set.", "")
        case "auth":
            return PhaseResult(step, "ok", f"Signed in as {server.username}.", "")


def _step(server: Server, error: SmtpError) -> Step:
    return _STEP_OF.get(error.phase, "auth")


def _mend(server: Server, error: SmtpError) -> str:
    if isinstance(error, Temporary):
        return "The server is busy: try again in a few minutes."
    match error.phase:
        case "tcp":
            return "Check host and port (587 for STARTTLS, 465 for TLS) and that no firewall blocks outgoing mail."
        case "ehlo":
            return _mend_greeting(server, error)
        case "tls":
            return _mend_tls(server, error)
        case _:
            return _mend_auth(server, error)


def _mend_greeting(server: Server, error: SmtpError) -> str:
    if error.reply is None and server.security != "tls":
        return "If this is port 465, choose TLS. Otherwise check that the port is one for mail."
    return "Ask the server's operator whether it accepts connections from this machine."


def _mend_tls(server: Server, error: SmtpError) -> str:
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return (
            "Use the host name that the certificate is made for; a private authority can be trusted by SSL_CERT_FILE."
        )
    if server.security == "tls":
        return "If this is port 587 or 25, choose STARTTLS instead of TLS."
    return "If this is port 465, choose TLS instead of STARTTLS. Choose no encryption only inside a network you trust."


def _mend_auth(server: Server, error: SmtpError) -> str:
    if isinstance(error, AuthTrouble) and error.reply is None and server.security == "none":
        return (
            "The server offers no sign-in on an unencrypted line: choose STARTTLS or TLS, or leave the username empty."
        )
    host = server.host.lower()
    if "gmail" in host or "google" in host:
        return "Google wants an app password (Account, Security, App passwords), not the account's own password."
    if "office365" in host or "outlook" in host:
        return "Microsoft 365 must allow Authenticated SMTP for this mailbox (Users, Mail, Manage email apps)."
    return "Check username and password; many providers want an app password or an API key here."
