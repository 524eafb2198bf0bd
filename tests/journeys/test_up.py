"""`paceline up`: real processes, from the ready line to the last child's end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.ports import free_port
from tests.support.up import Up, answers, lives, refused, running, wait_for_end
from tests.support.waiting import wait_until_sync

KEYS = {
    *("url", "sign_in_url", "api_key", "database_url", "redis_url"),
    *("smtp_host", "smtp_port", "inbox_url", "pids"),
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One that several tests share: none of them stops it."""
    with running(tmp_path_factory.mktemp("up") / "data", "--workers", "2", environ={"LOG_FORMAT": "json"}) as shared:
        shared.ready()
        yield shared


def test_the_ready_line_says_where_everything_is(up: Up) -> None:
    line = up.line
    assert set(line) == KEYS
    assert {kind: len(pids) for kind, pids in line["pids"].items()} == {"web": 1, "worker": 2}
    assert all(lives(pid) for pids in line["pids"].values() for pid in pids)
    assert up.run_json() == line
    assert answers(line["url"], line["api_key"])
    assert httpx.get(f"{line['url']}/readyz").status_code == 200
    assert httpx.get(f"{line['inbox_url']}/api/messages").json() == []
    assert (line["smtp_host"], isinstance(line["smtp_port"], int)) == ("127.0.0.1", True)
    assert line["sign_in_url"].startswith(f"{line['url']}/auth/link/")
    assert line["database_url"].startswith("postgresql://")
    assert line["redis_url"].startswith("redis://")


def test_children_have_process_groups_of_their_own(up: Up) -> None:
    for name, pid in up.pids().items():
        assert os.getpgid(pid) == pid, name


def test_secrets_are_closed_to_others(up: Up) -> None:
    for name in ("run.json", "secret_key", "api_key", "postgres_password", "redis_password", "children.json"):
        assert (up.data / name).stat().st_mode & 0o077 == 0, name


def test_events_are_json_lines(up: Up) -> None:
    expected = {"up.ready", "worker.ready", "migrate.applied"}
    wait_until_sync(lambda: expected <= {json.loads(line)["event"] for line in up.words.splitlines()})


def test_a_second_up_on_the_folder_is_refused_and_the_first_goes_on(up: Up) -> None:
    code, words = refused("up", "--json", "--port", "0", "--data-dir", str(up.data))
    assert code == 1
    assert f"Another `paceline up` (process {up.process.pid}) runs on {up.data}" in words
    assert "Traceback" not in words
    assert answers(up.line["url"], up.line["api_key"])


@pytest.mark.parametrize("kind", ["worker", "web", "inbox", "postgres", "redis"])
def test_a_killed_child_comes_back_and_it_is_said(up: Up, kind: str) -> None:
    name = "worker-1" if kind == "worker" else kind
    before = up.pids()
    os.kill(before[name], signal.SIGKILL)
    wait_until_sync(lambda: up.pids().get(name, before[name]) != before[name], what=f"a new {name}")
    wait_until_sync(lambda: name in restarted(up), 60, what=f"the word of {name}")
    wait_until_sync(lambda: answers(up.line["url"], up.line["api_key"]), 60, what="the API")
    now = up.run_json()
    assert now["pids"] == {"web": [up.pids()["web"]], "worker": [up.pids()["worker-1"], up.pids()["worker-2"]]}
    assert now | {"pids": {}} == up.line | {"pids": {}}
    assert httpx.get(f"{now['inbox_url']}/healthz").status_code == 200


def restarted(up: Up) -> set[str]:
    """The children of which it was said that they are back. Only then do they serve."""
    events = [json.loads(line) for line in up.words.splitlines()]
    return {event["child"] for event in events if event["event"] == "child.restarted"}


def test_a_port_that_is_taken_is_named_with_the_mend(up: Up, tmp_path: Path) -> None:
    port = up.line["url"].rsplit(":", 1)[1]
    code, words = refused("up", "--json", "--port", port, "--data-dir", str(tmp_path / "data"))
    assert code == 1
    assert f"Port {port} is taken" in words
    assert "--port" in words
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_stopping_ends_every_child(tmp_path: Path, with_signal: signal.Signals) -> None:
    with running(tmp_path / "data") as up:
        up.ready()
        children = up.pids()
        assert set(children) == {"web", "worker-1", "inbox", "redis", "postgres"}
        assert up.stop(with_signal) == 0
        assert [name for name, pid in children.items() if lives(pid)] == []
    assert not (tmp_path / "data" / "run.json").exists()
    assert "child.killed" not in up.words


