"""/campaigns."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch, post
from litestar.di import Provide
from litestar.params import HeaderParameter, JSONBody, PathParameter, QueryParameter
from litestar.response import Stream

from app.api.emails import IdempotencyKey, is_permissive
from app.api.given import Caller, Now, Page, Pool, Settings
from app.api.lists import provide_page
from app.contract.campaigns import (
    Campaign,
    CampaignChange,
    CampaignItem,
    CampaignState,
    CreatedCampaign,
    NewCampaign,
    RetriedCampaign,
)
from app.contract.emails import Email
from app.contract.estimates import Estimate, NewEstimate
from app.contract.lists import List
from app.services import campaign_cancel, campaign_runs, campaigns, email_exports, estimates

CampaignId = Annotated[UUID, PathParameter(description="Its id.")]


class Campaigns(Controller):
    path = "/campaigns"
    tags = ["Campaigns"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listCampaigns", summary="List campaigns", dependencies={"page": Provide(provide_page)})
    async def list_campaigns(
        self,
        caller: Caller,
        pool: Pool,
        now: Now,
        page: Page,
        in_state: Annotated[
            CampaignState | None, QueryParameter(name="state", description="Only those in this state.")
        ] = None,
        q: Annotated[str | None, QueryParameter(max_length=200, description="A part of the name.")] = None,
    ) -> List[CampaignItem]:
        """Newest first."""
        return await campaigns.list_campaigns(
            pool, workspace_id=caller.workspace_id, state=in_state, q=q, page=page, now=now
        )

    @post(operation_id="createCampaign", summary="Draft a campaign")
    async def create_campaign(
        self,
        caller: Caller,
        pool: Pool,
        now: Now,
        data: JSONBody[NewCampaign],
        idempotency_key: IdempotencyKey = None,
        validation: Annotated[
            str, HeaderParameter(name="x-batch-validation", description="`permissive` leaves out bad recipients.")
        ] = "strict",
    ) -> CreatedCampaign:
        """Nothing leaves before it is scheduled. One bad recipient refuses the whole, and every bad one is named."""
        return await campaigns.create(
            pool,
            workspace_id=caller.workspace_id,
            created_by=caller.user_id,
            wanted=data,
            permissive=is_permissive(validation),
            key=idempotency_key,
            now=now,
        )

    @post("/estimate", operation_id="estimateCampaign", summary="Forecast a campaign", status_code=200)
    async def estimate_campaign(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, data: JSONBody[NewEstimate]
    ) -> Estimate:
        """When it would leave: first and last message, how many an hour, what binds. Nothing is kept or sent.

        It follows the rules that the sending itself follows and sees what waits on the same mailboxes and how much of
        their limits is used. Of a campaign that runs it tells when what is left of it will have left.
        """
        return await estimates.estimate(pool, settings, workspace_id=caller.workspace_id, wanted=data, now=now)

    @get("/{campaign_id:uuid}", operation_id="getCampaign", summary="Get a campaign")
    async def get_campaign(self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId) -> Campaign:
        """With its messages counted by status."""
        return await campaigns.get(pool, workspace_id=caller.workspace_id, id=campaign_id, now=now)

    @patch("/{campaign_id:uuid}", operation_id="changeCampaign", summary="Change a campaign")
    async def change_campaign(
        self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId, data: JSONBody[CampaignChange]
    ) -> Campaign:
        """All of a draft; once scheduled its name, its hourly limit and its window."""
        return await campaigns.change(pool, workspace_id=caller.workspace_id, id=campaign_id, wanted=data, now=now)

    @get(
        "/{campaign_id:uuid}/recipients",
        operation_id="listCampaignRecipients",
        summary="The messages of a campaign",
        dependencies={"page": Provide(provide_page)},
    )
    async def list_campaign_recipients(
        self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId, page: Page
    ) -> List[Email]:
        """One for each recipient, the last one first. A draft has none yet."""
        return await campaigns.list_recipients(
            pool, workspace_id=caller.workspace_id, id=campaign_id, page=page, now=now
        )

    @post("/{campaign_id:uuid}/schedule", operation_id="scheduleCampaign", summary="Schedule a draft", status_code=200)
    async def schedule_campaign(
        self,
        caller: Caller,
        pool: Pool,
        now: Now,
        campaign_id: CampaignId,
        idempotency_key: IdempotencyKey = None,
    ) -> Campaign:
        """Message i is due at start + i x delay; a start that is past by now is now."""
        return await campaign_runs.schedule(
            pool, workspace_id=caller.workspace_id, id=campaign_id, key=idempotency_key, now=now
        )

    @post("/{campaign_id:uuid}/pause", operation_id="pauseCampaign", summary="Pause a campaign", status_code=200)
    async def pause_campaign(self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId) -> Campaign:
        """Once this answers nothing more of it leaves."""
        return await campaign_runs.pause(pool, workspace_id=caller.workspace_id, id=campaign_id, now=now)

    @post("/{campaign_id:uuid}/resume", operation_id="resumeCampaign", summary="Resume a campaign", status_code=200)
    async def resume_campaign(self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId) -> Campaign:
        """What is overdue goes at once, as fast as the limits allow."""
        return await campaign_runs.resume(pool, workspace_id=caller.workspace_id, id=campaign_id, now=now)

    @post("/{campaign_id:uuid}/cancel", operation_id="cancelCampaign", summary="Cancel a campaign", status_code=200)
    async def cancel_campaign(self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId) -> Campaign:
        """Once this answers nothing more of it leaves; what was being sent at that moment still counts as sent.

        The messages of a large campaign are marked as cancelled within the next minutes: its counts tell how far.
        """
        return await campaign_cancel.cancel(
            pool, workspace_id=caller.workspace_id, id=campaign_id, by=caller.actor, now=now
        )

    @post(
        "/{campaign_id:uuid}/retry-failed",
        operation_id="retryFailed",
        summary="Try again what failed",
        status_code=200,
    )
    async def retry_failed(self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId) -> RetriedCampaign:
        """All of its messages that failed for sure wait again, due now, in their order. Addresses that a server said do
        not exist are suppressed meanwhile and end as that."""
        return await campaign_runs.retry_failed(
            pool, workspace_id=caller.workspace_id, id=campaign_id, by=caller.actor, now=now
        )

    @post("/{campaign_id:uuid}/duplicate", operation_id="duplicateCampaign", summary="Duplicate a campaign")
    async def duplicate_campaign(self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId) -> Campaign:
        """A new draft with the same list, message, senders and pace, whatever became of the first; it starts when it is
        scheduled."""
        return await campaigns.duplicate(
            pool, workspace_id=caller.workspace_id, id=campaign_id, created_by=caller.user_id, now=now
        )

    @get(
        "/{campaign_id:uuid}/export.csv",
        operation_id="exportCampaign",
        summary="Export the messages of a campaign",
        media_type="text/csv",
    )
    async def export_campaign(self, caller: Caller, pool: Pool, now: Now, campaign_id: CampaignId) -> Stream:
        """CSV in the order of the list: what became of each message. A draft has none yet. An apostrophe stands before
        a cell that a spreadsheet would run."""
        parts = await email_exports.campaign(pool, workspace_id=caller.workspace_id, id=campaign_id, now=now)
        return Stream(
            parts,
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="campaign-{campaign_id}.csv"'},
        )
