"""What a campaign would say to one recipient, and to whom it has nothing to say: looked at before it is scheduled."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output
from app.contract.campaigns import SenderIds
from app.contract.emails import BatchId, Body, Text
from app.contract.recipients import ListedRecipient

Index = Annotated[int, Meta(ge=0, le=2_147_483_647, description="A place in the list, from 0.")]
TestAddresses = Annotated[list[str], Meta(min_length=1, max_length=5, description="Who gets the test: 1 to 5.")]


class PreviewCampaign(Input):
    """Which recipient: by `index` or by `email`; neither means the first."""

    index: Index | None = None
    email: Annotated[str, Meta(max_length=1000)] | None = None  # the address of one who is on the list


class CampaignWords(Input, kw_only=True):
    """What a campaign is to say, before there is a draft of it."""

    sender_ids: SenderIds
    import_id: UUID
    subject: str
    html: Body | None = None
    text: Text | None = None


class PreviewCampaignWords(CampaignWords, kw_only=True):
    index: Index | None = None
    email: Annotated[str, Meta(max_length=1000)] | None = None  # the address of one who is on the list


class CampaignPreview(Output):
    """Byte for byte what this recipient gets, but for `Date`, `Message-ID` and the link to unsubscribe."""

    object: Literal["campaign_preview"]
    index: int
    count: int  # how many recipients the list has
    recipient: ListedRecipient
    sender_id: UUID
    subject: str
    html: str | None  # with its styles in its elements
    text: str | None  # given, or made of the html
    source: str  # RFC 5322, as it travels
    missing: list[str]  # variables that the message uses and this recipient has nothing for


class SendTest(Input):
    to: TestAddresses
    index: Index | None = None  # whose message; absent or null: that of the first recipient


class SendTestOfWords(CampaignWords, kw_only=True):
    to: TestAddresses
    index: Index | None = None  # whose message; absent or null: that of the first recipient


class SentTest(Output):
    object: Literal["campaign_test"]
    data: list[BatchId]  # messages, in the order of `to`


class LackingRecipient(Output):
    row: int  # in a file as a spreadsheet counts, from 1; in a list that came with the request its index
    email: str
    variables: list[str]  # what there is nothing for


class MissingVariables(Output):
    object: Literal["campaign_missing"]
    variables: list[str]  # those that the message uses without other words for where they are empty
    count: int  # how many recipients lack one of them
    data: list[LackingRecipient]  # the first 100
