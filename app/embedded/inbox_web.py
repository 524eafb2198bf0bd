"""The HTTP side of the test inbox, a bare ASGI application.

GET /api/messages?after=ID&limit=N   summaries, oldest first; without limit all (X-Total-Count: how many there are)
GET /api/messages/{id}/raw           the message, message/rfc822
GET /                                the newest hundred, to read
GET /message/{id}                    one message, to read: what the preview link opens
GET /message/{id}/html               its HTML part alone, for the sandboxed frame
GET /healthz
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from app.embedded import inbox_pages as pages
from app.embedded.inbox_store import Store
from app.errors import NotFound, PacelineError, ValidationError

Send = Callable[[dict[str, Any]], Awaitable[None]]

HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})  # others: a web page that points its own name at us
JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
MAIL_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:"


class Answer(NamedTuple):
    body: bytes | Iterator[bytes]
    content_type: str = JSON
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Application:
    """ASGI: answers GET about the messages in `store`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def __call__(self, scope: dict[str, Any], _receive: object, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answer = self._answer(scope)
        except NotFound as error:
            answer = Answer(error.message.encode(), "text/plain; charset=utf-8", 404)
        except PacelineError as error:
            answer = Answer(error.message.encode(), "text/plain; charset=utf-8", 400)
        await _send(send, answer)

    def _answer(self, scope: dict[str, Any]) -> Answer:
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        if host.rpartition(":")[0] not in HOSTS and host not in HOSTS:
            raise ValidationError.at("host", f"This is the test inbox of the machine itself, not {host!r}.")
        if scope["method"] not in ("GET", "HEAD"):
            raise ValidationError.at("method", "The test inbox only shows: use GET.")
        match scope["path"].strip("/").split("/"):
            case [""]:
                return Answer(pages.index(self.store.latest(100), len(self.store)), HTML, headers=_policy(PAGE_POLICY))
            case ["healthz"]:
                return Answer(b'{"status":"ok"}')
            case ["api", "messages"]:
                return self._messages(parse_qs(scope["query_string"].decode("latin-1")))
            case ["api", "messages", message_id, "raw"]:
                return Answer(self.store.raw(message_id), "message/rfc822")
            case ["message", message_id]:
                summary, raw = self.store.summary(message_id), self.store.raw(message_id)
                return Answer(pages.message(summary, raw), HTML, headers=_policy(PAGE_POLICY))
            case ["message", message_id, "html"]:
                return Answer(pages.html_part(self.store.raw(message_id)), HTML, headers=_policy(MAIL_POLICY))
            case _:
                raise NotFound("The test inbox has no such page.")

    def _messages(self, query: dict[str, list[str]]) -> Answer:
        limit = query.get("limit", [""])[0]
        if limit and not (limit.isascii() and limit.isdigit()):
            raise ValidationError.at("limit", f"{limit!r} is not a number of messages.")
        lines = self.store.lines(query.get("after", [None])[0], int(limit) if limit else None)
        return Answer(_array(lines), headers=(("x-total-count", str(len(self.store))),))


def _array(blocks: Iterator[bytes]) -> Iterator[bytes]:
    opening = b"["
    for block in blocks:
        yield opening + block[:-1].replace(b"\n", b",\n")  # inside JSON a line end is always escaped
        opening = b",\n"
    yield b"[]" if opening == b"[" else b"]"


def _policy(content_security_policy: str) -> tuple[tuple[str, str], ...]:
    return (("content-security-policy", content_security_policy), ("referrer-policy", "no-referrer"))


async def _send(send: Send, answer: Answer) -> None:
    headers = (
        ("content-type", answer.content_type),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        *answer.headers,
    )
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    if isinstance(answer.body, bytes):
        pairs.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    async for block in _blocks(answer.body):
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _blocks(body: bytes | Iterator[bytes]) -> AsyncIterator[bytes]:
    for block in (body,) if isinstance(body, bytes) else body:
        yield block
