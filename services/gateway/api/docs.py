"""The OpenAPI document and its page for people: rendered here, so that it needs no script and no CDN."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
from flask import Blueprint, Response, current_app, render_template

from services.gateway.api.current import JSON, read_answer
from services.gateway.api.description import DescribedApi

blueprint = Blueprint("docs", __name__, template_folder="templates")
_STYLE = (Path(__file__).parent / "static" / "docs.css").read_bytes()
_PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_METHODS = ("get", "post", "patch", "put", "delete")


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    where: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class _Operation:
    method: str
    path: str
    anchor: str
    summary: str
    role: str
    scope: str
    description: str
    parameters: list[_Row]
    body: list[_Row] = field(default_factory=list)
    body_example: str = ""
    answers: list[tuple[str, str, str]] = field(default_factory=list)


def spec_json() -> bytes:
    """Return the OpenAPI document of this app; it never changes while the gateway runs."""
    return cast("DescribedApi", current_app.extensions["faultline_api"]).describe()


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """Serve the document; it describes the API and holds nothing that needs a role."""
    return read_answer(spec_json())


@blueprint.get("/api/docs")
def docs() -> Response:
    """Serve the page for people."""
    spec = msgspec.json.decode(spec_json(), type=dict[str, Any])
    groups: dict[str, list[_Operation]] = {tag["name"]: [] for tag in spec["tags"]}
    for tag, operation in _operations(spec):
        groups[tag].append(operation)
    about = {tag["name"]: tag.get("description", "") for tag in spec["tags"]}
    page = render_template("docs.html", info=spec["info"], groups=groups, about=about)
    return Response(page, headers={"Content-Security-Policy": _PAGE_POLICY}, content_type="text/html; charset=utf-8")


@blueprint.get("/api/docs/style.css")
def style() -> Response:
    """Serve the page's one style sheet."""
    return Response(_STYLE, content_type="text/css; charset=utf-8")


def _operations(spec: dict[str, Any]) -> Iterator[tuple[str, _Operation]]:
    for path, members in spec["paths"].items():
        shared = members.get("parameters", [])
        for method in _METHODS:
            if method in members:
                yield members[method]["tags"][0], _read(spec, path, method, members[method], shared)


def _read(spec: dict[str, Any], path: str, method: str, operation: dict[str, Any], shared: list[Any]) -> _Operation:
    content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    return _Operation(
        method=method.upper(),
        path=path,
        anchor=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        summary=operation.get("summary", ""),
        role=operation.get("x-required-role", "none"),
        scope=operation.get("x-required-scope", "none"),
        description=operation.get("description", ""),
        parameters=[_parameter(spec, _follow(spec, one)) for one in [*shared, *operation.get("parameters", [])]],
        body=list(_members(spec, content.get("schema", {}))),
        body_example=_pretty(content["example"]) if "example" in content else "",
        answers=[
            (status, answer.get("description", ""), _answer_example(answer))
            for status, answer in sorted(operation["responses"].items())
        ],
    )


def _parameter(spec: dict[str, Any], parameter: dict[str, Any]) -> _Row:
    schema = parameter.get("schema", {})
    return _Row(
        parameter["name"],
        parameter["in"],
        _type(spec, schema),
        bool(parameter.get("required")),
        parameter.get("description", ""),
    )


def _members(spec: dict[str, Any], schema: dict[str, Any]) -> Iterator[_Row]:
    found = _follow(spec, schema)
    for name, member in found.get("properties", {}).items():
        required = name in found.get("required", [])
        yield _Row(name, "body", _type(spec, member), required, member.get("description", ""))


def _type(spec: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    kind = schema.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        text = f"{text} of {_type(spec, schema['items'])}"
    if "enum" in schema:
        text += ": " + ", ".join(str(word) for word in schema["enum"] if word is not None)
    limits = {name: schema[name] for name in ("minimum", "maximum", "maxLength", "maxItems") if name in schema}
    return text + "".join(f"; {name} {value}" for name, value in limits.items())


def _follow(spec: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    if not reference:
        return node
    found: Any = spec
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return cast("dict[str, Any]", found)


def _answer_example(answer: dict[str, Any]) -> str:
    for content in answer.get("content", {}).values():
        if "example" in content:
            return _pretty(content["example"])
    return ""


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
