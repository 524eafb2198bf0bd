"""Mail of Paceline's own: invitations and sign-in links, sent by a workspace's default sender as an ordinary message,
under its limits and in its order. What it says is for its recipient alone: the workspace sees that it went, not more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from uuid import UUID

import structlog

from app.contract.emails import SendEmail, Tag
from app.db.pool import Pool
from app.domain.lateness import LatePolicy
from app.errors import PacelineError
from app.services import emails

log = structlog.get_logger("paceline.web")


async def post(
    pool: Pool,
    *,
    workspace_id: UUID,
    sender_id: UUID,
    to: str,
    subject: str,
    lines: Sequence[str],
    link: str,
    action: str,
    late_policy: LatePolicy,
    now: datetime,
) -> bool:
    """Whether it was put into the schedule; the log has why not. `lines` stand above the link, `action` says it."""
    wanted = SendEmail(
        sender_id=sender_id,
        to=to,
        subject=subject,
        text="\n\n".join([*lines, link, ""]),
        html=_page(lines, link, action),
        tags=[Tag(name="category", value="account")],
        late_policy=late_policy,
    )
    try:
        await emails.send(pool, workspace_id=workspace_id, wanted=wanted, key=None, now=now, confidential=True)
    except PacelineError as error:
        log.warning("notice_not_sent", workspace_id=str(workspace_id), code=error.code, message=error.message)
        return False
    return True


def _page(lines: Sequence[str], link: str, action: str) -> str:
    said = "".join(f'<p style="margin:0 0 16px">{escape(line)}</p>' for line in lines)
    return (
        '<div style="font:15px/1.5 system-ui,sans-serif;color:#1c2024;max-width:480px">'
        f"{said}"
        f'<p style="margin:24px 0"><a href="{escape(link)}" style="background:#3b4ede;color:#fff;padding:10px 16px;'
        f'border-radius:8px;text-decoration:none">{escape(action)}</a></p>'
        f'<p style="margin:0;color:#60646c;font-size:13px;word-break:break-all">{escape(link)}</p></div>'
    )
