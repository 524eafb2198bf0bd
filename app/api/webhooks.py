"""/webhooks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import Provide
from litestar.params import JSONBody, PathParameter, QueryParameter

from app.api.access import MANAGING
from app.api.given import Caller, Now, Page, Pool, Settings
from app.api.lists import provide_page
from app.contract.lists import List
from app.contract.webhooks import (
    DeletedWebhook,
    DeliveryStatus,
    NewWebhook,
    Replayed,
    ReplayFailed,
    TestEvent,
    Webhook,
    WebhookChange,
    WebhookDelivery,
    WebhookDeliveryDetail,
    WebhookWithSecret,
)
from app.domain.webhooks import EventType
from app.services import webhooks

WebhookId = Annotated[UUID, PathParameter(description="Its id.")]
DeliveryId = Annotated[UUID, PathParameter(description="The id of a delivery: its `webhook-id`.")]


class Webhooks(Controller):
    path = "/webhooks"
    tags = ["Webhooks"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listWebhooks", summary="List webhooks", dependencies={"page": Provide(provide_page)})
    async def list_webhooks(self, caller: Caller, pool: Pool, page: Page) -> List[Webhook]:
        """Newest first, with how they are."""
        return await webhooks.list_webhooks(pool, workspace_id=caller.workspace_id, page=page)

    @post(operation_id="createWebhook", opt=MANAGING, summary="Add a webhook")
    async def create_webhook(
        self, caller: Caller, pool: Pool, settings: Settings, data: JSONBody[NewWebhook]
    ) -> WebhookWithSecret:
        """It is told what happens from now on. The answer is the only place where its secret is shown."""
        return await webhooks.create(pool, settings, workspace_id=caller.workspace_id, wanted=data)

    @get("/{webhook_id:uuid}", operation_id="getWebhook", summary="Get a webhook")
    async def get_webhook(self, caller: Caller, pool: Pool, webhook_id: WebhookId) -> Webhook:
        return await webhooks.get(pool, workspace_id=caller.workspace_id, id=webhook_id)

    @patch(
        "/{webhook_id:uuid}", operation_id="changeWebhook", opt=MANAGING, summary="Change, disable or enable a webhook"
    )
    async def change_webhook(
        self, caller: Caller, pool: Pool, settings: Settings, webhook_id: WebhookId, data: JSONBody[WebhookChange]
    ) -> Webhook:
        """While it is disabled nothing new is kept for it; what waited goes on at once when it is enabled again."""
        return await webhooks.change(pool, settings, workspace_id=caller.workspace_id, id=webhook_id, wanted=data)

    @delete(
        "/{webhook_id:uuid}", operation_id="deleteWebhook", opt=MANAGING, summary="Delete a webhook", status_code=200
    )
    async def delete_webhook(self, caller: Caller, pool: Pool, webhook_id: WebhookId) -> DeletedWebhook:
        await webhooks.delete(pool, workspace_id=caller.workspace_id, id=webhook_id)
        return DeletedWebhook(object="webhook", id=webhook_id, deleted=True)

    @post(
        "/{webhook_id:uuid}/rotate",
        operation_id="rotateWebhookSecret",
        opt=MANAGING,
        summary="Get a new secret",
        status_code=200,
    )
    async def rotate_secret(
        self, caller: Caller, pool: Pool, settings: Settings, webhook_id: WebhookId
    ) -> WebhookWithSecret:
        """For 24 hours requests carry two signatures, by the new secret and by the one before it."""
        return await webhooks.rotate(pool, settings, workspace_id=caller.workspace_id, id=webhook_id)

    @post(
        "/{webhook_id:uuid}/test",
        operation_id="testWebhook",
        opt=MANAGING,
        summary="Send a test event",
        status_code=202,
    )
    async def test_webhook(
        self, caller: Caller, pool: Pool, now: Now, webhook_id: WebhookId, data: JSONBody[TestEvent | None] = None
    ) -> WebhookDelivery:
        """A made-up event that goes the way of all others. Look at the delivery to see how it went."""
        wanted = data or TestEvent()
        return await webhooks.test(pool, workspace_id=caller.workspace_id, id=webhook_id, wanted=wanted, now=now)

    @post(
        "/{webhook_id:uuid}/replay",
        operation_id="replayFailedDeliveries",
        opt=MANAGING,
        summary="Replay all that failed",
        status_code=202,
    )
    async def replay_failed(
        self, caller: Caller, pool: Pool, webhook_id: WebhookId, data: JSONBody[ReplayFailed | None] = None
    ) -> Replayed:
        """Every delivery that was given up, of events since a moment, is tried again under its own id."""
        wanted = data or ReplayFailed()
        return await webhooks.replay_failed(pool, workspace_id=caller.workspace_id, id=webhook_id, wanted=wanted)

    @get(
        "/{webhook_id:uuid}/deliveries",
        operation_id="listWebhookDeliveries",
        summary="List what a webhook was told",
        dependencies={"page": Provide(provide_page)},
    )
    async def list_deliveries(
        self,
        caller: Caller,
        pool: Pool,
        webhook_id: WebhookId,
        page: Page,
        status: Annotated[DeliveryStatus | None, QueryParameter(description="Only these.")] = None,
        type: Annotated[EventType | None, QueryParameter(description="Only events of this type.")] = None,
    ) -> List[WebhookDelivery]:
        """Newest first, of the last 30 days."""
        return await webhooks.list_deliveries(
            pool, workspace_id=caller.workspace_id, id=webhook_id, status=status, type=type, page=page
        )

    @get(
        "/{webhook_id:uuid}/deliveries/{delivery_id:uuid}", operation_id="getWebhookDelivery", summary="Get a delivery"
    )
    async def get_delivery(
        self, caller: Caller, pool: Pool, webhook_id: WebhookId, delivery_id: DeliveryId
    ) -> WebhookDeliveryDetail:
        """With each request and its answer."""
        return await webhooks.get_delivery(
            pool, workspace_id=caller.workspace_id, id=webhook_id, delivery_id=delivery_id
        )

    @post(
        "/{webhook_id:uuid}/deliveries/{delivery_id:uuid}/replay",
        operation_id="replayWebhookDelivery",
        opt=MANAGING,
        summary="Replay a delivery",
        status_code=202,
    )
    async def replay_delivery(
        self, caller: Caller, pool: Pool, webhook_id: WebhookId, delivery_id: DeliveryId
    ) -> WebhookDelivery:
        """Tries it again, whatever became of it, under the same id."""
        return await webhooks.replay(pool, workspace_id=caller.workspace_id, id=webhook_id, delivery_id=delivery_id)
