"""Forecasts: when a campaign will leave, before anything is scheduled and while it runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output
from app.contract.campaigns import CampaignRecipient, Delay, Jitter, Name, SenderIds, StartAt, Zone
from app.contract.emails import Body, Late, Text
from app.contract.senders import Limit
from app.contract.windows import CampaignWindow
from app.domain.forecast_lanes import Bound
from app.domain.lateness import LatePolicy

Count = Annotated[int, Meta(ge=0, le=10_000_000, description="How many recipients, where nobody needs to know who.")]


class NewEstimate(Input):
    """A campaign as `POST /campaigns` takes it, or less: all that is needed is how many it goes to, as `count`,
    `recipients` or an `import_id`. Or the `campaign_id` of one that there is, and nothing else."""

    campaign_id: UUID | None = None
    count: Count | None = None
    recipients: Annotated[list[str | CampaignRecipient], Meta(max_length=10_000)] | None = None
    import_id: UUID | None = None
    sender_ids: SenderIds | None = None  # else the default sender
    start_at: StartAt | None = None  # absent or null: now
    timezone: Zone | None = None  # else the workspace's
    delay_seconds: Delay = 0
    jitter_percent: Jitter | None = None
    hourly_limit: Limit | None = None
    window: CampaignWindow | None = None
    # So that the body of a campaign can be sent as it is; these change no time.
    name: Name | None = None
    subject: str | None = None
    html: Body | None = None
    text: Text | None = None
    late_policy: Late = LatePolicy.SEND


class EstimateBucket(Output):
    start: datetime
    count: int  # how many leave from `start` until the next bucket


class BindingLimit(Output):
    """What keeps the campaign from ending sooner."""

    limit: Bound
    value: int | None  # of a limit or gap: messages, or milliseconds; null where senders differ
    share: float  # from 0 to 1: of all the time that its messages spend waiting
    message: str  # in plain words


class Estimate(Output):
    object: Literal["estimate"]
    count: int  # how many have still to leave
    first_send_at: datetime | None  # null: nothing leaves
    last_send_at: datetime | None
    timezone: str  # the campaign's
    bucket_seconds: float  # how long a bucket is: an hour, in a long campaign a day, in one of years several
    buckets: list[EstimateBucket]  # those in which something leaves
    binding_limits: list[BindingLimit]  # what binds most first; empty: its time alone decides
    assumptions: list[str]
