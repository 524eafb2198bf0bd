"""What a browser says of itself (User-Agent, RFC 9110, 10.1.5), in words that a person knows it by. Pure."""

from __future__ import annotations

from typing import Final

# The first that is found counts: Edge and Opera call themselves Chrome, and Chrome calls itself Safari.
PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-httpx/", "Python"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str | None) -> str:
    """Such as `Firefox on Windows`. It is what the client claims: good enough to tell one's own devices apart."""
    said = user_agent or ""
    program = next((name for mark, name in PROGRAMS if mark in said), None)
    system = next((name for mark, name in SYSTEMS if mark in said), None)
    if program and system:
        return f"{program} on {system}"
    return program or system or "An unknown device"
