"""Examples for the OpenAPI document: whole ones where it matters how fields go together, else made of a schema with
values by the name of the field. So a new route has an example before anybody writes one."""

from __future__ import annotations

from typing import Any, Final

Said = dict[str, Any]

ID: Final = "0199c2a4-7b1e-7c3d-9f52-3f8f0f7e6a11"
OTHER_ID: Final = "0199c2a4-81f0-7a90-b1c4-52d9c1f0b7e2"
SENDER_ID: Final = "0199c29f-40aa-7d6e-8a2b-9d0c4e1f5a33"

VALUES: Final[dict[str, Any]] = {
    "id": ID,
    "sender_id": SENDER_ID,
    "sender_ids": [SENDER_ID],
    "email": "bob@example.org",
    "from": "Ann <ann@example.com>",
    "from_email": "ann@example.com",
    "from_name": "Ann",
    "to": ["bob@example.org"],
    "cc": [],
    "bcc": [],
    "reply_to": None,
    "subject": "Your order",
    "html": "<p>It is on its way.</p>",
    "text": "It is on its way.",
    "headers": {},
    "metadata": {"order": 17},
    "variables": {"city": "Berlin"},
    "tags": [{"name": "kind", "value": "order"}],
    "status": "scheduled",
    "last_event": "scheduled",
    "last_reply": None,
    "late_policy": "send",
    "created_at": "2027-03-01T08:59:12.034Z",
    "scheduled_at": "2027-03-01T09:00:00Z",
    "estimated_send_at": "2027-03-01T09:00:00Z",
    "start_at": "2027-03-01T09:00:00Z",
    "at": "2027-03-01T09:00:00Z",
    "cancelled_at": None,
    "sent_at": None,
    "ended_at": None,
    "campaign_id": None,
    "preview_url": None,
    "message_id": "<0199c2a4.7b1e@example.com>",
    "host": "smtp.example.com",
    "port": 587,
    "username": "ann@example.com",
    "password": "app-password",
    "name": "Ann",
    "state": "active",
    "state_reason": None,
    "hourly_limit": 200,
    "daily_limit": None,
    "limit": 200,
    "used": 12,
    "min_delay_ms": 2000,
    "concurrency": 5,
    "window_seconds": 3600,
    "rate_window_seconds": 3600,
    "timezone": "Europe/Berlin",
    "days": ["mon", "tue", "wed", "thu", "fri"],
    "start": "09:00",
    "end": "17:30",
    "prefix": "pl_4Jx9Qa",
    "token": "pl_4Jx9QaT0m1sK8vR2yW6eU3bH7nC5dF9gL0pZ4xV1qAs",
    "blocked_reason": None,
    "blocked_until": None,
    "next_at": None,
    "reply": None,
    "columns": ["email", "name", "city"],
    "message": "It waits for its time.",
    "inbox_url": None,
    "avatar_url": None,
    "csrf_token": None,
    "errors": [],
    "invalid": [],
    "progress": 0.25,
    "has_more": False,
    "endpoint": "https://example.com/hooks/paceline",
    "disabled_reason": None,
    "status_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "signing_secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "last_error": None,
    "last_status_code": 204,
    "url": "https://example.com/hooks/paceline",
    "emails": ["bob@example.org"],
    "data": {},
}

