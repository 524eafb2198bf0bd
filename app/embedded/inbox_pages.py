"""The test inbox's pages to read, as bytes of HTML.

Everything a message says is escaped; its own HTML lives in a sandboxed frame.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Final

from app.embedded.inbox_store import Summary

SHOWN: Final = ("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe")
STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem }
h1 { font-size: 1.25rem } a { color: inherit }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid #8884 }
td { overflow-wrap: anywhere } th { white-space: nowrap; font-weight: 600 }
iframe { width: 100%; height: 32rem; border: 1px solid #8884; border-radius: .5rem; background: #fff; margin-top: 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid #8884; border-radius: .5rem }
"""


def index(newest: list[Summary], total: int) -> bytes:
    """The list of the newest messages."""
    rows = "".join(
        f"<tr><td><a href='/message/{m.id}'>{escape(m.subject) or '(no subject)'}</a></td>"
        f"<td>{escape(m.from_)}</td><td>{escape(', '.join(m.to))}</td><td>{escape(m.received_at)}</td></tr>"
        for m in newest
    )
    body = (
        f"<table><tr><th>Subject<th>From<th>To<th>Received (UTC)</tr>{rows}</table>"
        if newest
        else "<p>No message yet. Whatever is sent to this inbox shows here, and nowhere else.</p>"
    )
    return _page("Test inbox", f"<h1>Test inbox: {total} messages</h1>{body}")


def message(summary: Summary, raw: bytes) -> bytes:
    """One message: envelope, main headers, HTML in a frame, text."""
    parsed = _parsed(raw)
    facts = [("Envelope", f"{summary.from_} to {', '.join(summary.to)}"), ("Received", summary.received_at)]
    facts += [(name, str(value)) for name in SHOWN for value in parsed.get_all(name, [])]
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    frame = (
        f"<iframe sandbox title='HTML part' src='/message/{summary.id}/html'></iframe>" if _part(parsed, "html") else ""
    )
    text = _part(parsed, "plain")
    return _page(
        summary.subject or "(no subject)",
        f"<p><a href='/'>Test inbox</a> · <a href='/api/messages/{summary.id}/raw'>Source</a></p>"
        f"<h1>{escape(summary.subject) or '(no subject)'}</h1><table>{rows}</table>{frame}"
        + (f"<pre>{escape(text)}</pre>" if text else ""),
    )


def html_part(raw: bytes) -> bytes:
    """The HTML part alone; empty when there is none."""
    return _part(_parsed(raw), "html").encode("utf-8", "replace")


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _part(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # a charset nobody knows
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _page(title: str, body: str) -> bytes:
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style><body>{body}</body></html>"
    ).encode("utf-8", "replace")
