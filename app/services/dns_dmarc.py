"""DMARC (RFC 7489): what receivers are asked to do with mail that fails, and whether this sender's mail would."""

from __future__ import annotations

from typing import Final

from app.contract.sender_dns import DnsCheck
from app.domain import dmarc
from app.domain.dmarc import Dmarc, Policy
from app.outbound.dns import Resolver
from app.services.dns_words import Subject, finding

_DONE: Final[dict[Policy, str]] = {
    "none": "deliver it all the same",
    "quarantine": "put it into spam",
    "reject": "refuse it",
}


async def check_dmarc(resolver: Resolver, subject: Subject, *, passes: bool) -> DnsCheck:
    """`passes`: this sender's mail does, by SPF or DKIM. Raises DnsTrouble."""
    own = f"_dmarc.{subject.domain}"
    for name in dmarc.names(subject.domain):
        records = [text for text in await resolver.txt(name) if dmarc.is_dmarc(text)]
        if not records:
            continue
        if len(records) > 1:
            return finding(
                "dmarc",
                "error",
                name,
                f"There are {len(records)} DMARC records. Receivers then take none of them.",
                found=records,
                mend="Keep one of them.",
                record=(name, records[0]),
            )
        try:
            said = dmarc.read(records[0])
        except ValueError as error:
            return finding(
                "dmarc",
                "error",
                name,
                f"The record cannot be read: {error}",
                found=records,
                mend="Publish this one in its place.",
                record=(name, _simplest(subject.domain)),
            )
        policy = said.policy if name == own else said.below
        return (
            _strict(name, records[0], policy)
            if policy != "none" and not passes
            else _verdict(subject, name, records[0], said, policy)
        )
    return finding(
        "dmarc",
        "missing",
        own,
        "There is no DMARC record. Gmail and Yahoo ask everybody who sends a lot for one.",
        mend="Publish this record, with an address that exists. p=none refuses nothing; reports say who sends as you.",
        record=(own, _simplest(subject.domain)),
    )


def _verdict(subject: Subject, name: str, record: str, said: Dmarc, policy: Policy) -> DnsCheck:
    key = subject.dkim.active
    if key is not None and said.strict_dkim and key.domain != subject.domain:
        return finding(
            "dmarc",
            "warning",
            name,
            f"By adkim=s only a signature of {subject.domain} itself counts; mail is signed for {key.domain}.",
            found=[record],
            mend=f"Set up signing for {subject.domain}, or take adkim=s out of the record.",
        )
    if policy == "none" and not said.reports:
        return finding(
            "dmarc",
            "warning",
            name,
            "The record asks for nothing: mail that fails is delivered, and nobody is told.",
            found=[record],
            mend="Name an address that exists for the daily reports.",
            record=(name, f"{record.rstrip('; ')}; rua=mailto:dmarc-reports@{subject.domain}"),
        )
    part = "" if said.percent == 100 else f", for {said.percent} % of it"
    message = f"Receivers are asked to {_DONE[policy]} when mail fails both SPF and DKIM{part}."
    return finding("dmarc", "ok", name, message, found=[record])


def _strict(name: str, record: str, policy: Policy) -> DnsCheck:
    return finding(
        "dmarc",
        "error",
        name,
        f"Receivers are asked to {_DONE[policy]} when mail fails both SPF and DKIM, and this sender's mail may well.",
        found=[record],
        mend="Mend SPF or DKIM first; one that passes is enough.",
    )


def _simplest(domain: str) -> str:
    return f"v=DMARC1; p=none; rua=mailto:dmarc-reports@{domain}"
