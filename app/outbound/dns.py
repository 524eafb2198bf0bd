"""Questions to the DNS. The only door to dnspython. What comes back may be by anybody: it is bounded and cleaned."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from app.errors import PacelineError

SECONDS: Final = 5.0  # for one question, with all that is asked again
TRY_SECONDS: Final = 2.0
RECORDS: Final = 50  # of one name
TEXT_LIMIT: Final = 8192  # characters of one TXT record

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")  # and what turns text around


class DnsTrouble(PacelineError):
    """The DNS does not answer."""

    code = "dns_trouble"


class Resolver:
    """Asks the name servers of this machine, or the one at `server` (`host:port`, an IP address)."""

    def __init__(self, server: str | None = None) -> None:
        self._server = server

    async def txt(self, name: str) -> list[str]:
        """The TXT records of a name, each with its strings joined (RFC 7208, 3.3), in one order whoever answers; none
        where there is no such name. Raises DnsTrouble."""
        found = await self._ask(name, "TXT")
        return sorted(_clean(b"".join(record.strings)) for record in found)

    async def addresses(self, name: str) -> list[str]:
        """IPv4 and IPv6. Raises DnsTrouble."""
        four, six = await asyncio.gather(self._ask(name, "A"), self._ask(name, "AAAA"))
        return [str(record.address) for record in (*four, *six)]

    async def mail_exchangers(self, name: str) -> list[str]:
        """The hosts that take its mail, the first one to try first. Raises DnsTrouble."""
        found = sorted(await self._ask(name, "MX"), key=lambda record: int(record.preference))
        return [record.exchange.to_text(omit_final_dot=True).lower() for record in found]

    async def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            asked = dns.name.from_text(name.rstrip(".") + ".")
            answer = await self._resolver().resolve(
                asked, kind, raise_on_no_answer=False, search=False, lifetime=SECONDS
            )
        except dns.resolver.NXDOMAIN:
            return []
        except (
            dns.resolver.LifetimeTimeout,
            dns.resolver.NoNameservers,
            dns.resolver.NoResolverConfiguration,
        ) as error:
            raise DnsTrouble(
                f"The name servers did not answer for {_short(name)}: try again in a few minutes."
            ) from error
        except (dns.exception.DNSException, UnicodeError, OSError, ValueError) as error:
            raise DnsTrouble(
                f"{_short(name)} cannot be looked up: {_short(str(error) or type(error).__name__)}"
            ) from error
        return [] if answer.rrset is None else list(answer.rrset)[:RECORDS]

    def _resolver(self) -> dns.asyncresolver.Resolver:
        made = dns.asyncresolver.Resolver(configure=self._server is None)
        if self._server is not None:
            host, _, port = self._server.rpartition(":")
            made.nameservers, made.port = [host], int(port)
        made.timeout = TRY_SECONDS
        made.use_edns(0, 0, 1232)  # more than 512 octets by UDP: a key of 2048 bits fits
        return made


def _clean(text: bytes) -> str:
    """As people may be shown it: no more than TEXT_LIMIT characters, none of them for control."""
    return _CONTROL.sub("\ufffd", text[: 4 * TEXT_LIMIT].decode("utf-8", "replace"))[:TEXT_LIMIT]


def _short(text: str) -> str:
    return _CONTROL.sub(" ", text)[:120]
