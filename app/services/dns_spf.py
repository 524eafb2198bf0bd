"""SPF (RFC 7208): whether the sender's server may send for its domain, as a receiver would find it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from app.contract.sender_dns import DnsCheck
from app.domain import spf
from app.domain.spf import LOOKUPS, Network, Qualifier, Record
from app.outbound.dns import Resolver
from app.outbound.guard import is_public
from app.services.dns_words import Subject, finding

EXCHANGERS: Final = 10  # of one `mx` (RFC 7208, 4.6.4)


class Broken(Exception):
    """A receiver takes none of the record: "permerror". The message says why, `mend` what to do."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


class Tree:
    """A domain's record with all that it includes, read as a receiver does: ten questions at most."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self.included: set[str] = set()
        self.networks: list[Network] = []
        self.named: list[tuple[str, str]] = []  # (a or mx, domain)
        self.unclear = False  # what is allowed depends on more than can be looked up here
        self._lookups = 0

    async def walk(self, domain: str, text: str) -> Qualifier | None:
        """What becomes of servers that nothing names. Raises Broken, DnsTrouble."""
        try:
            record = spf.read(text)
        except ValueError as error:
            raise Broken(f"The record of {domain} cannot be read: {error}", "Mend or remove that part.") from None
        self._lookups += record.lookups
        if self._lookups > LOOKUPS:
            raise Broken(
                f"The record takes more than {LOOKUPS} questions to the DNS, with all that it includes.",
                "Remove includes of services that no longer send for you.",
            )
        await self._allowed(domain, record)
        if record.redirect is None or record.end is not None:
            return record.end
        return await self.walk(record.redirect, await self._record_of(record.redirect))

    async def _allowed(self, domain: str, record: Record) -> None:
        self.networks += record.networks
        for term in record.terms:
            if term.mechanism == "all" or term.qualifier != "+":
                continue
            if (
                "%" in term.value
                or term.mechanism in ("ptr", "exists")
                or (term.wide and term.mechanism in ("a", "mx"))
            ):
                self.unclear = True
            elif term.mechanism in ("a", "mx"):
                self.named.append((term.mechanism, term.value or domain))
            elif term.mechanism == "include":  # one that leads back here ends at the limit, as it does for receivers
                self.included.add(term.value)
                await self.walk(term.value, await self._record_of(term.value))

    async def _record_of(self, domain: str) -> str:
        records = [text for text in await self._resolver.txt(domain) if spf.is_spf(text)]
        if len(records) != 1:
            what = "has no SPF record" if not records else "has more than one SPF record"
            raise Broken(f"The record refers to {domain}, which {what}.", "Remove that part, or mend its spelling.")
        return records[0]

    async def allows(self, host: str) -> bool:
        """Whether the addresses of this host are named. Raises DnsTrouble."""
        addresses = await self._resolver.addresses(host)
        for kind, domain in self.named:
            hosts = [domain] if kind == "a" else (await self._resolver.mail_exchangers(domain))[:EXCHANGERS]
            if host in hosts:
                return True
            for each in hosts:
                self.networks += [spf.network_of(address) for address in await self._resolver.addresses(each)]
        found = [ip_address(address) for address in addresses]
        return bool(found) and all(any(ip in network for network in self.networks) for ip in found)


async def check_spf(resolver: Resolver, subject: Subject) -> DnsCheck:
    """Raises DnsTrouble."""
    records = [text for text in await resolver.txt(subject.domain) if spf.is_spf(text)]
    if not records:
        return _missing(subject)
    if len(records) > 1:
        return finding(
            "spf",
            "error",
            subject.domain,
            f"There are {len(records)} SPF records. Receivers then take none of them.",
            found=records,
            mend="Make one record of them.",
            record=(subject.domain, spf.merged(records)),
        )
    tree = Tree(resolver)
    try:
        end = await tree.walk(subject.domain, records[0])
    except Broken as broken:
        return finding("spf", "error", subject.domain, str(broken), found=records, mend=broken.mend)
    if end == "+":
        return finding(
            "spf",
            "error",
            subject.domain,
            "The record ends with +all: everybody may send in this domain's name.",
            found=records,
            mend="Let it end with ~all.",
            record=(subject.domain, spf.ending(records[0], "~all")),
        )
    return await _verdict(tree, subject, records, end)


async def _verdict(tree: Tree, subject: Subject, records: Sequence[str], end: Qualifier | None) -> DnsCheck:
    service = subject.service
    if service is not None and service.include not in tree.included and not service.own_return_path:
        return finding(
            "spf",
            "error" if end == "-" else "warning",
            subject.domain,
            f"The record does not name the servers of {service.name}, by which this sender's mail leaves.",
            found=records,
            mend=f"Add include:{service.include} to the record.",
            record=(subject.domain, spf.with_term(records[0], f"include:{service.include}")),
        )
    if service is None and not tree.unclear and not await tree.allows(subject.host):
        return _unnamed(subject, records)
    if end is None or end == "?":
        return finding(
            "spf",
            "warning",
            subject.domain,
            "The record does not say what becomes of mail from servers that it does not name.",
            found=records,
            mend="Let it end with ~all.",
            record=(subject.domain, spf.ending(records[0], "~all")),
        )
    if service is not None and service.include not in tree.included:
        message = f"{service.name} puts its own return address on the mail, and SPF is checked for that."
    elif service is not None:
        message = f"The servers of {service.name} may send for {subject.domain}."
    elif tree.unclear:
        message = (
            "The record is valid. Whether it names this sender's server depends on more than can be looked up here."
        )
    else:
        message = f"{subject.host} may send for {subject.domain}."
    return finding("spf", "ok", subject.domain, message, found=records)


def _missing(subject: Subject) -> DnsCheck:
    service = subject.service
    if service is not None:
        term, mend = f"include:{service.include}", "Publish this record."
    elif _is_local(subject.host):
        term, mend = "mx", "Publish a record that names the servers which send for you, such as this one."
    else:
        term = f"a:{subject.host}"
        mend = f"Publish this record if mail leaves by {subject.host} itself; else its operator says what to include."
    return finding(
        "spf",
        "missing",
        subject.domain,
        "There is no SPF record: receivers cannot tell who may send in this domain's name.",
        mend=mend,
        record=(subject.domain, f"{spf.VERSION} {term} ~all"),
    )


def _unnamed(subject: Subject, records: Sequence[str]) -> DnsCheck:
    if _is_local(subject.host):
        return finding(
            "spf",
            "warning",
            subject.domain,
            f"The record is valid. {subject.host} is no server on the internet: by which one mail leaves is not known.",
            found=records,
        )
    return finding(
        "spf",
        "warning",
        subject.domain,
        f"The record does not name the addresses of {subject.host}.",
        found=records,
        mend=f"If mail leaves by {subject.host} itself, add a:{subject.host}; else its operator says what to include.",
        record=(subject.domain, spf.with_term(records[0], f"a:{subject.host}")),
    )


def _is_local(host: str) -> bool:
    """Whether no receiver ever sees it as it is written."""
    try:
        return not is_public(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test"))
