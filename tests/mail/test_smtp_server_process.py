"""The test server as a process, as journeys use it: STARTTLS, sign-in, Ethereal's answers, a log."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.replies import preview_url
from app.mail.smtp import Connection, Envelope, ReplyUnknown, Server

MESSAGE = b"Subject: hi\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n"


async def test_it_plays_the_part_of_ethereal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, script = tmp_path / "log.jsonl", tmp_path / "script.json"
    script.write_text(json.dumps([{"moment": "dot", "drop": True, "match": "lost@"}]))
    command = [sys.executable, "-m", "tests.support.smtp_server", "--security", "starttls", "--ethereal"]
    command += ["--certificates", str(tmp_path / "tls"), "--username", "ada", "--password", "pw"]
    command += ["--json-log", str(log), "--script", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        monkeypatch.setenv("SSL_CERT_FILE", where["cafile"])
        connection = await Connection.open(Server("localhost", where["port"], "starttls", "ada", "pw"))
        await connection.offer(Envelope("a@example.com", ("b@example.com",)), MESSAGE)
        dot = await connection.dot()
        reply = await connection.outcome()
        await connection.offer(Envelope("a@example.com", ("lost@example.com",)), MESSAGE)
        await connection.dot()
        with pytest.raises(ReplyUnknown):
            await connection.outcome()
        process.terminate()
        assert process.wait(10) == 0
    assert dot.written_at > 0
    assert reply.text.startswith("Accepted [STATUS=new MSGID=")
    assert (preview_url(reply) or "").startswith("https://ethereal.email/message/Z")
    first, second = (json.loads(line) for line in log.read_text().splitlines())
    assert (first["recipients"], first["message_id"], first["user"]) == (["b@example.com"], "<1@example.com>", "ada")
    assert base64.b64decode(first["data"]) == MESSAGE
    assert (second["recipients"], second["reply"]) == (["lost@example.com"], None)
    assert second["at"] > first["at"]
