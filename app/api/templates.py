"""/templates."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, patch, post
from litestar.di import Provide
from litestar.params import JSONBody, PathParameter

from app.api.access import READING
from app.api.given import Caller, Page, Pool
from app.api.lists import provide_page
from app.contract.lists import List
from app.contract.templates import (
    DeletedTemplate,
    NewTemplate,
    PreviewTemplate,
    PreviewWords,
    Template,
    TemplateChange,
    TemplateItem,
    TemplatePreview,
    TemplateVersion,
    TemplateVersionItem,
)
from app.services import templates

Named = Annotated[str, PathParameter(description="The template's id or alias.")]


class Templates(Controller):
    path = "/templates"
    tags = ["Templates"]  # noqa: RUF012  # Litestar's way

    @post(operation_id="createTemplate", summary="Create a template")
    async def create_template(self, caller: Caller, pool: Pool, data: JSONBody[NewTemplate]) -> Template:
        """What cannot be read is refused with its field and line."""
        return await templates.create(pool, workspace_id=caller.workspace_id, created_by=caller.user_id, wanted=data)

    @get(operation_id="listTemplates", summary="List templates", dependencies={"page": Provide(provide_page)})
    async def list_templates(self, caller: Caller, pool: Pool, page: Page) -> List[TemplateItem]:
        """Newest first, without their words."""
        return await templates.list_templates(pool, workspace_id=caller.workspace_id, page=page)

    @get("/{template:str}", operation_id="getTemplate", summary="Get a template")
    async def get_template(self, caller: Caller, pool: Pool, template: Named) -> Template:
        """With the words and variables of its newest version."""
        return await templates.get(pool, workspace_id=caller.workspace_id, template=template)

    @patch("/{template:str}", operation_id="updateTemplate", summary="Change a template")
    async def update_template(
        self, caller: Caller, pool: Pool, template: Named, data: JSONBody[TemplateChange]
    ) -> Template:
        """Other words are the next version, which messages use from now on; those that were taken stay as they are."""
        return await templates.change(
            pool, workspace_id=caller.workspace_id, template=template, wanted=data, changed_by=caller.user_id
        )

    @delete("/{template:str}", operation_id="deleteTemplate", summary="Delete a template", status_code=200)
    async def delete_template(self, caller: Caller, pool: Pool, template: Named) -> DeletedTemplate:
        """Messages that were taken stay as they are."""
        return await templates.remove(pool, workspace_id=caller.workspace_id, template=template)

    @post("/{template:str}/duplicate", operation_id="duplicateTemplate", summary="Copy a template")
    async def duplicate_template(self, caller: Caller, pool: Pool, template: Named) -> Template:
        """Its newest version becomes the first of another."""
        return await templates.duplicate(
            pool, workspace_id=caller.workspace_id, template=template, created_by=caller.user_id
        )

    @post(
        "/{template:str}/publish",
        operation_id="publishTemplate",
        summary="Publish a template",
        status_code=200,
        opt=READING,
    )
    async def publish_template(self, caller: Caller, pool: Pool, template: Named) -> Template:
        """For programs written for Resend: here every version may be sent as soon as it is saved."""
        return await templates.get(pool, workspace_id=caller.workspace_id, template=template)

    @get(
        "/{template:str}/versions",
        operation_id="listTemplateVersions",
        summary="List a template's versions",
        dependencies={"page": Provide(provide_page)},
    )
    async def list_template_versions(
        self, caller: Caller, pool: Pool, template: Named, page: Page
    ) -> List[TemplateVersionItem]:
        """Newest first, without their words."""
        return await templates.list_versions(pool, workspace_id=caller.workspace_id, template=template, page=page)

    @get("/{template:str}/versions/{version:int}", operation_id="getTemplateVersion", summary="Get a version")
    async def get_template_version(
        self,
        caller: Caller,
        pool: Pool,
        template: Named,
        version: Annotated[int, PathParameter(description="Counted from 1.", ge=1, le=2_147_483_647)],
    ) -> TemplateVersion:
        """To have it back, save its words again."""
        return await templates.get_version(pool, workspace_id=caller.workspace_id, template=template, version=version)

    @post(
        "/{template:str}/preview",
        operation_id="previewTemplate",
        summary="Try out a template",
        status_code=200,
        opt=READING,
    )
    async def preview_template(
        self, caller: Caller, pool: Pool, template: Named, data: JSONBody[PreviewTemplate]
    ) -> TemplatePreview:
        """What a message with these variables would say."""
        return await templates.try_out(pool, workspace_id=caller.workspace_id, template=template, wanted=data)

    @post("/preview", operation_id="previewWords", summary="Try out words", status_code=200, opt=READING)
    async def preview_words(self, data: JSONBody[PreviewWords]) -> TemplatePreview:
        """The same of words that are not saved."""
        return await templates.try_words(data)
