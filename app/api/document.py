"""The OpenAPI document: what Litestar knows of the routes, completed with what it cannot know.

The schemas are msgspec's own, since it is msgspec that checks the bodies; to them come the notes beside the fields,
examples, and the refusals of each operation with their bodies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from app.api import examples, refusals
from app.api.field_notes import notes_by_struct, structs
from app.api.problems import ProblemBody

Said = dict[str, Any]

REFUSAL: Final[Said] = {"$ref": "#/components/schemas/ProblemBody"}
REF: Final = "#/components/schemas/"
LISTED: Final = re.compile(rf"^({REF}\w+?)_(?:\w+\.)+(\w+_)$")  # Litestar's name of `List[Email]`
REQUEST_ID: Final[Said] = {
    "description": "The same as in the log: say it when you ask about a request.",
    "schema": {"type": "string"},
}
RETRY_AFTER: Final[Said] = {
    "description": "Seconds to wait before the next try.",
    "schema": {"type": "integer", "minimum": 1},
}
STREAM: Final = "retry: 2000\n: connected\n\ndata: changed\n\n"


def complete(app: Litestar) -> Said:
    """The document as JSON. Costs a fifth of a second: keep it."""
    document: Said = app.openapi_schema.to_schema()
    components = schemas(app, document)
    responses: Said = {}
    document["components"] |= {"schemas": components, "responses": responses}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _complete(operation, components)
            sends = operation["operationId"] in _sending(app)
            for status, bodies in refusals.of_operation(operation | {"path": path}, method=method, sends=sends).items():
                name = ".".join([HTTPStatus(status).phrase.replace(" ", ""), *(each["name"] for each in bodies)])
                responses[name] = _refused(status, bodies)
                operation["responses"][str(status)] = {"$ref": f"#/components/responses/{name}"}
            if method not in ("get", "head"):
                operation["security"] = [{"apiKey": []}, {"session": [], "csrfToken": []}]
    return document


def schemas(app: Litestar, document: Said) -> Said:
    """The schema of every Struct that an operation takes or gives, or that the document names."""
    known = structs()
    named = {known[name] for name in set(_named(document["paths"])) if name in known}
    wanted = {ProblemBody, *named, *(each for handler in handlers(app) for each in _structs(handler))}
    ordered = sorted(wanted, key=str)
    _, components = msgspec.json.schema_components(ordered, ref_template=REF + "{name}")
    notes = notes_by_struct()
    for name, schema in components.items():
        for field, said in schema.get("properties", {}).items():
            _merge_extra(said)
            if said.get("default", "") is None:
                del said["default"]  # absent or null: no value to show
            if field in _moments(known.get(name)):
                _say_date_time(said)
            if note := notes.get(name, {}).get(field):
                said.setdefault("description", f"{note[0].upper()}{note[1:].rstrip('.')}.")
    return dict(sorted(components.items()))


def _named(said: Any) -> Iterator[str]:
    if isinstance(said, dict):
        if "$ref" in said:
            yield str(said["$ref"]).removeprefix(REF)
        said = list(said.values())
    if isinstance(said, list):
        for each in said:
            yield from _named(each)


def _moments(struct: type[msgspec.Struct] | None) -> set[str]:
    """The fields that hold a datetime; msgspec leaves their format open."""
    fields = msgspec.structs.fields(struct) if struct else ()
    return {field.encode_name for field in fields if datetime in (field.type, *get_args(field.type))}


def _say_date_time(schema: Said) -> None:
    for each in schema.get("anyOf", [schema]):
        if each.get("type") == "string":
            each["format"] = "date-time"


def _merge_extra(schema: Any) -> None:
    """What a Struct says with `extra_json_schema={"extra": ...}`, as Litestar reads it, is a part of the schema."""
    if isinstance(schema, dict):
        schema.update(schema.pop("extra", {}))
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _merge_extra(each)


def handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    """Those of the API, each once: under /v1."""
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/v1/"):
            yield from (each for each in route.route_handlers if each.operation_id)


def _structs(handler: HTTPRouteHandler) -> Iterator[Any]:
    signature = handler.parsed_fn_signature
    given = [field.annotation for name, field in signature.parameters.items() if name == "data"]
    answers = [spec.data_container for spec in (handler.responses or {}).values()]
    for annotation in [*given, signature.return_type.annotation, *answers]:
        for each in _unwrapped(annotation):
            origin = get_origin(each) or each
            if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
                yield each


def _unwrapped(annotation: Any) -> list[Any]:
    """`Response[Email]` is Email; `Email | None` is both."""
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
        return [annotation]
    return [inner for each in get_args(annotation) for inner in _unwrapped(each)] or [annotation]


def _sending(app: Litestar) -> set[str]:
    return {str(handler.operation_id) for handler in handlers(app) if handler.opt.get("scope") == "send"}


def _complete(operation: Said, components: Said) -> None:
    operation.pop("deprecated", None)
    for parameter in operation.get("parameters", []):
        _complete_parameter(parameter)
    body = operation.get("requestBody", {})
    if any({"type": "null"} in media.get("schema", {}).get("oneOf", ()) for media in body.get("content", {}).values()):
        body["required"] = False
    good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
    for status, answer in good.items():
        answer |= {"headers": {"X-Request-Id": REQUEST_ID}, "description": HTTPStatus(int(status)).phrase}
    operation["responses"] = good
    for told in (body, *good.values()):
        for kind, media in told.get("content", {}).items():
            _complete_media(kind, media, components)


def _complete_parameter(parameter: Said) -> None:
    for flag in ("deprecated", "allowEmptyValue", "allowReserved"):
        parameter.pop(flag, None)
    schema = parameter["schema"]
    schema.pop("description", None)
    # In a URL there is no null: an absent parameter says the same.
    choices = [each for each in schema.pop("oneOf", []) if each.get("type") != "null"]
    if len(choices) == 1:
        schema.update(choices[0])
    elif choices:
        schema["anyOf"] = choices
    name = parameter["name"]
    parameter.setdefault("description", f"Only those of this {name.removesuffix('_id')}.")
    if "default" not in schema and schema.get("format") == "uuid":
        parameter["example"] = examples.VALUES.get(name) or examples.ID


def _complete_media(kind: str, media: Said, components: Said) -> None:
    schema = _with_our_names(media.get("schema", {}))
    if kind == "text/event-stream":
        media["schema"] = {"type": "string"}
        media["example"] = STREAM
        return
    media["schema"] = schema
    if kind == "application/json" or "form" in kind:
        media.setdefault("example", examples.of(schema, components))


def _with_our_names(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            name: LISTED.sub(r"\1_\2", said) if name == "$ref" else _with_our_names(said)
            for name, said in schema.items()
        }
    return [_with_our_names(each) for each in schema] if isinstance(schema, list) else schema


def _refused(status: int, bodies: list[Said]) -> Said:
    headers = {"X-Request-Id": REQUEST_ID}
    if status in (429, 503):
        headers["Retry-After"] = RETRY_AFTER
    shown = {each["name"]: {"value": each} for each in bodies}
    content = {"schema": REFUSAL, "examples": shown}
    return {"description": refusals.DESCRIPTIONS[status], "headers": headers, "content": {"application/json": content}}
