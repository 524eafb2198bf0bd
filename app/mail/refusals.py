"""What the replies to an envelope mean for the message as a whole."""

from __future__ import annotations

from app.domain.replies import Phase, Reply, Verdict, classify
from app.mail.errors import AuthTrouble, BeforeDot, Permanent, Temporary


def refusal(mail: Reply, recipients: tuple[Reply, ...], data: Reply | None) -> BeforeDot | None:
    """Why the envelope does not stand, if it does not. `data` is None if DATA was not asked yet."""
    if not mail.accepted:
        return _error("The server refused the sender.", "mail", mail, ())
    verdicts = [classify(reply, "rcpt") for reply in recipients]
    for verdict in (Verdict.TEMPORARY, Verdict.AUTH):
        if verdict in verdicts:
            return _error("The server refused a recipient.", "rcpt", recipients[verdicts.index(verdict)], recipients)
    if Verdict.ACCEPTED not in verdicts:
        return _error("The server refused every recipient.", "rcpt", recipients[0], recipients)
    if data is not None and data.code != 354:
        return _error("The server refused to take the message.", "data", data, recipients)
    return None


def _error(message: str, phase: Phase, reply: Reply, recipients: tuple[Reply, ...]) -> BeforeDot:
    match classify(reply, phase):
        case Verdict.PERMANENT | Verdict.HARD_BOUNCE:
            return Permanent(message, phase=phase, reply=reply, recipients=recipients)
        case Verdict.AUTH:
            return AuthTrouble(message, phase=phase, reply=reply, recipients=recipients)
        case _:
            return Temporary(message, phase=phase, reply=reply, recipients=recipients)
