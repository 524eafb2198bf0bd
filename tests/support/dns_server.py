"""A real name server on loopback for tests: it has the records that it is given, and says that there are no others."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Final, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

HOST: Final = "127.0.0.1"


class DnsServer:
    """By UDP, in a thread. In a test: `dns.add("example.com", "TXT", "v=spf1 -all")`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._records: dict[tuple[str, str], list[str]] = {}
        self._silent: set[str] = set()
        self._broken: set[str] = set()
        self._asked: list[tuple[str, str]] = []
        self._thread = threading.Thread(target=self._serve, name="dns-server", daemon=True)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Name and kind of every question so far."""
        with self._lock:
            return list(self._asked)

    def add(self, name: str, kind: str, *values: str) -> None:
        """More records of this name and kind. A TXT may be of any length: it travels in strings of 255 octets."""
        with self._lock:
            self._records.setdefault((name.lower(), kind), []).extend(values)

    def remove(self, name: str, kind: str) -> None:
        with self._lock:
            self._records.pop((name.lower(), kind), None)

    def silence(self, name: str) -> None:
        """Questions about this name get no answer."""
        with self._lock:
            self._silent.add(name.lower())

    def fail(self, name: str) -> None:
        """Questions about this name get SERVFAIL."""
        with self._lock:
            self._broken.add(name.lower())

    def forget(self) -> None:
        with self._lock:
            for kept in (self._records, self._silent, self._broken, self._asked):
                kept.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.sendto(b"", (HOST, self.port))
        self._thread.join(timeout=10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, peer = self._socket.recvfrom(65535)
            if not data:
                return
            answer = self._answer(data)
            if answer is not None:
                self._socket.sendto(answer, peer)

    def _answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        [question] = query.question
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        with self._lock:
            self._asked.append((name, kind))
            if name in self._silent:
                return None
            values = self._records.get((name, kind), [])
            is_known = any(known == name for known, _ in self._records)
        if name in self._broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif values:
            texts = [_quoted(value) for value in values] if kind == "TXT" else values
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, texts))
        elif not is_known:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire(max_size=65000)


def _quoted(text: str) -> str:
    data = text.encode()
    pieces = [data[start : start + 255] for start in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(f"\\{byte:03d}" for byte in piece) + '"' for piece in pieces)
