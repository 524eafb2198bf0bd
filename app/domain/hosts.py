"""Names of hosts as people type them (RFC 1123, 2.1; IDNA). Pure: nothing is looked up."""

from __future__ import annotations

import re
from ipaddress import ip_address

import idna

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def host_name(text: str) -> str:
    """The host in lower case and ASCII, without a dot at its end; an IP address without brackets.

    Raises ValueError that says in plain words what is wrong.
    """
    host = text.strip().lower().rstrip(".")
    if not host:
        raise ValueError("The host is empty.")
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        pass
    if "://" in host or "/" in host or "@" in host:
        raise ValueError("Give the host alone, such as smtp.example.com.")
    if ":" in host:
        raise ValueError("Give the port in its own field, and the host alone here.")
    try:
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"“{text.strip()[:80]}” is no valid host name.") from None
    labels = ascii_host.split(".")
    if len(ascii_host) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError(f"“{text.strip()[:80]}” is no valid host name.")
    return ascii_host


def domain_of(email: str) -> str:
    """The domain of an address that was checked when it came in, as the DNS knows it."""
    return host_name(email.rpartition("@")[2])


def is_local(host: str) -> bool:
    """Whether this names the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
