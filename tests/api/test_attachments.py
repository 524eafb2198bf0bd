"""Attachments: taken, kept once, shown, given out, cleared away."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from app.services import attachments, pruning
from tests.api.test_emails import a_message, add_sender, ahead, assert_nothing_written
from tests.support.tables import rows_of
from tests.support.tenants import Api
from tests.support.waiting import wait_until

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
LATER = {"scheduled_at": "in 1 hour"}


@pytest.fixture(autouse=True)
async def sender(api: Api) -> dict[str, Any]:
    return await add_sender(api)


def a_file(content: bytes = PDF, **changes: Any) -> dict[str, Any]:
    return {"filename": "offer.pdf", "content": base64.b64encode(content).decode(), **changes}


async def send(api: Api, *files: dict[str, Any], **changes: Any) -> str:
    answer = await api.ok("POST", "/emails", json=a_message(**LATER, attachments=list(files), **changes))
    return str(answer["id"])


async def test_a_message_shows_its_files_and_gives_them_out(api: Api) -> None:
    id = await send(
        api, a_file(), a_file(b"PNG", filename="logo.png", content_id="<logo>"), html="<img src='cid:logo'>"
    )
    email = await api.ok("GET", f"/emails/{id}")
    offer, logo = email["attachments"]
    assert (offer["filename"], offer["content_type"], offer["size"]) == ("offer.pdf", "application/pdf", len(PDF))
    assert (offer["content_id"], offer["content_disposition"]) == (None, "attachment")
    assert (logo["content_id"], logo["content_disposition"], logo["size"]) == ("logo", "inline", 3)
    assert (await api.ok("GET", f"/emails/{id}/attachments"))["data"] == email["attachments"]
    one = await api.ok("GET", f"/emails/{id}/attachments/{offer['id']}")
    assert one == offer | {"object": "attachment"}

    got = await api.get(offer["download_url"])
    assert got.content == PDF
    assert got.headers["content-length"] == str(len(PDF))
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith('attachment; filename="offer.pdf"')
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]


async def test_the_source_says_how_long_a_file_is_without_having_it(api: Api) -> None:
    id = await send(api, a_file())
    source = (await api.get(f"/emails/{id}/source")).text
    assert 'Content-Disposition: attachment; filename="offer.pdf"\r\n' in source
    assert f"({len(PDF):,} bytes in base64)" in source


async def test_a_name_beyond_ascii_comes_back_in_the_header(api: Api) -> None:
    id = await send(api, a_file(filename='Größe "7%".txt'))
    [file] = (await api.ok("GET", f"/emails/{id}"))["attachments"]
    got = await api.get(file["download_url"])
    assert got.headers["content-disposition"] == (
        "attachment; filename=\"Gr__e _7__.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%227%25%22.txt"
    )


async def test_a_list_of_bytes_and_base64_in_lines_are_the_same_file(app: Litestar, api: Api) -> None:
    in_lines = base64.encodebytes(PDF).decode()
    id = await send(api, a_file(content_type="text/x-one") | {"content": list(PDF)}, a_file() | {"content": in_lines})
    for file in (await api.ok("GET", f"/emails/{id}"))["attachments"]:
        assert (await api.get(file["download_url"])).content == PDF
    assert len(await rows_of(app.state.pool, "select * from files")) == 1


async def test_an_empty_file_and_one_of_many_pieces_come_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "PIECE", 57)
    id = await send(api, a_file(b""), a_file())
    empty, pdf = (await api.ok("GET", f"/emails/{id}"))["attachments"]
    assert (await api.get(empty["download_url"])).content == b""
    assert (await api.get(pdf["download_url"])).content == PDF


async def test_a_file_is_kept_once_in_a_workspace(app: Litestar, api: Api, stranger: Api) -> None:
    await add_sender(stranger)
    await asyncio.gather(*(send(api, a_file(), subject=str(i)) for i in range(10)))
    batch = [a_message(**LATER, attachments=[a_file(), a_file(b"other")]) for _ in range(3)]
    await api.ok("POST", "/emails/batch", json=batch)
    assert len(await rows_of(app.state.pool, "select * from attachments")) == 16
    assert len(await rows_of(app.state.pool, "select * from files")) == 2
    await send(stranger, a_file())
    assert len(await rows_of(app.state.pool, "select * from files")) == 3


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"content": "not base64!"}, "content", "base64"),
    ({"content": "data:text/plain;base64,aGk="}, "content", "base64"),
    ({"content": "aGk"}, "content", "base64"),
    ({"content": None}, "content", "required"),
    ({"content": [0, 256]}, "content", "255"),
    ({"path": "https://example.com/a.pdf", "content": None}, "path", "not fetched"),
    ({"filename": "a\r\nBcc: eve@example.org"}, "filename", "line breaks"),
    ({"filename": "../a"}, "filename", "folders"),
    ({"filename": "a\0b"}, "filename", "control"),
    ({"filename": "x" * 300}, "filename", "at most"),
    ({"filename": "a\u202egpj.exe"}, "filename", "direction"),
    ({"content_type": "pdf"}, "content_type", "content type"),
    ({"content_id": "a b"}, "content_id", "without spaces"),
    ({"url": "x"}, "url", "not a field"),
]


@pytest.mark.parametrize(("wrong", "field", "word"), REFUSED, ids=[f"{field}-{word}" for _, field, word in REFUSED])
async def test_a_bad_file_is_named_and_nothing_is_written(
    app: Litestar, api: Api, wrong: dict[str, Any], field: str, word: str
) -> None:
    files = [a_file(b"good"), a_file() | wrong]
    refused = await api.refused(422, "POST", "/emails", json=a_message(attachments=files))
    path = next(path for path in refused if path.startswith(f"attachments[1].{field}"))
    assert word in refused[path]
    await assert_nothing_written(app)
    assert await rows_of(app.state.pool, "select * from files") == []


async def test_too_much_and_too_many_are_refused(app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "SIZE_LIMIT", 3 * 1024 * 1024)
    megabyte = bytes(1024 * 1024)
    await send(api, *[a_file(megabyte)] * 3)
    files = [*[a_file(megabyte)] * 3, a_file(b"x")]
    refused = await api.refused(422, "POST", "/emails", json=a_message(attachments=files))
    assert "3 MB" in refused["attachments[3].content"]
    many = [a_file(b"x")] * 101
    assert "100" in (await api.refused(422, "POST", "/emails", json=a_message(attachments=many)))["attachments"]
    twice = [a_file(content_id="logo"), a_file(content_id="logo")]
    assert (
        "twice"
        in (await api.refused(422, "POST", "/emails", json=a_message(attachments=twice)))["attachments[1].content_id"]
    )


async def test_twenty_five_megabytes_are_taken_and_one_byte_more_is_not(api: Api) -> None:
    most = bytes(25 * 1024 * 1024)
    id = await send(api, a_file(most))
    [file] = (await api.ok("GET", f"/emails/{id}"))["attachments"]
    assert file["size"] == len(most)
    refused = await api.refused(422, "POST", "/emails", json=a_message(attachments=[a_file(most + b"x")]))
    assert "25 MB" in refused["attachments[0].content"]


async def test_a_bad_file_in_a_batch_concerns_its_message_alone(app: Litestar, api: Api) -> None:
    batch = [a_message(attachments=[a_file()]), a_message(attachments=[a_file(filename="a/b")])]
    refused = await api.refused(422, "POST", "/emails/batch", json=batch)
    assert "folders" in refused["[1].attachments[0].filename"]
    await assert_nothing_written(app)
    answer = await api.ok("POST", "/emails/batch", json=batch, headers={"x-batch-validation": "permissive"})
    assert len(answer["data"]) == 1
    assert [error["index"] for error in answer["errors"]] == [1]
    assert len(await rows_of(app.state.pool, "select * from attachments")) == 1


async def test_another_file_is_another_request_under_its_key(api: Api) -> None:
    key = {"Idempotency-Key": "offer-1"}
    message = a_message(attachments=[a_file()], scheduled_at=ahead(hours=1))
    first = await api.ok("POST", "/emails", json=message, headers=key)
    assert await api.ok("POST", "/emails", json=message, headers=key) == first
    await api.refused(409, "POST", "/emails", json=message | {"attachments": [a_file(b"other")]}, headers=key)


async def test_another_workspace_finds_none_of_it(api: Api, stranger: Api) -> None:
    id = await send(api, a_file())
    [file] = (await api.ok("GET", f"/emails/{id}"))["attachments"]
    for path in ("", f"/{file['id']}", f"/{file['id']}/content"):
        await stranger.refused(404, "GET", f"/emails/{id}/attachments{path}")
    other = await send(api, a_file(b"other"))
    await api.refused(404, "GET", f"/emails/{other}/attachments/{file['id']}")
    await api.refused(404, "GET", f"/emails/{id}/attachments/{uuid4()}/content")
    assert (await api.get(f"/emails/{id}/attachments", headers={"authorization": ""})).status_code == 401


async def test_an_edited_message_keeps_its_files(app: Litestar, api: Api) -> None:
    id = await send(api, a_file())
    before = (await api.ok("GET", f"/emails/{id}"))["attachments"]
    await api.ok("PATCH", f"/emails/{id}", json={"subject": "Another"})
    assert (await api.ok("GET", f"/emails/{id}"))["attachments"] == before
    # What it said before goes after an hour, and then the file has one text left.
    await age(app)
    await pruning.prune(app.state.pool)
    assert len(await rows_of(app.state.pool, "select * from attachments")) == 1
    assert (await api.get(before[0]["download_url"])).content == PDF


async def age(app: Litestar) -> None:
    await rows_of(app.state.pool, "update files set created_at = created_at - interval '2 hours' returning 1")
    await rows_of(app.state.pool, "update contents set replaced_at = replaced_at - interval '2 hours' returning 1")


async def drop_texts(app: Litestar) -> None:
    await rows_of(app.state.pool, "update contents set replaced_at = now() - interval '2 hours' returning 1")
    await rows_of(app.state.pool, "delete from emails returning 1")


async def test_files_that_no_text_has_are_removed_in_batches(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "PRUNED_AT_ONCE", 2)
    await send(api, *(a_file(bytes([i])) for i in range(5)))
    await age(app)
    await pruning.prune(app.state.pool)
    assert len(await rows_of(app.state.pool, "select * from files")) == 5
    await drop_texts(app)
    kept = await send(api, a_file(bytes([3])), a_file(b"young"))
    await pruning.prune(app.state.pool)
    assert len(await rows_of(app.state.pool, "select * from files")) == 2
    for file in (await api.ok("GET", f"/emails/{kept}"))["attachments"]:
        assert (await api.get(file["download_url"])).is_success


async def test_a_file_that_is_being_attached_is_not_removed(app: Litestar, api: Api) -> None:
    await send(api, a_file())
    await drop_texts(app)
    await age(app)
    await rows_of(app.state.pool, "delete from contents returning 1")
    async with app.state.pool.connection() as conn, conn.transaction():
        # As the transaction that attaches it: it has found the file and not attached it yet.
        await conn.execute("select from files for key share")
        assert await attachments.prune(app.state.pool) == 0
    assert await attachments.prune(app.state.pool) == 1


async def test_a_file_that_is_being_removed_is_written_again(app: Litestar, api: Api) -> None:
    await send(api, a_file())
    await drop_texts(app)
    await rows_of(app.state.pool, "delete from contents returning 1")
    async with app.state.pool.connection() as conn, conn.transaction():
        await conn.execute("select from files for update")
        sending = asyncio.create_task(send(api, a_file()))

        async def waits() -> list[Any]:
            waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            return await rows_of(app.state.pool, waiting)

        assert await wait_until(waits, what="the message to wait for the file")
        await conn.execute("delete from files")
    [file] = (await api.ok("GET", f"/emails/{await sending}"))["attachments"]
    assert (await api.get(file["download_url"])).content == PDF