WORDS: Final = {
    "sender_ids": [SENDER_ID],
    "import_id": ID,
    "subject": "Hello {{ name }}",
    "text": "How is {{ city }}?",
}
WHOLE: Final[dict[str, Any]] = {
    "SendEmail": {
        "from": "Ann <ann@example.com>",
        "to": ["Bob <bob@example.org>"],
        "subject": "Your order",
        "text": "It is on its way.",
        "scheduled_at": "in 10 minutes",
    },
    "UpdateEmail": {"scheduled_at": "2027-03-01T10:30:00+01:00"},
    "RetryEmail": {"scheduled_at": "in 10 minutes"},
    "RetryEmails": {"filter": {"status": "failed"}},
    "ResolveEmail": {"action": "arrived"},
    "ResolveEmails": {"action": "drop", "ids": [ID]},
    "WaitingFor": {"reason": "time", "next_at": "2027-03-01T09:00:00Z"},
    "NewCampaign": {
        "name": "Spring",
        "sender_ids": [SENDER_ID],
        "subject": "Hello {{ name }}",
        "text": "How is {{ city }}?",
        "recipients": [{"email": "bob@example.org", "name": "Bob", "variables": {"city": "Berlin"}}],
        "start_at": "2027-03-01T09:00:00+01:00",
        "delay_seconds": 2.5,
    },
    "NewEstimate": {"campaign_id": ID},
    "PreviewCampaign": {"email": "bob@example.org"},
    "CampaignWords": WORDS,
    "PreviewCampaignWords": WORDS | {"index": 0},
    "SendTest": {"to": ["ann@example.com"]},
    "SendTestOfWords": WORDS | {"to": ["ann@example.com"]},
    "CampaignChange": {"hourly_limit": 100},
    "EstimateBucket": {"start": "2027-03-01T08:00:00Z", "count": 200},
    "NewSender": {
        "from_name": "Ann",
        "from_email": "ann@example.com",
        "host": "smtp.example.com",
        "username": "ann@example.com",
        "password": "app-password",
        "hourly_limit": 200,
    },
    "SenderChange": {"hourly_limit": 100, "min_delay_ms": 5000},
    "WorkspaceChange": {"timezone": "Europe/Berlin", "hourly_limit": 1000},
    "NewWebhook": {"endpoint": "https://example.com/hooks/paceline", "events": ["email.sent", "email.failed"]},
    "WebhookChange": {"status": "enabled"},
    "TestEvent": {"type": "email.sent"},
    "ReplayFailed": {"since": "2027-03-01T09:00:00Z"},
    "NewApiKey": {"name": "Shop", "scope": "send"},
    "Workspace": {"id": OTHER_ID, "name": "Example Ltd", "timezone": "Europe/Berlin"},
    "NewDkim": {},
    "DnsRecord": {
        "type": "TXT",
        "name": "paceline-4f1c9a2e._domainkey.example.com",
        "value": "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A...",
    },
    "DkimKey": {"domain": "example.com", "selector": "paceline-4f1c9a2e", "finding": None},
    "DnsCheck": {
        "check": "spf",
        "state": "missing",
        "name": "example.com",
        "found": [],
        "message": "There is no SPF record: receivers cannot tell who may send in this domain's name.",
        "mend": "Publish this record.",
        "record": {"type": "TXT", "name": "example.com", "value": "v=spf1 include:_spf.google.com ~all"},
    },
    "DnsReport": {"domain": "example.com", "ok": False},
    "SenderDkim": {"state": "active", "waiting": None},
    "Phase": {"phase": "dns", "state": "ok", "ok": True, "message": "smtp.example.com is 192.0.2.25.", "mend": None},
    "Campaign": {"name": "Spring", "state": "running"},
    "StoryEntry": {"type": "scheduled", "at": "2027-03-01T08:59:12.034Z", "message": "Accepted.", "data": {}},
    "BatchId": {"id": ID},
    "RecipientText": {"text": "email,name,city\nbob@example.org,Bob,Berlin\n"},
    "InvalidRow": {"row": 4, "value": "bob@", "reason": "There is no domain after the @."},
}


def of(schema: Said, components: Said) -> Any:
    """An example that fits the schema."""
    if "$ref" in schema:
        return _of_component(schema["$ref"].rsplit("/", 1)[-1], components)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return of(choices[0], components)
    return _plain(schema, components)


def _of_component(name: str, components: Said) -> Any:
    schema = components[name]
    if name in WHOLE and (schema.get("additionalProperties") is False or set(schema["required"]) <= WHOLE[name].keys()):
        return WHOLE[name]
    if "properties" not in schema:
        return of(schema, components)
    fields = schema["properties"]
    if schema.get("additionalProperties") is False:  # what a caller sends: as much as it must
        fields = {field: fields[field] for field in schema.get("required") or list(fields)[:1]}
    return {field: _field(field, said, components) for field, said in fields.items()} | WHOLE.get(name, {})


def _field(name: str, schema: Said, components: Said) -> Any:
    choices = schema.get("anyOf", [schema])
    if name in VALUES and any(_fits(VALUES[name], each, components) for each in choices):
        return VALUES[name]
    return of(schema, components)


def _fits(value: Any, schema: Said, components: Said) -> bool:
    """Whether a value is of the kind; a value for one `state` is none of another's."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[-1]]
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if schema.get("format") == "date-time" and value is not None:
        return isinstance(value, str) and value.endswith("Z")
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    kind = "null" if value is None else kinds[type(value)]
    if kind == "object" and "properties" in schema:
        return False
    if kind == "array" and value:
        return schema.get("type") == "array" and _fits(value[0], schema.get("items", {}), components)
    return schema.get("type", kind) in (kind, "number" if kind == "integer" else kind)


def _plain(schema: Said, components: Said) -> Any:
    match schema.get("type"):
        case "array":
            return [of(schema["items"], components)] if "items" in schema else []
        case "object":
            return {name: of(said, components) for name, said in schema.get("properties", {}).items()}
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "string":
            formats = {"uuid": ID, "date-time": "2027-03-01T09:00:00Z", "binary": "email,name\nbob@example.org,Bob\n"}
            return formats.get(schema.get("format", ""), "text")
        case _:
            return None
