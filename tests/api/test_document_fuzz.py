"""schemathesis reads the OpenAPI document, makes requests of it, good and bad, and holds the answers against it: no
5xx, and no status, content type, header or schema that is not promised there, on a real web process.

`make fuzz` does it for longer, with the edges of every field. https://schemathesis.readthedocs.io
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from app.api.docs import document
from tests.support.belongings import Ids, make_belongings
from tests.support.people import signed_in
from tests.support.tenants import Api
from tests.support.web import web_process

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))  # for each operation
SEED = int(os.environ.get("FUZZ_SEED", "1"))
PHASES = os.environ.get("FUZZ_PHASES", "examples,fuzzing")
LIMIT = int(os.environ.get("FUZZ_SECONDS", "100"))  # for one caller
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)

# A stream does not end, and an ended session asks no more.
LEFT_OUT = ("streamEvents", "leaveWorkspace", "enterWorkspace")


@pytest.mark.timeout(LIMIT * 2 + 60)
@pytest.mark.parametrize("caller", ["key", "session"])
async def test_no_answer_is_outside_the_document(
    app: Litestar, api: Api, environment: dict[str, str], tmp_path: Path, caller: str
) -> None:
    ids = await make_belongings(app, api)
    (tmp_path / "openapi.json").write_text(json.dumps(document(app)))
    (tmp_path / "schemathesis.toml").write_text(parameters(ids))
    async with (
        signed_in(app, api.tenant.workspace_id, api.tenant.user_id) as browser,
        # What a sender's or a webhook's host resolves to is no matter here, and no packet leaves the machine.
        web_process(environment | {"SMTP_ALLOW_PRIVATE": "0"}) as url,
    ):
        if caller == "key":
            headers = [f"Authorization: Bearer {api.tenant.key}"]
        else:
            headers = [
                f"Cookie: paceline_session={browser.cookies['paceline_session']}",
                f"X-CSRF-Token: {browser.headers['x-csrf-token']}",
            ]
        code, output = await schemathesis(tmp_path, url, headers)
        assert code == 0, output
        assert (await api.get("/me")).status_code == 200, "the key must have lived to the end"


def parameters(ids: Ids) -> str:
    """Its settings: ids that there are, so that more than a 404 is seen."""
    lines = ["[parameters]", *(f'"path.{name}" = {json.dumps(each[0])}' for name, each in ids.items())]
    return "\n".join(lines)


async def schemathesis(folder: Path, url: str, headers: list[str]) -> tuple[int, str]:
    """Its exit code and what it says."""
    options: list[Any] = ["--url", url, "--checks", CHECKS, "--seed", SEED, "--max-examples", EXAMPLES]
    # One worker: in Python 3.11 threads that parse at the same time break each other (python/cpython#106905).
    options += ["--phases", PHASES, "--workers", 1, "--no-color", "--no-shrink"]
    options += ["--generation-database", "none", "--request-timeout", 30, "--suppress-health-check", "all"]
    options += ["--warnings", "off", "--continue-on-failure"]
    options += [each for header in headers for each in ("--header", header)]
    options += [each for id in LEFT_OUT for each in ("--exclude-operation-id", id)]
    command = [str(Path(sys.executable).with_name("st")), "run", "openapi.json", *map(str, options)]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=STDOUT)
    try:
        said, _ = await asyncio.wait_for(process.communicate(), LIMIT)
    except TimeoutError:
        process.kill()
        said, _ = await process.communicate()
        raise AssertionError(f"not done within {LIMIT} s: {said.decode()[-2000:]}") from None
    return process.returncode or 0, said.decode()
