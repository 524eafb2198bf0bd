"""DKIM (RFC 6376): whether the key that signs this sender's mail can be found, ours or its mail service's."""

from __future__ import annotations

from app.contract.sender_dns import DkimKey, DnsCheck
from app.domain.dkim import record_name, why_no_match
from app.domain.mail_services import MailService
from app.domain.tags import read_tags
from app.outbound.dns import Resolver
from app.services.dns_words import Subject, finding


async def check_dkim(resolver: Resolver, subject: Subject) -> DnsCheck:
    """Raises DnsTrouble."""
    key = subject.dkim.active or subject.dkim.waiting
    if key is not None:
        return await _ours(resolver, key, signs=subject.dkim.active is not None)
    if subject.service is not None:
        return await _theirs(resolver, subject, subject.service)
    return finding(
        "dkim",
        "missing",
        f"_domainkey.{subject.domain}",
        "Paceline does not sign this sender's mail. Whether its server does cannot be seen from here.",
        mend="Set up signing here, unless the server signs: a message that arrived then has a DKIM-Signature.",
    )


async def _ours(resolver: Resolver, key: DkimKey, *, signs: bool) -> DnsCheck:
    records = await resolver.txt(key.record.name)
    why = why_no_match(records, key.record.value.rpartition("p=")[2])
    record = (key.record.name, key.record.value)
    if signs and why is None:
        message = f"Mail is signed for {key.domain}, and receivers find the key."
        return finding("dkim", "ok", key.record.name, message, found=records)
    if signs:
        return finding(
            "dkim",
            "error",
            key.record.name,
            f"Mail is signed, but receivers cannot check it. {why}",
            found=records,
            mend="Publish this record again, or remove signing.",
            record=record,
        )
    if why is None:
        return finding(
            "dkim",
            "warning",
            key.record.name,
            "The record is there. Nothing is signed yet.",
            found=records,
            mend="Have the record of the key checked: from then on mail is signed.",
        )
    return finding(
        "dkim",
        "error" if records else "missing",
        key.record.name,
        f"Signing waits for its record. {why}",
        found=records,
        mend="Publish the record of the key, then check it there: from then on mail is signed.",
        record=record,
    )


async def _theirs(resolver: Resolver, subject: Subject, service: MailService) -> DnsCheck:
    """Services sign with keys of their own, under selectors that most of them always use."""
    for selector in service.selectors:
        name = record_name(selector, subject.domain)
        records = await resolver.txt(name)
        if any(_is_key(text) for text in records):
            message = f"{service.name} has a key for {subject.domain} and signs its mail."
            return finding("dkim", "ok", name, message, found=records)
    where = record_name(service.selectors[0] if service.selectors else "*", subject.domain)
    mend = f"Turn signing on at {service.name} ({service.signing}), or set it up here."
    if service.selectors:
        return finding("dkim", "missing", where, f"{service.name} has no key for {subject.domain}.", mend=mend)
    message = (
        f"Whether {service.name} signs this sender's mail cannot be seen from here: its keys have names of their own."
    )
    return finding("dkim", "warning", where, message, mend=mend)


def _is_key(text: str) -> bool:
    try:
        return bool(read_tags(text).get("p"))
    except ValueError:
        return False
