"""The deploy files agree with each other and name only what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import settings

ROOT = Path(__file__).parents[2]


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


def fly() -> dict[str, Any]:
    return tomllib.loads((ROOT / "fly.toml").read_text())


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def test_every_file_starts_the_processes_alike() -> None:
    expected = procfile()
    assert expected == {"release": "paceline migrate", "web": "paceline web", "worker": "paceline worker"}
    assert fly()["processes"] == {name: expected[name] for name in ("web", "worker")}
    assert fly()["deploy"]["release_command"] == expected["release"]
    composed = {name: shlex.join(service["command"]) for name, service in services().items() if "build" in service}
    assert composed == {"migrate": expected["release"], "web": expected["web"], "worker": expected["worker"]}


@pytest.mark.parametrize("command", ["migrate", "web", "worker", "doctor"])
def test_every_command_exists(command: str) -> None:
    paceline = Path(sys.executable).with_name("paceline")
    answer = subprocess.run([paceline, command, "--help"], capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 0, answer.stderr


def test_every_variable_is_one_that_paceline_reads() -> None:
    source = Path(settings.__file__).read_text() + " PORT"
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    used = {*example, *services()["web"]["environment"], *fly()["env"]}
    assert {name for name in used if not re.search(rf"\b{name}\b", source)} == set()


def test_every_variable_that_paceline_reads_is_explained() -> None:
    read = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', Path(settings.__file__).read_text()))
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {name for name in read - explained if not name.startswith("PACELINE_")} == set()


def test_a_compose_file_without_a_secret_key_is_refused() -> None:
    assert ":?" in services()["web"]["environment"]["SECRET_KEY"]


def test_the_image_has_every_file_that_it_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    paths = [path for line in copied for path in line.split()]
    assert paths != []
    assert [path for path in paths if not (ROOT / path).exists()] == []
    shown = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [path for path in paths if not any(f"{path}/".startswith(f"{prefix}/") for prefix in shown)] == []
