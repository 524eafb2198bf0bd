"""A web process of its own, on a real socket."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.support.ports import free_port
from tests.support.waiting import wait_until


def answers(url: str) -> bool:
    """Whether it is there and says 200. Asked again and again: so no authorities are read, which takes 25 ms of CPU."""
    try:
        return httpx.get(url, timeout=5, verify=False).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def web_process(environment: dict[str, str]) -> AsyncIterator[str]:
    """Its URL, once it answers. Ends with the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "app.cli", "web", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=DEVNULL, stdout=DEVNULL)

    async def ready() -> bool:
        assert process.returncode is None
        return await asyncio.to_thread(answers, f"{url}/healthz")

    try:
        await wait_until(ready, 30, what="the web process to answer")
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()
