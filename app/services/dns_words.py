"""What the checks of a sender's DNS have in common: whom they are about, and how a finding is put."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from app.contract.sender_dns import DnsCheck, DnsRecord, SenderDkim
from app.domain.mail_services import MailService

SHOWN: Final = 5  # records
SHOWN_CHARACTERS: Final = 1000  # of each

State = Literal["ok", "warning", "missing", "error"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A sender, as far as the DNS speaks of it."""

    domain: str
    host: str
    service: MailService | None  # whose server that is
    dkim: SenderDkim


def finding(
    check: Literal["spf", "dkim", "dmarc"],
    state: State,
    name: str,
    message: str,
    *,
    found: Sequence[str] = (),
    mend: str | None = None,
    record: tuple[str, str] | None = None,
) -> DnsCheck:
    """`record`: name and value of the TXT record that mends it."""
    return DnsCheck(
        check=check,
        state=state,
        name=name,
        found=[text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…" for text in found[:SHOWN]],
        message=message,
        mend=mend,
        record=None if record is None else DnsRecord(type="TXT", name=record[0], value=record[1]),
    )
