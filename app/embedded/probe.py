"""Small questions to a local server, asked without a client library so that `up` starts fast."""

from __future__ import annotations

import asyncio
import contextlib

from app.embedded.folder import LOOPBACK


async def http_ok(port: int, path: str, timeout: float = 5.0) -> bool:
    """Whether GET `path` on the loopback port answers 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n"
    return (await _ask(port, request, timeout)).split(b" ")[1:2] == [b"200"]


async def redis_pongs(port: int, password: str, timeout: float = 5.0) -> bool:
    """Whether Redis takes the password and has finished loading."""
    return await _ask(port, f"AUTH {password}\r\nPING\r\n", timeout, lines=2) == b"+OK\r\n+PONG\r\n"


async def _ask(port: int, request: str, timeout: float, lines: int = 1) -> bytes:
    answer = b""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(request.encode())
                for _ in range(lines):
                    answer += await reader.readline()
            finally:
                writer.close()
    return answer
