"""/suppressions: who gets no mail from a workspace."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from litestar import Litestar

from app.services import suppressions
from tests.support.asgi import client_of
from tests.support.tenants import Api


async def listed(api: Api, query: str = "") -> list[str]:
    return [each["email"] for each in (await api.ok("GET", f"/suppressions{query}"))["data"]]


async def test_an_address_is_added_once_and_found_by_any_writing_of_it(api: Api) -> None:
    added = await api.ok("POST", "/suppressions", json={"email": "Bob <Bob+News@Example.org>", "detail": "Asked."})
    assert (added["object"], added["email"], added["reason"], added["origin"]) == (
        "suppression",
        "bob+news@example.org",
        "manual",
        "manual",
    )
    assert (added["detail"], added["source_id"]) == ("Asked.", None)
    again = await api.ok("POST", "/suppressions", json={"email": "BOB+NEWS@example.ORG", "reason": "complaint"})
    assert again == added
    assert await api.ok("GET", f"/suppressions/{added['id']}") == added
    assert await api.ok("GET", "/suppressions/bob%2Bnews@EXAMPLE.org") == added
    assert await listed(api) == ["bob+news@example.org"]


async def test_a_domain_is_one_in_either_of_its_forms(api: Api) -> None:
    one = await api.ok("POST", "/suppressions", json={"email": "ann@xn--bcher-kva.example"})
    two = await api.ok("POST", "/suppressions", json={"email": "Ann@BÜCHER.example"})
    assert one == two
    assert one["email"] == "ann@bücher.example"
    for text in ("ann@xn--bcher-kva.example", "ann@bücher.example"):
        parsed = await api.ok("POST", "/recipients/parse", json={"text": f"{text}\nbob@example.org"})
        assert (parsed["suppressed"], parsed["valid"]) == (1, 1)


async def test_another_workspaces_list_is_another(api: Api, stranger: Api) -> None:
    added = await api.ok("POST", "/suppressions", json={"email": "bob@example.org"})
    assert await listed(stranger) == []
    for path in (added["id"], "bob@example.org"):
        await stranger.refused(404, "GET", f"/suppressions/{path}")
        await stranger.refused(404, "DELETE", f"/suppressions/{path}")
    removed = await stranger.ok("POST", "/suppressions/batch/remove", json={"ids": [added["id"]]})
    assert removed == {"data": []}
    assert await listed(api) == ["bob@example.org"]


async def test_the_list_pages_and_filters(api: Api, app: Litestar) -> None:
    for i, reason in enumerate(["manual", "complaint", "unsubscribed", "hard_bounce", "manual"]):
        await api.ok("POST", "/suppressions", json={"email": f"user{i}@example{i % 2}.org", "reason": reason})
    assert await listed(api) == [f"user{i}@example{i % 2}.org" for i in (4, 3, 2, 1, 0)]
    first = await api.ok("GET", "/suppressions?limit=2")
    assert first["has_more"] is True
    older = await api.ok("GET", f"/suppressions?limit=2&after={first['data'][-1]['id']}")
    assert [each["email"][:5] for each in older["data"]] == ["user2", "user1"]
    newer = await api.ok("GET", f"/suppressions?limit=2&before={older['data'][0]['id']}")
    assert newer["data"] == first["data"]
    assert await listed(api, "?reason=complaint") == ["user1@example1.org"]
    assert await listed(api, "?origin=bounce") == ["user3@example1.org"]
    assert [email[:5] for email in await listed(api, "?origin=manual")] == ["user4", "user2", "user0"]
    assert await listed(api, "?origin=bounce&reason=manual") == []
    assert await listed(api, "?q=USER3") == ["user3@example1.org"]
    assert await listed(api, "?q=%40example1") == ["user3@example1.org", "user1@example1.org"]
    assert await listed(api, "?q=user_") == []
    assert await listed(api, "?q=ser3") == []
    assert "limit" in await api.refused(422, "GET", "/suppressions?limit=0")
    assert "reason" in await api.refused(422, "GET", "/suppressions?reason=spite")


async def test_many_are_added_and_removed_as_resends_sdks_do(api: Api) -> None:
    emails = ["c@example.org", "a@example.org", "B@example.org", "b@example.org"]
    answer = await api.ok("POST", "/suppressions/batch/add", json={"emails": emails})
    assert len(answer["data"]) == 3
    assert {frozenset(each) for each in answer["data"]} == {frozenset({"object", "id"})}
    ids = [(await api.ok("GET", f"/suppressions/{email}"))["id"] for email in emails[:3]]
    assert [each["id"] for each in answer["data"]] == ids
    removed = await api.ok("POST", "/suppressions/batch/remove", json={"emails": ["A@example.org", "x@example.org"]})
    assert removed == {"data": [{"object": "suppression", "id": ids[1], "deleted": True}]}
    await api.ok("POST", "/suppressions/batch/remove", json={"ids": [ids[0], ids[2]]})
    assert await listed(api) == []


async def test_what_is_no_address_is_named_and_nothing_is_written(api: Api) -> None:
    problems = await api.refused(
        422, "POST", "/suppressions/batch/add", json={"emails": ["a@example.org", "bad", "also bad@x"]}
    )
    assert {"emails[1]", "emails[2]"} < problems.keys()
    assert "email" in await api.refused(422, "POST", "/suppressions", json={"email": "nobody"})
    assert "reason" in await api.refused(422, "POST", "/suppressions", json={"email": "a@x.example", "reason": "spite"})
    nul = {"email": "a@x.example", "detail": "a\0b"}
    assert "detail" in await api.refused(422, "POST", "/suppressions", json=nul)
    assert "origin" in await api.refused(
        422, "POST", "/suppressions", json={"email": "a@x.example", "origin": "bounce"}
    )
    assert "id_or_email" in await api.refused(422, "GET", "/suppressions/nobody")
    both = {"emails": ["a@x.example"], "ids": ["01890000-0000-7000-8000-000000000000"]}
    for body in (both, {}):
        assert "emails" in await api.refused(422, "POST", "/suppressions/batch/remove", json=body)
    assert "emails" in await api.refused(422, "POST", "/suppressions/batch/add", json={"emails": []})
    await api.refused(422, "POST", "/suppressions/batch/add", json={"emails": ["a@x.example"] * 1001})
    assert await listed(api) == []


async def test_a_list_is_imported_as_recipients_are_and_hears_the_reason(api: Api) -> None:
    await api.ok("POST", "/suppressions", json={"email": "there@example.org", "reason": "complaint"})
    text = (
        "E-Mail;Reason\r\nthere@example.org;manual\r\nGONE@example.org;hard_bounce\r\n"
        "gone@example.org;\r\nno@example.org;Unsubscribed\r\nodd@example.org;whatever\r\nbad;\r\n"
    )
    files = {"file": ("excel.csv", text.encode("utf-8-sig"))}
    answer = await api.ok("POST", "/suppressions/import", files=files)
    assert answer | {"import_id": ""} == {
        "object": "suppression_import",
        "import_id": "",
        "state": "done",
        "detected": 6,
        "added": 3,
        "already_suppressed": 1,
        "duplicates": 1,
        "invalid": [{"row": 7, "value": "bad", "reason": "“bad” has no @."}],
        "invalid_count": 1,
    }
    reasons = {each["email"]: each["reason"] for each in (await api.ok("GET", "/suppressions"))["data"]}
    assert reasons == {
        "there@example.org": "complaint",
        "gone@example.org": "hard_bounce",
        "no@example.org": "unsubscribed",
        "odd@example.org": "manual",
    }
    assert (await api.ok("GET", "/suppressions/gone@example.org"))["detail"] == "Imported from excel.csv."
    report = await api.get(f"/imports/{answer['import_id']}/report.csv")
    assert report.text.splitlines()[1:] == [
        "4,duplicate,gone@example.org,The same address stands in an earlier row.",
        "7,invalid,bad,“bad” has no @.",
        "2,suppressed,there@example.org,On the suppression list: complaint.",
    ]
    pasted = await api.ok("POST", "/suppressions/import", json={"text": "x@example.org, y@example.org"})
    assert (pasted["added"], pasted["invalid"]) == (2, [])
    assert "text" in await api.refused(422, "POST", "/suppressions/import", json={})


async def test_a_list_of_suppressions_is_none_for_a_campaign(api: Api) -> None:
    found = await api.ok("POST", "/suppressions/import", json={"text": "x@example.org", "columns": ["email"]})
    shown = await api.ok("GET", f"/imports/{found['import_id']}")
    assert (shown["purpose"], shown["state"], shown["valid"], shown["sample"]) == ("suppressions", "done", 1, [])
    sender = {"from_email": "ann@example.com", "host": "smtp.example.com"}
    campaign = {
        "sender_ids": [(await api.ok("POST", "/senders", json=sender))["id"]],
        "import_id": found["import_id"],
    }
    message = {"name": "A", "subject": "Hi", "text": "Hi"}
    assert "import_id" in await api.refused(422, "POST", "/campaigns", json=campaign | message)
    assert "import_id" in await api.refused(422, "POST", "/campaigns/estimate", json=campaign)


async def test_nothing_of_a_list_that_breaks_is_suppressed(api: Api) -> None:
    files = {"file": ("list.csv", b'email,reason\na@example.org,manual\nb@example.org,"open')}
    assert "Row 3 does not end" in (await api.refused(422, "POST", "/suppressions/import", files=files))["file"]
    assert await listed(api) == []


async def test_an_export_is_whole_safe_and_can_be_imported(
    api: Api, stranger: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppressions, "EXPORT_BATCH", 2)
    emails = ["=cmd@example.org", "+tag@example.org", "-dash@example.org", "plain@example.org", "ann@bücher.example"]
    for email in emails:
        await api.ok("POST", "/suppressions", json={"email": email, "detail": '=HYPERLINK("http://x","y"), z'})
    answer = await api.get("/suppressions/export.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="suppressions.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["email", "reason", "detail", "created_at"]
    assert [row[0] for row in rows[1:]] == [
        "ann@bücher.example",
        "plain@example.org",
        "'-dash@example.org",
        "'+tag@example.org",
        "'=cmd@example.org",
    ]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)

    moved = await stranger.ok("POST", "/suppressions/import", files={"file": ("all.csv", answer.content)})
    assert (moved["added"], moved["invalid_count"]) == (5, 0)
    assert sorted(await listed(stranger)) == sorted(emails)
    some = await api.get("/suppressions/export.csv", params={"q": "plain"})
    assert len(some.text.splitlines()) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/suppressions"),
        ("POST", "/suppressions"),
        ("GET", "/suppressions/export.csv"),
        ("POST", "/suppressions/import"),
        ("DELETE", "/suppressions/a@example.org"),
    ],
)
async def test_a_key_that_may_only_send_may_not_look(app: Litestar, api: Api, method: str, path: str) -> None:
    async with client_of(app) as client:
        headers = {"authorization": f"Bearer {api.tenant.send_key}"}
        assert (await client.request(method, f"/v1{path}", headers=headers)).status_code == 401
        assert (await client.request(method, f"/v1{path}")).status_code == 401


async def test_removing_lets_later_mail_through_and_wakes_no_earlier(api: Api) -> None:
    sender = {"from_email": "ann@example.com", "host": "smtp.example.com", "hourly_limit": None, "min_delay_ms": None}
    await api.ok("POST", "/senders", json=sender)
    await api.ok("POST", "/suppressions", json={"email": "Bob@Example.org", "reason": "unsubscribed"})

    async def send() -> dict[str, Any]:
        message = {"from": "ann@example.com", "to": "bob@example.org", "subject": "Hi", "text": "Hi"}
        sent: dict[str, Any] = await api.ok("POST", "/emails", json=message | {"scheduled_at": "in 1 hours"})
        return sent

    early = await send()
    assert early["status"] == "suppressed"
    told = await api.ok("GET", f"/emails/{early['id']}")
    assert told["last_reply"] == "bob@example.org is on the suppression list: its owner unsubscribed."
    await api.ok("DELETE", "/suppressions/bob@example.org")
    assert (await api.ok("GET", f"/emails/{early['id']}"))["status"] == "suppressed"
    assert (await send())["status"] == "scheduled"
    await api.refused(404, "DELETE", "/suppressions/bob@example.org")
