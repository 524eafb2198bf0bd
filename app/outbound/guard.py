"""Which addresses a host that somebody typed in may lead to.

The name is resolved once and the address pinned: one that changes its mind between check and connect (DNS rebinding)
leads nowhere new.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from app.errors import Kind, PacelineError

RESOLVE_SECONDS: Final = 10.0

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
_6TO4 = IPv6Network("2002::/16")  # RFC 3056
_TEREDO = IPv6Network("2001::/32")  # RFC 4380
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, 2.5.5.1
_RELAYS = IPv4Network("192.88.99.0/24")  # RFC 7526


class HostUnknown(PacelineError):
    """There is no such host: check its spelling."""

    code = "host_unknown"
    kind = Kind.INVALID


class HostRefused(PacelineError):
    """This host leads to a private address, which is not allowed here."""

    code = "host_refused"
    kind = Kind.INVALID


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet. Forms of IPv6 that wrap an IPv4 address are never."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and (
        ip.ipv4_mapped is not None
        or ip in _6TO4
        or ip in _TEREDO
        or ip in _COMPATIBLE
        or any(ip in network for network in _NAT64)
        or ip.is_site_local
    ):
        return False
    if ip in _RELAYS:
        return False
    return ip.is_global and not _special(ip)


def _special(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified


async def pin(host: str, port: int, *, allow_private: bool, timeout: float = RESOLVE_SECONDS) -> str:
    """Resolves `host` once, within `timeout` seconds, and returns the address to connect to.

    One private address among several refuses the host. Raises HostUnknown or HostRefused.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host.strip(), port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except TimeoutError:
        raise HostUnknown(f"The name {host} could not be looked up within {timeout:g} seconds: try again.") from None
    except (OSError, UnicodeError) as error:
        detail = error.strerror if isinstance(error, OSError) and error.strerror else "it is no valid name"
        raise HostUnknown(f"There is no host named {host} ({detail}): check its spelling.") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise HostUnknown(f"The name {host} has no address: check its spelling.")
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise HostRefused(
                    f"{host} leads to {address}, which is not a public address. "
                    "To allow private servers set SMTP_ALLOW_PRIVATE=1."
                )
    return addresses[0]
