"""Which refusals an operation may answer with, for the OpenAPI document. Most follow from what the operation takes;
what only its service knows is named here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from app.api.access import InvalidCsrfToken, ViewerOnly
from app.api.problems import NAMES, STATUS
from app.errors import (
    AlreadySending,
    ConcurrentIdempotentRequests,
    InvalidApiKey,
    InvalidIdempotentRequest,
    MissingApiKey,
    NotFound,
    PacelineError,
    RateLimited,
    RestrictedApiKey,
    TooLarge,
    Unavailable,
)
from app.services.campaign_runs import NotADraft, NotRunning
from app.services.campaigns import AlreadyScheduled
from app.services.email_controls import NotResolvable, NotRetryable, PartOfCampaign
from app.services.invitations import AlreadyMember
from app.services.mailboxes import MailboxTaken
from app.services.members import LastOwner
from app.services.memberships import TooManyWorkspaces
from app.services.sender_dkim import NothingToCheck
from app.services.senders import SenderInUse
from app.services.webhooks import TooManyWebhooks, WebhookDisabled

Said = dict[str, Any]

# 409, by operation. A test over every answer of the other tests fails where one is missing.
CONFLICTS: Final[dict[str, tuple[type[PacelineError], ...]]] = {
    "changeCampaign": (AlreadyScheduled,),
    "scheduleCampaign": (NotADraft,),
    "pauseCampaign": (NotRunning,),
    "resumeCampaign": (NotRunning,),
    "cancelCampaign": (NotRunning,),
    "retryFailed": (NotRunning,),
    "updateEmail": (AlreadySending, PartOfCampaign),
    "cancelEmail": (AlreadySending,),
    "retryEmail": (NotRetryable,),
    "resolveEmail": (NotResolvable,),
    "createSender": (MailboxTaken,),
    "changeSender": (MailboxTaken,),
    "deleteSender": (SenderInUse,),
    "checkSenderDkim": (NothingToCheck,),
    "changeMember": (LastOwner,),
    "removeMember": (LastOwner,),
    "leaveWorkspace": (LastOwner,),
    "createWorkspace": (TooManyWorkspaces,),
    "createInvitation": (AlreadyMember,),
    "createWebhook": (TooManyWebhooks,),
    "testWebhook": (WebhookDisabled,),
    "replayWebhookDelivery": (WebhookDisabled,),
    "replayFailedDeliveries": (WebhookDisabled,),
}
# 404 for what the body names. Others say 422 with the place.
LOOKS_UP: Final = frozenset({"estimateCampaign", "acceptInvitation"})
IDEMPOTENCY: Final = (InvalidIdempotentRequest, ConcurrentIdempotentRequests)

DESCRIPTIONS: Final[dict[int, str]] = {
    400: "The body cannot be read: it is not JSON in UTF-8, or nested too deeply.",
    401: "No key and no session, or a key of scope `send` where the scope `full` is needed.",
    403: "A key that is unknown or revoked; of a session, no CSRF token or a role that may only look.",
    404: "It is not in this workspace.",
    409: "The state it is in does not allow this.",
    413: "The request is too large.",
    415: "The body is of a kind that is not read here.",
    422: "Something in the request is not valid: `errors` says where, and how to mend it.",
    429: "Too many requests with this key: wait as long as `Retry-After` says.",
    500: "A fault of ours. The log has it under the `request_id`.",
    503: "The database does not answer. Try again in a moment.",
}


def of_operation(said: Said, *, method: str, sends: bool) -> dict[int, list[Said]]:
    """By status the bodies that show each refusal. `sends`: a key that may only send will do."""
    unsafe = method not in ("get", "head")
    named = {each["name"].lower() for each in said.get("parameters", [])}
    conflicts = [*CONFLICTS.get(said["operationId"], ()), *(IDEMPOTENCY if "idempotency-key" in named else ())]
    found: dict[int, list[Said]] = {
        401: _bodies([MissingApiKey] if sends else [MissingApiKey, RestrictedApiKey]),
        403: _bodies([InvalidApiKey, InvalidCsrfToken, ViewerOnly] if unsafe else [InvalidApiKey]),
        422: [body(422, "validation_error", "limit: Expected `int`, got `str`.", at="limit")],
        429: _bodies([RateLimited]),
        500: [body(500, "application_error", "Something went wrong on our side.")],
        503: _bodies([Unavailable]),
    }
    if "{" in said["path"] or said["operationId"] in LOOKS_UP:
        found[404] = _bodies([NotFound])
    if conflicts:
        found[409] = _bodies(conflicts)
    if "requestBody" in said:
        found[400] = [body(400, NAMES[400], "The body is not valid JSON: expected `:` (byte 8).")]
        found[413] = _bodies([TooLarge])
        found[415] = [body(415, NAMES[415], "Send JSON, with the header `Content-Type: application/json`.")]
        found[422] = [body(422, "validation_error", "subject is required.", at="subject")]
    return dict(sorted(found.items()))


def _bodies(errors: Iterable[type[PacelineError]]) -> list[Said]:
    return [body(STATUS[each.kind], each.code, " ".join((each.__doc__ or "").split())) for each in errors]


def body(status: int, name: str, message: str, *, at: str | None = None) -> Said:
    return {
        "statusCode": status,
        "name": name,
        "message": message,
        "errors": [] if at is None else [{"path": at, "message": message}],
        "request_id": "6f9c1d0e5a7b4c2d8e3f1a09",
    }
