"""/senders/{id}/dkim and /senders/{id}/dns-check."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.params import JSONBody, QueryParameter

from app.api.access import READING
from app.api.given import Caller, Now, Pool, Settings
from app.api.senders import SenderId
from app.contract.sender_dns import DnsReport, NewDkim, SenderDkim
from app.services import sender_dkim, sender_dns


class SenderDns(Controller):
    path = "/senders/{sender_id:uuid}"
    tags = ["Senders"]  # noqa: RUF012  # Litestar's way

    @get("/dkim", operation_id="getSenderDkim", summary="How its mail is signed")
    async def get_sender_dkim(self, caller: Caller, pool: Pool, sender_id: SenderId) -> SenderDkim:
        """With the record to publish. The private key is never shown."""
        return await sender_dkim.get(pool, workspace_id=caller.workspace_id, id=sender_id)

    @post("/dkim", operation_id="setUpSenderDkim", summary="Make a key to sign with, or give one")
    async def set_up_sender_dkim(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, sender_id: SenderId, data: JSONBody[NewDkim]
    ) -> SenderDkim:
        """Answers with the record to publish. The key signs once `check` has seen it; one that signs now goes on until
        then. If another sender signs for the domain, `{}` takes its key, which signs at once."""
        return await sender_dkim.set_up(
            pool, settings, workspace_id=caller.workspace_id, id=sender_id, wanted=data, now=now
        )

    @post("/dkim/check", operation_id="checkSenderDkim", summary="Look for the record, then sign", status_code=200)
    async def check_sender_dkim(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, sender_id: SenderId
    ) -> SenderDkim:
        """Asks the DNS. If the record is there, mail is signed within a second; else `finding` says what was wrong."""
        return await sender_dkim.check(pool, settings, workspace_id=caller.workspace_id, id=sender_id, now=now)

    @delete("/dkim", operation_id="removeSenderDkim", summary="Sign no longer", status_code=200)
    async def remove_sender_dkim(
        self,
        caller: Caller,
        pool: Pool,
        now: Now,
        sender_id: SenderId,
        only_waiting: Annotated[
            bool, QueryParameter(description="What signs now goes on; the key that waits goes.")
        ] = False,
    ) -> SenderDkim:
        """The keys are gone for good. Leave the records for a week: mail on its way is checked with them."""
        return await sender_dkim.remove(
            pool, workspace_id=caller.workspace_id, id=sender_id, now=now, only_waiting=only_waiting
        )

    @post(
        "/dns-check", operation_id="checkSenderDns", summary="Check SPF, DKIM and DMARC", status_code=200, opt=READING
    )
    async def check_sender_dns(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, sender_id: SenderId
    ) -> DnsReport:
        """Asks the DNS what receivers ask, and says how to mend what is missing. Changes nothing."""
        return await sender_dns.check(pool, settings, workspace_id=caller.workspace_id, id=sender_id, now=now)
