"""The other commands: beside a running `up`, and as a platform such as Heroku starts them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands import up as up_command
from app.errors import ConfigurationError
from app.services.accounts import SEEDED_EMAIL
from tests.support.ports import free_port
from tests.support.up import PACELINE, Up, answers, clean_environment, refused, running
from tests.support.waiting import wait_until_sync
from tests.support.web import answers as is_there


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running(tmp_path_factory.mktemp("up") / "data") as shared:
        shared.ready()
        yield shared


def paceline(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PACELINE, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment() | environ,
    )


def test_doctor_finds_a_running_up_healthy(up: Up) -> None:
    done = paceline("doctor", "--data-dir", str(up.data))
    assert done.returncode == 0, done.stdout + done.stderr
    found = [line.split()[:2] for line in done.stdout.splitlines()]
    assert found == [
        ["ok", part] for part in ("Python", "Dashboard", "Settings", "Postgres", "Schema", "Clock", "Redis", "Sign-in")
    ]


def test_doctor_says_what_to_mend(environment: dict[str, str], empty_database_url: str) -> None:
    broken = {
        "DATABASE_URL": empty_database_url,
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}",
        "GOOGLE_CLIENT_ID": "half",
    }
    done = paceline("doctor", **(environment | broken))
    assert done.returncode == 1
    wrong = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("MEND")}
    assert "paceline migrate" in wrong["Schema"]
    assert "REDIS_URL" in wrong["Redis"]
    assert "GOOGLE_CLIENT_SECRET" in wrong["Sign-in"]


def test_doctor_without_any_server_says_so(tmp_path: Path) -> None:
    done = paceline("doctor", "--data-dir", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "DATABASE_URL is not set and no `paceline up` runs on" in done.stdout
    assert "Traceback" not in done.stderr


def test_an_api_key_is_printed_alone_and_works(up: Up) -> None:
    done = paceline("api-key", "create", "--email", SEEDED_EMAIL, "--data-dir", str(up.data))
    assert done.returncode == 0, done.stderr
    key = done.stdout.removesuffix("\n")
    assert key.startswith("pl_")
    assert answers(up.line["url"], key)


def test_an_api_key_for_a_stranger_is_one_clear_line(up: Up) -> None:
    code, words = refused("api-key", "create", "--email", "nobody@example.com", "--data-dir", str(up.data))
    assert code == 1
    assert words.startswith("paceline: Nobody with the address nobody@example.com")
    assert words.count("\n") == 1


def test_openapi_needs_no_server() -> None:
    document = json.loads(paceline("openapi").stdout)
    assert document["info"]["title"] == "Paceline"
    assert "/v1/api-keys" in document["paths"]


def test_migrate_may_be_repeated(environment: dict[str, str], empty_database_url: str) -> None:
    wanted = environment | {"DATABASE_URL": empty_database_url}
    first, second = paceline("migrate", **wanted), paceline("migrate", **wanted)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "applied 0001_core.sql\n" in first.stdout
    assert second.stdout == "The database is up to date.\n"


def test_web_takes_its_port_from_the_environment_and_ends_cleanly(environment: dict[str, str]) -> None:
    port = free_port()
    with subprocess.Popen([*PACELINE, "web"], env=clean_environment() | environment | {"PORT": str(port)}) as process:
        wait_until_sync(lambda: is_there(f"http://127.0.0.1:{port}/readyz"), what="the web process")
        process.terminate()
        assert process.wait(30) == 0


def test_web_on_a_taken_port_is_one_clear_line(up: Up, environment: dict[str, str]) -> None:
    port = up.line["url"].rsplit(":", 1)[1]
    code, words = refused("web", "--port", port, environ=environment)
    assert code == 1
    assert words.startswith(f"paceline: Cannot listen on 127.0.0.1, port {port} (Address already in use)")


@pytest.mark.parametrize("command", ["web", "worker", "migrate"])
def test_a_missing_variable_is_one_clear_line(command: str) -> None:
    assert refused(command) == (
        1,
        "paceline: DATABASE_URL is not set: give it a postgresql:// URL; `paceline up` brings its own server.\n",
    )


def test_an_error_is_json_where_events_are() -> None:
    code, words = refused("migrate", environ={"LOG_FORMAT": "json"})
    assert code == 1
    assert json.loads(words)["level"] == "error"


@pytest.mark.parametrize("arguments", [("up", "--port", "70000"), ("up", "--workers", "-1"), ("fly",), ()])
def test_wrong_arguments_are_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert refused(*arguments)[0] == 2


def test_up_without_a_built_dashboard_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up_command, "DASHBOARD", tmp_path / "index.html")
    from app.cli import parser

    with pytest.raises(ConfigurationError, match="make setup"):
        up_command.run(parser().parse_args(["up", "--data-dir", str(tmp_path / "data")]))
    assert not (tmp_path / "data").exists()
