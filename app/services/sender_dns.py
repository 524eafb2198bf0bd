"""The DNS check of a sender: SPF, DKIM and DMARC, each with what was found and the mend. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from app.contract.sender_dns import DnsCheck, DnsReport
from app.db.pool import Pool
from app.domain.hosts import domain_of
from app.domain.mail_services import service_of
from app.outbound.dns import DnsTrouble, Resolver
from app.services import sender_dkim, senders
from app.services.dns_dkim import check_dkim
from app.services.dns_dmarc import check_dmarc
from app.services.dns_spf import check_spf
from app.services.dns_words import Subject, finding
from app.settings import Settings

SECONDS: Final = 12.0  # for all questions of one check


async def check(pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID, now: datetime) -> DnsReport:
    """Takes as long as the name servers, at most SECONDS. Raises NotFound."""
    async with pool.connection() as conn:
        sender = await senders.read(conn, workspace_id, id)
        dkim = await sender_dkim.read(conn, workspace_id, id)
    domain = domain_of(sender.from_email)
    subject = Subject(domain=domain, host=sender.host, service=service_of(sender.host), dkim=dkim)
    resolver = Resolver(settings.dns_server)
    spf, signed = await asyncio.gather(
        _in_time("spf", domain, check_spf(resolver, subject)), _in_time("dkim", domain, check_dkim(resolver, subject))
    )
    # SPF speaks of the domain in MAIL FROM: only where that is the sender's own does it count for DMARC.
    is_aligned = subject.service is None or not subject.service.own_return_path
    passes = signed.state == "ok" or (spf.state == "ok" and is_aligned)
    dmarc = await _in_time("dmarc", f"_dmarc.{domain}", check_dmarc(resolver, subject, passes=passes))
    checks = [spf, signed, dmarc]
    return DnsReport(
        object="sender_dns_check",
        sender_id=id,
        domain=domain,
        ok=all(each.state == "ok" for each in checks),
        checked_at=now,
        checks=checks,
    )


async def _in_time(check: Literal["spf", "dkim", "dmarc"], name: str, work: Awaitable[DnsCheck]) -> DnsCheck:
    """Its finding, or that the DNS did not answer."""
    try:
        async with asyncio.timeout(SECONDS):
            return await work
    except TimeoutError:
        message = "The name servers took too long to answer: nothing can be said."
    except DnsTrouble as error:
        message = error.message
    return finding(check, "error", name, message, mend="Check again in a few minutes.")
