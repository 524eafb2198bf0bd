"""What the DNS is to say about a sender: who may send for its domain, which key signs, what becomes of the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output

DkimState = Literal["off", "waiting", "active"]
DnsName = Annotated[str, Meta(min_length=1, max_length=253)]


class NewDkim(Input):
    """All absent: a key is made here, under a selector of its own. What signs now goes on until the new one is seen."""

    domain: DnsName | None = None  # the sender's own, or one above it; absent: its own
    selector: Annotated[str, Meta(min_length=1, max_length=63)] | None = None  # the record's place in the domain
    private_key: Annotated[str, Meta(max_length=5000)] | None = None  # PEM, RSA of 2048 to 4096 bits; never shown


class DnsRecord(Output):
    """What to publish at the domain's DNS provider."""

    type: Literal["TXT"]
    name: str
    value: str


class DkimKey(Output):
    domain: str
    selector: str
    record: DnsRecord
    created_at: datetime
    active_at: datetime | None  # since when it signs
    checked_at: datetime | None  # when the DNS was last asked for the record
    finding: str | None  # what was wrong with the record then; null: nothing


class SenderDkim(Output):
    object: Literal["sender_dkim"]
    sender_id: UUID
    state: DkimState  # waiting: for the record, nothing is signed; active: all mail is signed
    active: DkimKey | None  # what signs
    waiting: DkimKey | None  # what will, once its record is seen


class DnsCheck(Output):
    check: Literal["spf", "dkim", "dmarc"]
    state: Literal["ok", "warning", "missing", "error"]
    name: str  # where in the DNS was looked
    found: list[str]  # the records that are there
    message: str
    mend: str | None  # what to do
    record: DnsRecord | None  # what to publish for it


class DnsReport(Output):
    object: Literal["sender_dns_check"]
    sender_id: UUID
    domain: str
    ok: bool  # all three are
    checked_at: datetime
    checks: list[DnsCheck]