def test_a_second_start_finds_everything_again(tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        first = up.ready()
        with psycopg.connect(first["database_url"], autocommit=True) as connection:
            connection.execute("create table kept as select 42 as answer")
    with running(tmp_path / "data") as up:
        second = up.ready()
        assert answers(second["url"], first["api_key"])
        with psycopg.connect(second["database_url"]) as connection:
            assert connection.execute("select answer from kept").fetchone() == (42,)
    same = ("api_key", "database_url", "redis_url", "smtp_port", "inbox_url")
    assert {key: second[key] for key in same} == {key: first[key] for key in same}
    assert second["sign_in_url"].rsplit("/", 1)[1] != first["sign_in_url"].rsplit("/", 1)[1]


def test_nothing_outlives_a_killed_up_and_the_next_one_starts(tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        first = up.ready()
        children = up.pids()
        up.process.kill()
        up.process.wait()
        with running(tmp_path / "data") as again:
            assert answers(again.ready()["url"], first["api_key"])
            wait_for_end(list(children.values()))


def test_a_stop_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        wait_until_sync((tmp_path / "data" / "children.json").exists, what="the first child")
        children = up.pids()
        assert up.stop() == 0
        assert [name for name, pid in children.items() if lives(pid)] == []


def test_servers_of_ones_own_keep_the_embedded_ones_off(
    tmp_path: Path, empty_database_url: str, redis_url: str
) -> None:
    environ = {"DATABASE_URL": empty_database_url, "REDIS_URL": redis_url}
    with running(tmp_path / "data", environ=environ) as up:
        line = up.ready()
        assert (line["database_url"], line["redis_url"]) == (empty_database_url, redis_url)
        assert answers(line["url"], line["api_key"])
        assert set(up.pids()) == {"web", "worker-1", "inbox"}
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "redis").exists()


def test_a_database_that_is_newer_than_the_code_is_left_alone(tmp_path: Path) -> None:
    with (
        running(tmp_path / "data") as up,
        psycopg.connect(up.ready()["database_url"], autocommit=True) as connection,
    ):
        connection.execute("insert into schema_migrations (name) values ('9999_from_the_future.sql')")
    with running(tmp_path / "data") as up:
        assert up.process.wait(60) == 1
        wait_until_sync(lambda: "newer Paceline" in up.words)
        assert "Traceback" not in up.words
        wait_for_end(list(up.pids().values()))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, words = refused("up", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
    assert code == 1
    assert words.startswith(f"paceline: The data folder {tmp_path}/file/data is not writable (Not a directory)")


def test_a_postgres_that_does_not_answer_is_named(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": f"postgresql://paceline:hunter2@127.0.0.1:{free_port()}/paceline"}
    code, words = refused("up", "--port", "0", "--data-dir", str(tmp_path / "data"), environ=environ)
    assert code == 1
    assert "paceline: Postgres does not answer" in words
    assert "hunter2" not in words
    assert "Traceback" not in words


def test_a_redis_that_does_not_answer_is_named(tmp_path: Path) -> None:
    environ = {"REDIS_URL": f"redis://:hunter2@127.0.0.1:{free_port()}/0"}
    code, words = refused("up", "--port", "0", "--data-dir", str(tmp_path / "data"), environ=environ)
    assert code == 1
    assert "paceline: Redis does not answer" in words
    assert "hunter2" not in words


def test_a_wrong_variable_is_named_before_anything_is_made(tmp_path: Path) -> None:
    environ = {"RATE_WINDOW_SECONDS": "soon"}
    code, words = refused("up", "--port", "0", "--data-dir", str(tmp_path / "data"), environ=environ)
    assert (code, words) == (1, "paceline: RATE_WINDOW_SECONDS='soon' is not a number of at least 1.\n")
    assert not (tmp_path / "data").exists()


def test_links_follow_base_url_and_the_url_is_where_it_listens(tmp_path: Path) -> None:
    with running(tmp_path / "data", environ={"BASE_URL": "https://mail.example.com/"}) as up:
        line = up.ready()
        assert line["sign_in_url"].startswith("https://mail.example.com/auth/link/")
        assert answers(line["url"], line["api_key"])
