"""Addresses that get no mail from a workspace, and why. Fields and routes of Resend's stand beside ours."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output
from app.contract.recipients import InvalidRow

SuppressionReason = Literal["hard_bounce", "complaint", "unsubscribed", "manual"]
Origin = Literal["bounce", "complaint", "manual"]

Address = Annotated[str, Meta(min_length=1, max_length=1000)]
Ids = Annotated[list[UUID], Meta(min_length=1, max_length=1000)]
Addresses = Annotated[list[Address], Meta(min_length=1, max_length=1000)]


class NewSuppression(Input):
    email: Annotated[str, Meta(min_length=1, max_length=1000, description="Any case; the name beside it is ignored.")]
    reason: SuppressionReason = "manual"
    detail: Annotated[str, Meta(max_length=1000, description="For people: where it comes from.")] | None = None


class NewSuppressions(Input):
    emails: Addresses
    reason: SuppressionReason = "manual"


class SuppressionsToRemove(Input):
    """Either of the two."""

    emails: Addresses | None = None
    ids: Ids | None = None


class Suppression(Output):
    object: Literal["suppression"]
    id: UUID
    email: str
    reason: SuppressionReason
    origin: Origin  # the reason in Resend's words
    detail: str | None  # such as the reply of the server that bounced
    source_id: UUID | None  # the message that it came of
    created_at: datetime


class SuppressionId(Output):
    object: Literal["suppression"]
    id: UUID


class RemovedSuppression(SuppressionId):
    deleted: bool


class AddedSuppressions(Output):
    data: list[SuppressionId]  # one for each address, in the order in which they are first named


class RemovedSuppressions(Output):
    data: list[RemovedSuppression]  # those that were there


class ImportedSuppressions(Output):
    """Once it is done `detected` is the sum of added, `already_suppressed`, duplicates and `invalid_count`."""

    object: Literal["suppression_import"]
    import_id: UUID  # GET /imports/{import_id} says how far it is, /imports/{import_id}/report.csv what was left out
    state: Literal["waiting", "reading", "done", "failed", "cancelled"]
    detected: int
    added: int
    already_suppressed: int
    duplicates: int
    invalid: list[InvalidRow]  # the first 1,000
    invalid_count: int
