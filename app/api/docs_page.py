"""The page at /docs, made of the OpenAPI document alone: plain HTML, no script, nothing from another server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

Schema = dict[str, Any]

METHODS: Final = ("get", "post", "put", "patch", "delete")
DEEPEST: Final = 4  # levels of a body that are listed; what is deeper is in the document


@dataclass(frozen=True, slots=True)
class Field:
    path: str  # `recipients[].email`
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    tables: list[tuple[str, list[Field]]]
    examples: list[tuple[str, str]]  # what of, and its text
    refusals: list[tuple[str, str]]  # status and names


def render(document: Schema, *, base_url: str) -> bytes:
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    templates.filters["prose"] = prose
    page = templates.get_template("docs.html.j2").render(
        info=document["info"], openapi=document["openapi"], groups=groups(document), base_url=base_url
    )
    return page.encode()


def prose(text: str) -> Markup:
    """Text with `code` in backticks."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text or ""))))  # noqa: S704  # escaped before


def groups(document: Schema) -> list[tuple[str, list[Operation]]]:
    """Operations by tag, both in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["Other"])[0]
                found.setdefault(tag, []).append(operation(document, path, method, item[method]))
    return list(found.items())


def operation(document: Schema, path: str, method: str, said: Schema) -> Operation:
    tables = [("Parameters", [parameter(document, each) for each in said.get("parameters", [])])]
    for kind, content in said.get("requestBody", {}).get("content", {}).items():
        tables.append((f"Body ({kind})", fields(document, content.get("schema", {}))))
    for status, answer in said.get("responses", {}).items():
        if status.startswith("2"):
            content = answer.get("content", {}).get("application/json", {})
            told = [replace(field, required=False) for field in fields(document, content.get("schema", {}))]
            tables.append((f"Answer {status}", told))
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary") or said["operationId"],
        description=said.get("description", ""),
        tables=tables,
        examples=list(shown_examples(said)),
        refusals=list(named_refusals(document, said)),
    )


def shown_examples(said: Schema) -> Iterator[tuple[str, str]]:
    """One request and one good answer; what is no JSON as it stands."""
    bodies = [("A request", said.get("requestBody", {}))]
    bodies += [("Its answer", answer) for status, answer in said["responses"].items() if status.startswith("2")]
    for title, body in bodies:
        for kind, content in body.get("content", {}).items():
            if "example" in content and "form" not in kind:
                example = content["example"]
                yield title, example if isinstance(example, str) else json.dumps(example, indent=2)
                break


def named_refusals(document: Schema, said: Schema) -> Iterator[tuple[str, str]]:
    """`409`, "`already_sending`, `part_of_campaign`"."""
    for status, answer in said["responses"].items():
        if status.startswith(("4", "5")):
            refusal = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]]
            yield status, ", ".join(f"`{name}`" for name in refusal["content"]["application/json"]["examples"])


def parameter(document: Schema, said: Schema) -> Field:
    where = "" if said["in"] == "query" else f" ({said['in']})"
    kind = type_of(document, said.get("schema", {}))
    return Field(said["name"], kind + where, said.get("required", False), said.get("description", ""))


def fields(document: Schema, schema: Schema, prefix: str = "", level: int = 0) -> list[Field]:
    """The fields of an object and of what it holds, parents first."""
    schema = resolved(document, schema)
    if schema.get("type") == "array":
        return fields(document, schema.get("items", {}), f"{prefix}[]", level)
    listed = []
    for name, inner in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        required = name in schema.get("required", [])
        listed.append(Field(path, type_of(document, inner), required, resolved(document, inner).get("description", "")))
        if level + 1 < DEEPEST:
            listed += fields(document, one_of(document, inner), path, level + 1)
    return listed


def one_of(document: Schema, schema: Schema) -> Schema:
    """The object among alternatives such as "this or null"; nothing where there are two."""
    schema = resolved(document, schema)
    choices = [each for each in alternatives(document, schema) if each.get("type") in ("object", "array")]
    return choices[0] if len(choices) == 1 else {}


def alternatives(document: Schema, schema: Schema) -> list[Schema]:
    inner = schema.get("oneOf") or schema.get("anyOf")
    return [resolved(document, each) for each in inner] if inner else [schema]


def type_of(document: Schema, schema: Schema) -> str:
    """`string or null`, `integer, 1 to 100`, `list of object`."""
    schema = resolved(document, schema)
    return " or ".join(dict.fromkeys(plain_type(document, each) for each in alternatives(document, schema)))


def plain_type(document: Schema, schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {type_of(document, schema.get('items', {}))}"
    if "format" in schema:
        return f"{kind} ({schema['format']})"
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"{kind}, {low:g} to {high:g}" if low is not None and high is not None else str(kind)


def resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema
