"""Messages as CSV: every one once, in order, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from litestar import Litestar

from app.services import email_exports
from tests.api.test_campaigns import add_sender, draft, scheduled, set_status
from tests.support.tenants import Api


@pytest.fixture
async def sender(api: Api) -> str:
    return await add_sender(api)


async def exported(api: Api, path: str) -> list[dict[str, str]]:
    answer = await api.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_campaign_in_the_order_of_its_list(
    api: Api, sender: str, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_exports, "BATCH", 2)
    campaign = await scheduled(api, sender, 5)
    await set_status(app, campaign, 1, "sending", "sent")
    rows = await exported(api, f"/campaigns/{campaign['id']}/export.csv")
    assert [row["email"] for row in rows] == [f"r{i}@x.example" for i in range(5)]
    assert [row["status"] for row in rows] == ["scheduled", "sent", "scheduled", "scheduled", "scheduled"]
    start = campaign["start_at"].partition(".")[0].removesuffix("Z") + "Z"
    assert rows[0] == {
        "email": "r0@x.example",
        "name": "",
        "status": "scheduled",
        "scheduled_at": start,
        "sent_at": "",
        "sender": "ann@example.com",
        "attempts": "0",
        "reply": "",
        "waiting": f"time until {start}",
    }
    assert (bool(rows[1]["sent_at"]), rows[1]["waiting"]) == (True, "")


async def test_a_draft_has_only_the_names_of_the_columns(api: Api, sender: str) -> None:
    campaign = await draft(api, sender)
    assert await exported(api, f"/campaigns/{campaign['id']}/export.csv") == []


async def test_no_cell_is_a_formula(api: Api, sender: str) -> None:
    who: Any = {"email": "+a@x.example", "name": '=HYPERLINK("http://x")'}
    campaign = await draft(api, sender, who)
    await api.ok("POST", f"/campaigns/{campaign['id']}/schedule")
    (row,) = await exported(api, f"/campaigns/{campaign['id']}/export.csv")
    assert (row["email"], row["name"]) == ("'+a@x.example", '\'=HYPERLINK("http://x")')


async def test_messages_by_the_filters_of_the_list(
    api: Api, sender: str, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_exports, "BATCH", 2)
    campaign = await scheduled(api, sender, 5)
    await set_status(app, campaign, 3, "sending", "sent")
    message = {"from": "ann@example.com", "to": ["x@x.example", "y@x.example"], "subject": "One", "text": "Hi"}
    await api.ok("POST", "/emails", json=message)
    rows = await exported(api, "/emails/export.csv")
    assert [row["email"] for row in rows] == ["x@x.example, y@x.example", *(f"r{i}@x.example" for i in (4, 3, 2, 1, 0))]
    rows = await exported(api, f"/emails/export.csv?campaign_id={campaign['id']}&status=scheduled")
    assert [row["email"] for row in rows] == [f"r{i}@x.example" for i in (4, 2, 1, 0)]
    assert [row["email"] for row in await exported(api, "/emails/export.csv?q=r2@")] == ["r2@x.example"]
    assert (await api.get("/emails/export.csv?status=odd")).status_code == 422
