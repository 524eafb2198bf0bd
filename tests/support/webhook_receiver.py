"""A real HTTP server that takes webhooks: it keeps every request and answers as told."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook

from tests.support.waiting import wait_until_sync


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    at: float  # monotonic
    status: int  # what it was answered

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verified(self, secret: str) -> Any:
        """The event, as the official library gives it out once it trusts it."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(frozen=True)
class Answer:
    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds before the status line


class WebhookReceiver:
    """Listens on loopback. `answers` are given in turn, the `default` afterwards; `answer` may decide by the path."""

    def __init__(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self.default = Answer()
        self.answers: deque[Answer] = deque()
        self.answer: Callable[[str], Answer | None] = lambda path: None
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._at_once: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _server(self, port)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def url(self, path: str = "/hooks", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, count: int, timeout: float = 30.0) -> list[Request]:
        """Every request so far, once there are `count`. For tests with an event loop: `asyncio.to_thread`."""
        wait_until_sync(
            lambda: len(self.requests) >= count, timeout, what=f"{count} requests, {len(self.requests)} came"
        )
        return list(self.requests)

    def took(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        with self._lock:
            said = self.answer(path)
            if said is None:
                said = self.answers.popleft() if self.answers else self.default
            self.requests.append(Request(path, headers, body, time.monotonic(), said.status))
            self._at_once["now"] += 1
            self.most_at_once = max(self.most_at_once, self._at_once["now"])
        time.sleep(said.delay)
        with self._lock:
            self._at_once["now"] -= 1
        return said


def _server(receiver: WebhookReceiver, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # http.server's name
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            answer = receiver.took(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                self.close_connection = True  # the caller has given up

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # connections that break are part of the game

    return Server(("127.0.0.1", port), Handler)
