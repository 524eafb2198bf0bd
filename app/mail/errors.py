"""What can go wrong on the way to a server: one tree. Everything but ReplyUnknown means that nobody got the message."""

from __future__ import annotations

from app.domain.replies import Phase, Reply
from app.errors import PacelineError


class SmtpError(PacelineError):
    """The message could not be given to the mail server."""

    code = "smtp_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        phase: Phase,
        reply: Reply | None = None,
        recipients: tuple[Reply, ...] = (),
    ) -> None:
        super().__init__(f"{message or (type(self).__doc__ or '').strip()}{f' It said: {reply}' if reply else ''}")
        self.phase: Phase = phase
        self.reply = reply
        self.recipients = recipients  # the replies to RCPT so far, in the envelope's order


class BeforeDot(SmtpError):
    """The message was provably not delivered: the final dot was never sent."""

    code = "smtp_before_dot"


class Temporary(BeforeDot):
    """The server cannot take the message now."""

    code = "smtp_temporary"


class Permanent(BeforeDot):
    """The server will not take this message."""

    code = "smtp_permanent"


class ConnectTrouble(BeforeDot):
    """The mail server cannot be reached."""

    code = "smtp_connect"


class AuthTrouble(BeforeDot):
    """The mail server does not accept the sign-in."""

    code = "smtp_auth"


class ConnectionLost(BeforeDot):
    """The connection broke before the final dot. Try again, whatever the reply says."""

    code = "smtp_connection_lost"


class ReplyUnknown(SmtpError):
    """The final dot was sent and no answer came: the message may or may not have been delivered."""

    code = "smtp_reply_unknown"
