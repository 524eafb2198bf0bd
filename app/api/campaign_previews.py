"""/campaigns: what one would say, tried out before it is scheduled."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import JSONBody

from app.api.access import READING
from app.api.campaigns import CampaignId
from app.api.given import Caller, Now, Pool, Settings
from app.contract.campaign_previews import (
    CampaignPreview,
    CampaignWords,
    MissingVariables,
    PreviewCampaign,
    PreviewCampaignWords,
    SendTest,
    SendTestOfWords,
    SentTest,
)
from app.services import campaign_preview


class CampaignPreviews(Controller):
    path = "/campaigns"
    tags = ["Campaigns"]  # noqa: RUF012  # Litestar's way

    @post(
        "/{campaign_id:uuid}/preview",
        operation_id="previewCampaign",
        summary="Preview a campaign's message",
        status_code=200,
        opt=READING,
    )
    async def preview_campaign(
        self,
        caller: Caller,
        pool: Pool,
        settings: Settings,
        now: Now,
        campaign_id: CampaignId,
        data: JSONBody[PreviewCampaign],
    ) -> CampaignPreview:
        """For one recipient, by place in the list or by address, as it travels: `source` is byte for byte what is sent
        but for `Date`, `Message-ID` and the link to unsubscribe, which leads nowhere."""
        return await campaign_preview.preview(
            pool, settings, workspace_id=caller.workspace_id, id=campaign_id, wanted=data, now=now
        )

    @post(
        "/preview",
        operation_id="previewCampaignWords",
        summary="Preview a message that is not saved",
        status_code=200,
        opt=READING,
    )
    async def preview_campaign_words(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, data: JSONBody[PreviewCampaignWords]
    ) -> CampaignPreview:
        """The same for a list and a message of which there is no draft yet. Nothing is kept."""
        return await campaign_preview.preview_words(
            pool, settings, workspace_id=caller.workspace_id, wanted=data, now=now
        )

    @post("/{campaign_id:uuid}/test", operation_id="testCampaign", summary="Send a test", status_code=200)
    async def test_campaign(
        self,
        caller: Caller,
        pool: Pool,
        settings: Settings,
        now: Now,
        campaign_id: CampaignId,
        data: JSONBody[SendTest],
    ) -> SentTest:
        """One recipient's message to one to five other addresses, at once, by the campaign's first sender and within
        its limits. The subject begins with `[Test]`, the link to unsubscribe leads nowhere, and the campaign does not
        count it."""
        return await campaign_preview.send_test(
            pool, settings, workspace_id=caller.workspace_id, id=campaign_id, wanted=data, now=now
        )

    @post("/test", operation_id="testCampaignWords", summary="Send a test of what is not saved", status_code=200)
    async def test_campaign_words(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, data: JSONBody[SendTestOfWords]
    ) -> SentTest:
        """The same for a list and a message of which there is no draft yet."""
        return await campaign_preview.send_test_of_words(
            pool, settings, workspace_id=caller.workspace_id, wanted=data, now=now
        )

    @get("/{campaign_id:uuid}/missing", operation_id="listMissingVariables", summary="Recipients that lack a variable")
    async def list_missing_variables(self, caller: Caller, pool: Pool, campaign_id: CampaignId) -> MissingVariables:
        """Who has nothing, or only space, for a variable that the message uses. One with `default(...)`, or that an
        `if` looks at, does not count."""
        return await campaign_preview.missing(pool, workspace_id=caller.workspace_id, id=campaign_id)

    @post(
        "/missing",
        operation_id="findMissingVariables",
        summary="The same of a message that is not saved",
        status_code=200,
        opt=READING,
    )
    async def find_missing_variables(
        self, caller: Caller, pool: Pool, data: JSONBody[CampaignWords]
    ) -> MissingVariables:
        """For a list and a message of which there is no draft yet. Nothing is kept."""
        return await campaign_preview.missing_in_words(pool, workspace_id=caller.workspace_id, wanted=data)
