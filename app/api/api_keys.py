"""/api-keys."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import Provide
from litestar.params import JSONBody, PathParameter

from app.api.access import MANAGING
from app.api.given import Caller, Now, Page, Pool
from app.api.lists import provide_page
from app.contract.accounts import ApiKey, NewApiKey, NewApiKeyShown
from app.contract.lists import List
from app.services import api_keys


class ApiKeys(Controller):
    path = "/api-keys"
    tags = ["API keys"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listApiKeys", summary="List API keys", dependencies={"page": Provide(provide_page)})
    async def list_api_keys(self, caller: Caller, pool: Pool, page: Page) -> List[ApiKey]:
        """The keys that were not revoked, newest first. A key itself is never shown again."""
        return await api_keys.list_keys(pool, workspace_id=caller.workspace_id, page=page)

    @post(operation_id="createApiKey", summary="Create an API key", opt=MANAGING)
    async def create_api_key(self, caller: Caller, pool: Pool, now: Now, data: JSONBody[NewApiKey]) -> NewApiKeyShown:
        """Owners only. The answer is the only place where the key is shown. It never may do more than who made it."""
        return await api_keys.create(
            pool, workspace_id=caller.workspace_id, created_by=caller.user_id, wanted=data, now=now
        )

    @delete("/{key_id:uuid}", operation_id="revokeApiKey", summary="Revoke an API key", opt=MANAGING)
    async def revoke_api_key(
        self, caller: Caller, pool: Pool, key_id: Annotated[UUID, PathParameter(description="Its id.")]
    ) -> None:
        """Owners only. Requests with it are refused from now on."""
        await api_keys.revoke(pool, workspace_id=caller.workspace_id, id=key_id)
