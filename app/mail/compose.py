"""The bytes of a message (RFC 5322, MIME). The standard library lays out a skeleton once; recipients fill its slots.

The output is ASCII with CRLF line ends and no line over 998 octets, but for an address that needs SMTPUTF8 (RFC 6532).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from itertools import groupby
from typing import Final
from urllib.parse import quote

import msgspec

from app.domain.addresses import Address
from app.domain.attachments import media_type, why_not_named
from app.domain.headers import check_headers
from app.errors import ValidationError
from app.mail.encodings import Encoding, best_encoding, encode_bytes, encode_text
from app.mail.headers import address_header, header
from app.mail.template import compile as compile_template
from app.mail.template import is_template

_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
# Readers undo encoded words (RFC 2047) within quotation marks too, and runs of spaces, though both are what they are.
_UNDONE = re.compile(r"=\?|  ")
_SHARED: Final = (
    64 * 1024
)  # bytes; a longer fixed piece is not copied into its neighbours, so that messages can share it

Fill = Callable[[Mapping[str, object]], bytes]


class Attachment(msgspec.Struct, frozen=True):
    """A file that goes along. Without a `content_type` the name's ending decides.

    `content` is the file, or with `is_encoded` what encode_bytes made of it. What has a `content_id` and an HTML text
    beside it is shown within that (RFC 2392): `<img src="cid:...">`.
    """

    filename: str
    content: bytes
    content_type: str | None = None
    content_id: str | None = None
    is_encoded: bool = False


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What all recipients of one message or campaign share. With `templated`, subject, text and html are templates."""

    sender: Address
    subject: str
    text: str | None = None
    html: str | None = None
    reply_to: tuple[Address, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    templated: bool = False


class Skeleton:
    """A message whose fixed parts are encoded once. Raises ValidationError for a template or header that may not be."""

    def __init__(self, content: Content) -> None:
        self._templated = content.templated
        self._subject = self._slot(content.subject, lambda text: header("Subject", text), html=False)
        self._head = address_header("From", (content.sender,))
        self._middle = address_header("Reply-To", content.reply_to) if content.reply_to else b""
        custom = check_headers(dict(content.headers)) if content.headers else {}
        self._tail = b"".join(header(name, value) for name, value in custom.items())
        self._body = self._layout(content)

    def fill(
        self,
        *,
        to: Sequence[Address],
        message_id: str,
        date: datetime,
        cc: Sequence[Address] = (),
        variables: Mapping[str, object] | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """The message for one set of recipients. `message_id` with its angle brackets; `date` with its offset.

        `headers` are Paceline's own for this recipient. Raises ValidationError for an unknown variable.
        """
        if not _MESSAGE_ID.fullmatch(message_id) or len(message_id) > 990:
            raise ValidationError(f"{message_id[:80]!r} is not a Message-ID.")
        values = variables or {}
        pieces = [self._head]
        if to:
            pieces.append(address_header("To", to))
        if cc:
            pieces.append(address_header("Cc", cc))
        pieces += (
            self._middle,
            self._subject if isinstance(self._subject, bytes) else self._subject(values),
            f"Date: {_date(date.replace(microsecond=0))}\r\nMessage-ID: {message_id}\r\n".encode("ascii"),
            self._tail,
        )
        pieces += [_own_header(name, value) for name, value in headers]
        pieces += [part if isinstance(part, bytes) else part(values) for part in self._body]
        return b"".join(pieces)

    def _slot(self, text: str, encode: Callable[[str], bytes], *, html: bool) -> bytes | Fill:
        """The encoded text, or what encodes it once the variables are known."""
        if not (self._templated and is_template(text)):
            return encode(text)
        render = compile_template(text, html=html).render
        return lambda values: encode(render(values))

    def _layout(self, content: Content) -> tuple[bytes | Fill, ...]:
        """MIME-Version, Content-* and the body: fixed bytes and slots in turn."""
        texts = [
            (subtype, text) for subtype, text in (("plain", content.text), ("html", content.html)) if text is not None
        ]
        texts = texts or [("plain", "")]
        kinds = tuple((subtype, best_encoding(text)) for subtype, text in texts)
        laid_out, files = _laid_out(kinds, content.attachments) if content.attachments else (_frame(kinds), [])
        # The same words give the same bytes: what is previewed is what is sent. Neither base64 nor quoted-printable can
        # have "=_" (RFC 2045, 6.7), so no text, whoever wrote it, ends its part.
        words = "\0".join((content.subject, content.text or "", content.html or ""))
        digest = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]
        slots = [
            (_TOKENS[subtype].encode(), self._text(text, subtype, encoding))
            for (_, text), (subtype, encoding) in zip(texts, kinds, strict=True)
        ]
        return _cut(laid_out.replace(_DIGEST.encode(), digest.encode()), [*slots, *files])

    def _text(self, text: str, subtype: str, encoding: Encoding) -> bytes | Fill:
        return self._slot(text, lambda rendered: encode_text(rendered, encoding), html=subtype == "html")


def compose(
    content: Content,
    *,
    to: Sequence[Address],
    message_id: str,
    date: datetime,
    cc: Sequence[Address] = (),
    variables: Mapping[str, object] | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The bytes of one message; a Skeleton is faster for many. Blind copies are in the envelope alone."""
    return Skeleton(content).fill(to=to, cc=cc, message_id=message_id, date=date, variables=variables, headers=headers)


_own_header = lru_cache(maxsize=512)(header)  # most of Paceline's own are the same in many messages


@lru_cache(maxsize=16)
def _date(second: datetime) -> str:
    """Messages come by the hundred in one second."""
    return format_datetime(second)


def _attach(whole: EmailMessage, attachment: Attachment, disposition: str) -> list[tuple[bytes, bytes | Fill]]:
    """Adds the file as a part; its tokens, each with what stands there in the end."""
    name = attachment.filename.strip()
    if why := why_not_named(name):
        raise ValidationError.at("attachments", why)
    kind = media_type(attachment.content_type, name)
    if kind is None:
        raise ValidationError.at("attachments", f"{(attachment.content_type or '')[:60]!r} is not a content type.")
    token, name_token = _token(), _token()
    is_undone = _UNDONE.search(name) is not None and name.isascii()
    part = EmailMessage(policy=SMTP)
    part.set_content(
        b"",
        maintype=kind.kind,
        subtype=kind.subtype,
        params=dict(kind.parameters),
        cte="base64",
        disposition=disposition,
        filename=name_token if is_undone else name,
    )
    slots: list[tuple[bytes, bytes | Fill]] = []
    if is_undone:
        slots.append((f'filename="{name_token}"'.encode(), f"filename*=utf-8''{quote(name)}\r\n".encode("ascii")))
    if attachment.content_id:
        # The standard library would make encoded words of a long one, which no reader of a Content-ID undoes.
        id_token = f"<{_token()}>"
        part["Content-ID"] = id_token
        slots.append((id_token.encode(), f"<{attachment.content_id}>\r\n".encode("ascii")))
    _mark(part, token, "base64")
    whole.attach(_as_part(part))
    return [*slots, (token.encode(), attachment.content if attachment.is_encoded else encode_bytes(attachment.content))]


def _laid_out(
    texts: Sequence[tuple[str, Encoding]], attachments: Sequence[Attachment]
) -> tuple[bytes, list[tuple[bytes, bytes | Fill]]]:
    """The message without its words, and what stands at the tokens of its files. `texts`: subtype and encoding of each.

    The parts (RFC 2046, 5.1; RFC 2387): mixed(alternative(plain, related(html, what it shows)), files), without those
    of which there is one alone. `_TOKENS` stand for the texts, `_DIGEST` within the boundaries.
    """
    slots: list[tuple[bytes, bytes | Fill]] = []
    message = part = EmailMessage(policy=SMTP)
    shown: list[Attachment] = []
    for subtype, encoding in texts:
        part = message if subtype == texts[0][0] else EmailMessage(policy=SMTP)
        part.set_content(_TOKENS[subtype], subtype=subtype, charset="utf-8", cte="quoted-printable")
        _mark(part, _TOKENS[subtype], encoding)
    if texts[-1][0] == "html":
        shown = [each for each in attachments if each.content_id]
        if shown:
            part.make_related()
            part.set_param("type", "text/html")
            slots += [slot for each in shown for slot in _attach(part, each, "inline")]
    if part is not message:
        message.make_alternative()
        message.attach(_as_part(part))
    files = [each for each in attachments if each not in shown]
    if files:
        message.make_mixed()
        slots += [slot for each in files for slot in _attach(message, each, "attachment")]
    if "MIME-Version" not in message:
        message["MIME-Version"] = "1.0"
    for number, whole in enumerate(each for each in message.walk() if each.is_multipart()):
        whole.set_boundary(f"=_{_DIGEST}_{number}")
    return message.as_bytes(), slots


@lru_cache(maxsize=8)
def _frame(texts: tuple[tuple[str, Encoding], ...]) -> bytes:
    """Of messages without files there are a few kinds; the standard library takes half a millisecond for one."""
    return _laid_out(texts, ())[0]


def _token() -> str:
    return f"slot-{secrets.token_hex(16)}"


_TOKENS: Final = {"plain": _token(), "html": _token()}
_DIGEST: Final = secrets.token_hex(16)  # as long as what will stand there, so that lines fold as they will


def _mark(part: EmailMessage, token: str, encoding: str) -> None:
    """Leaves the slot's token as the body, as it stands, under the encoding that will fill it."""
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(f"{token}\r\n")


def _as_part(part: EmailMessage) -> EmailMessage:
    del part["MIME-Version"]
    return part


def _cut(laid_out: bytes, slots: list[tuple[bytes, bytes | Fill]]) -> tuple[bytes | Fill, ...]:
    """Cuts the message at its tokens and puts the slots there; neighbours that are short and fixed become one."""
    pieces: list[bytes | Fill] = []
    rest = laid_out
    for token, slot in slots:
        before, found, rest = rest.partition(token + b"\r\n")
        if not found:
            raise ValidationError("The message cannot be laid out.")
        pieces += (before, slot)
    pieces.append(rest)
    merged: list[bytes | Fill] = []
    for is_short, group in groupby(pieces, key=lambda piece: isinstance(piece, bytes) and len(piece) < _SHARED):
        run = list(group)
        merged += [b"".join(piece for piece in run if isinstance(piece, bytes))] if is_short else run
    return tuple(merged)
