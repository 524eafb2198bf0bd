"""Which headers a caller may add to a message (RFC 5322, 3.6.8), and what may stand in one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from app.errors import Problem, ValidationError

COUNT_LIMIT: Final = 50
NAME_LIMIT: Final = 100  # characters
VALUE_LIMIT: Final = 4000  # characters

_NAME = re.compile(r"[!-9;-~]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")

# Written by Paceline from fields of their own, or by the servers on the way; a second one misleads or forges.
_FIELD_OF_ITS_OWN: Final = {
    "from": "from",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
    "reply-to": "reply_to",
    "subject": "subject",
}
_REFUSED: Final = frozenset(
    {
        "date", "sender", "return-path", "received", "message-id", "mime-version", "delivered-to", "envelope-to",
        "x-original-to", "dkim-signature", "domainkey-signature", "authentication-results", "received-spf",
        "x-google-dkim-signature", "return-receipt-to", "disposition-notification-to",
    }
)  # fmt: skip
_REFUSED_FAMILIES: Final = ("content-", "resent-", "arc-", "x-paceline-")

# Google's `a:b:c:SenderId` (support.google.com/mail/answer/6254652): up to three identifiers that may be empty, then
# one of 5 to 15 characters. An @ would be somebody's address.
FEEDBACK_ID: Final = "Feedback-ID"
LIST_ID: Final = "List-ID"
_FEEDBACK = re.compile(r"(?:[!-9;-?A-~]{0,60}:){0,3}[!-9;-?A-~]{5,15}")
_ID_TAIL: Final = 12  # hex digits, the last of a UUIDv7: 48 of its random bits


def check_headers(headers: Mapping[str, str], *, path: str = "headers") -> dict[str, str]:
    """The headers as they may be sent. Raises ValidationError that names each one that may not."""
    problems: list[Problem] = []
    if len(headers) > COUNT_LIMIT:
        problems.append(Problem(path, f"At most {COUNT_LIMIT} headers are allowed."))
    seen: set[str] = set()
    for name, value in headers.items():
        reason = _reason(name, value)
        if reason is None and name.lower() in seen:
            reason = "This header is given twice."
        if reason is not None:
            problems.append(Problem(f"{path}.{_printable(name)}", reason))
        seen.add(name.lower())
    if problems:
        raise ValidationError(problems[0].message, problems=tuple(problems))
    return dict(headers)


def feedback_id(*, campaign_id: UUID, workspace_id: UUID, sender_id: UUID) -> str:
    """What Gmail counts complaints by: campaign, workspace, kind of mail, sender; nothing of the recipient.

    The same for all messages of a campaign by one sender, whoever sends it and when.
    """
    campaign, workspace, sender = (each.hex[-_ID_TAIL:] for each in (campaign_id, workspace_id, sender_id))
    return f"{campaign}:{workspace}:campaign:{sender}"


def list_id(*, workspace_id: UUID, domain: str) -> str:
    """What one unsubscribes from (RFC 2919): the campaigns of a workspace, under the sender's domain in ASCII."""
    return f"<{workspace_id.hex[-_ID_TAIL:]}.{domain}>"


def _reason(name: str, value: str) -> str | None:
    lower = name.lower()
    if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        return "A header's name has only printable ASCII characters, without spaces and colons."
    if lower in _FIELD_OF_ITS_OWN:
        return f"Use the field `{_FIELD_OF_ITS_OWN[lower]}` for this header."
    if lower in _REFUSED or lower.startswith(_REFUSED_FAMILIES):
        return f"The header {name} is written by mail systems and cannot be set."
    if _UNPRINTABLE.search(value):
        return "A header's value must not contain line breaks or control characters."
    if len(value) > VALUE_LIMIT:
        return f"A header's value has at most {VALUE_LIMIT} characters."
    if lower == FEEDBACK_ID.lower() and not _FEEDBACK.fullmatch(value):
        return "A Feedback-ID is a:b:c:SenderId: up to three identifiers, then one of 5 to 15 characters, without @."
    return None


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:60])
