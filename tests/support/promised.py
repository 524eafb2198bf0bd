"""The OpenAPI document as a judge: whether an answer is one that it promises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import jsonschema_rs
from litestar import Litestar

from app.api.docs import document

Said = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    path: str  # as the document has it: /v1/emails/{email_id}
    method: str  # lower case
    said: Said

    @property
    def id(self) -> str:
        return str(self.said["operationId"])

    def parameters(self, where: str) -> list[Said]:
        return [each for each in self.said.get("parameters", []) if each["in"] == where]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        path = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.path.removeprefix("/v1")))
        return re.compile(f"(/v1)?{path}")


class Promised:
    def __init__(self, said: Said) -> None:
        self.said = said
        self.operations = [
            Operation(path, method, each) for path, item in said["paths"].items() for method, each in item.items()
        ]
        self._validators: dict[str, Any] = {}

    def operation(self, method: str, path: str) -> Operation | None:
        """The one that answers; of `/emails/retry` and `/emails/{email_id}` the first."""
        found = [each for each in self.operations if each.method == method.lower() and each.pattern.fullmatch(path)]
        return min(found, key=lambda each: each.path.count("{"), default=None)

    def resolved(self, said: Said) -> Said:
        while "$ref" in said:
            _, _, kind, name = said["$ref"].split("/")
            said = self.said["components"][kind][name]
        return said

    def hold(self, answer: httpx.Response) -> None:
        """Fails for an answer that the document does not promise."""
        assert (broken := self.broken_by(answer)) is None, broken

    def broken_by(self, answer: httpx.Response) -> str | None:
        """What of this answer the document does not say; None where all is as promised, or the path is not its."""
        operation = self.operation(answer.request.method, answer.request.url.path)
        if operation is None:
            return None
        where = f"{operation.method} {operation.path} {answer.status_code}"
        if str(answer.status_code) not in operation.said["responses"]:
            return f"{where} is not in the document: {answer.text[:500]}"
        promised = self.resolved(operation.said["responses"][str(answer.status_code)])
        contents = promised.get("content", {})
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if not contents:
            return f"{where} has a body" if answer.content else None
        if kind not in contents:
            return f"{where} is {kind or 'of no kind'}, not {' or '.join(contents)}"
        if kind != "application/json":
            return None
        body = answer.json()
        if wrong := self.misfit(contents[kind]["schema"], body):
            return f"{where}: {wrong}"
        if answer.status_code == 409 and body["name"] not in contents[kind]["examples"]:
            return f"{where}: {body['name']} is not named in app/api/refusals.py"
        return None

    def misfit(self, schema: Said, value: Any) -> str | None:
        """Why a value does not fit a schema."""
        key = repr(schema)
        if key not in self._validators:
            whole = schema | {"components": self.said["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        error = next(self._validators[key].iter_errors(value), None)
        return f"{error.instance_path}: {error.message}"[:500] if error else None


_kept: Promised | None = None


def promised_by(app: Litestar) -> Promised:
    """Made once: every app has the same document."""
    global _kept
    if _kept is None:
        _kept = Promised(document(app))
    return _kept
