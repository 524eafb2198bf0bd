"""A client of an app in this process, as a browser would be: it keeps cookies and follows no redirect by itself."""

from __future__ import annotations

from typing import Any

import httpx


def client_of(app: Any, base_url: str = "http://paceline.test") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url, timeout=30)
