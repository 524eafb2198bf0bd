"""/api-keys."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import Provide
from litestar.params import JSONBody, PathParameter

from app.api.given import Caller, Page, Pool
from app.api.lists import provide_page
from app.contract.accounts import ApiKey, NewApiKey, NewApiKeyShown
from app.contract.lists import List
from app.services import api_keys


class ApiKeys(Controller):
    path = "/api-keys"
    tags = ["API keys"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listApiKeys", summary="List API keys", dependencies={"page": Provide(provide_page)})
    async def list_api_keys(self, caller: Caller, pool: Pool, page: Page) -> List[ApiKey]:
        """The keys that still work, newest first. A key itself is never shown again."""
        return await api_keys.list_keys(pool, workspace_id=caller.workspace_id, page=page)

    @post(operation_id="createApiKey", summary="Create an API key")
    async def create_api_key(self, caller: Caller, pool: Pool, data: JSONBody[NewApiKey]) -> NewApiKeyShown:
        """The answer is the only place where the key is shown."""
        return await api_keys.create(pool, workspace_id=caller.workspace_id, created_by=caller.user_id, wanted=data)

    @delete("/{key_id:uuid}", operation_id="revokeApiKey", summary="Revoke an API key")
    async def revoke_api_key(
        self, caller: Caller, pool: Pool, key_id: Annotated[UUID, PathParameter(description="Its id.")]
    ) -> None:
        """Requests with it are refused from now on."""
        await api_keys.revoke(pool, workspace_id=caller.workspace_id, id=key_id)
