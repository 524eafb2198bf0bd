"""One of everything that a workspace can have, made through the API, with the ids by the name of the parameter that
takes them. A route with a new parameter needs a line here: the tests made from the OpenAPI document ask for it."""

from __future__ import annotations

import base64
from typing import Any

from litestar import Litestar

from tests.support.people import join, signed_in
from tests.support.tenants import Api

Ids = dict[str, list[str]]


async def make_belongings(app: Litestar, api: Api) -> Ids:
    """More than one id for a parameter where it takes several kinds. `api` has a full key of the workspace's owner."""
    workspace_id, name = api.tenant.workspace_id, api.tenant.workspace_id.hex
    mate = f"mate-{name}@example.test"
    member_id = await join(app, workspace_id, mate, "member")
    async with signed_in(app, workspace_id, api.tenant.user_id) as browser:
        [session] = (await browser.ok("GET", "/me/sessions"))["data"]
    sender = await api.ok("POST", "/senders", json={"from_email": f"{name}@example.com", "host": "smtp.example.com"})
    file = {"filename": "a.txt", "content": base64.b64encode(name.encode()).decode()}
    email = await api.ok("POST", "/emails", json=a_message(sender, attachments=[file]))
    [attachment] = (await api.ok("GET", f"/emails/{email['id']}/attachments"))["data"]
    read = await api.ok("POST", "/recipients/parse", json={"text": f"bob-{name}@example.org"})
    draft = {"sender_ids": [sender["id"]], "subject": name, "text": "Hi", "recipients": [f"bob-{name}@example.org"]}
    campaign = await api.ok("POST", "/campaigns", json=draft)
    key = await api.ok("POST", "/api-keys", json={"name": name})
    suppressed = await api.ok("POST", "/suppressions", json={"email": f"no-{name}@example.org"})
    invited = await api.ok("POST", "/invitations", json={"email": f"new-{name}@example.org"})
    hook = {"endpoint": f"https://hooks.example.com/{name}", "events": ["email.sent"]}
    webhook = await api.ok("POST", "/webhooks", json=hook)
    delivery = await api.ok("POST", f"/webhooks/{webhook['id']}/test", json={})
    words = {"name": name, "alias": f"t-{name}", "subject": "Hi", "text": "Hi"}
    template = await api.ok("POST", "/templates", json=words)
    await api.ok("POST", f"/templates/{template['id']}/publish")
    return {
        "template": [template["id"], f"t-{name}"],
        "template_id": [template["id"], f"t-{name}"],
        "version": ["1"],
        "sender_id": [sender["id"]],
        "email_id": [email["id"]],
        "attachment_id": [attachment["id"]],
        "import_id": [read["import_id"]],
        "campaign_id": [campaign["id"]],
        "key_id": [key["id"]],
        "id_or_email": [suppressed["id"], f"no-{name}@example.org"],
        "invitation_id": [invited["id"]],
        "webhook_id": [webhook["id"]],
        "delivery_id": [delivery["id"]],
        "member_id": [str(member_id)],
        "session_id": [session["id"]],
        "workspace_id": [str(workspace_id)],
    }


def a_message(sender: dict[str, Any], **changes: Any) -> dict[str, Any]:
    message = {"from": sender["from_email"], "to": "bob@example.org", "subject": "Hello", "text": "Hi Bob"}
    return message | {"scheduled_at": "in 2 hours"} | changes
