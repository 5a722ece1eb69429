"""Every operation of the API, asked and answered once: ``python -m tests.docs.examples`` writes docs/examples.md.

The requests follow from the OpenAPI document and its examples; ``SPECIAL`` says what it cannot.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import structlog
from werkzeug.test import TestResponse

from services.gateway.domain.records import Role
from services.gateway.openapi import describe_api
from tests.support.example_world import ExampleWorld

PAGE = Path(__file__).resolve().parents[2] / "docs" / "examples.md"
_METHODS = ("get", "post", "put", "patch", "delete", "options")
_MOST_LINES = 40
# A report escapes the underscore.
_ID = re.compile(r"\b([a-z]{2,7})\\?_(?:[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{26})\b")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_SECRET = re.compile(r"fl[ts]_[A-Za-z0-9_-]+")
_HEAD = """# Examples

Every operation of the API, asked once on a small gateway and answered as shown. A test asks all of them again and holds
every answer against the [OpenAPI document](openapi.json); `python -m tests.docs.examples` writes this page. Ids, hashes
and tokens are put plainly, and long answers are cut. [HTTP API](api.md) says what the operations mean.
"""


@dataclass(frozen=True, slots=True)
class Special:
    """What a request needs beyond its path and the example of its body; ``body`` names members of it."""

    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    is_anonymous: bool = False


_ACTION = "/api/incidents/{incident_id}/actions/{action_id}"
SPECIAL: dict[tuple[str, str], Special] = {
    ("POST", "/api/session"): Special(body={"token": "admin_secret"}, is_anonymous=True),
    ("POST", "/api/incidents/{incident_id}/merge"): Special(body={"into": "other_incident_id"}),
    ("POST", "/api/incidents/{incident_id}/relations"): Special(body={"incidentId": "other_incident_id"}),
    ("POST", "/api/incidents/{incident_id}/split"): Special(names={"incident_id": "merged_incident_id"}),
    ("POST", f"{_ACTION}/approve"): Special(body={"digest": "review_digest"}),
    ("POST", f"{_ACTION}/execute"): Special(names={"action_id": "approved_action_id"}),
    ("POST", f"{_ACTION}/request-approval"): Special(names={"action_id": "proposed_action_id"}),
    ("GET", f"{_ACTION}/previews/{{preview_id}}"): Special(names={"preview_id": "action_preview_id"}),
    ("POST", f"{_ACTION}/dry-run"): Special(names={"action_id": "change_action_id"}),
    ("POST", "/api/jobs/{job_id}/cancel"): Special(names={"job_id": "waiting_job_id"}),
    ("GET", "/api/quickdx"): Special(query={"context": "prod", "namespace": "shop", "state": "done"}),
    ("GET", "/api/stream"): Special(query={"seconds": 0}),
    ("GET", "/api/incidents/{incident_id}/stream"): Special(query={"seconds": 0}),
    ("GET", "/api/incidents"): Special(query={"severity": "high", "q": "checkout", "limit": 10}),
    ("POST", "/v2/alerts/{identifier}/close"): Special(query={"identifierType": "alias"}),
    ("POST", "/v2/alerts/{identifier}/acknowledge"): Special(query={"identifierType": "alias"}),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One operation, how it was asked, and how it was answered."""

    method: str
    path: str
    operation: dict[str, Any]
    asked: str
    body: Any
    answer: TestResponse

    @property
    def promised(self) -> dict[str, Any]:
        """The one success that the document promises, by status."""
        responses = self.operation["responses"]
        return {status: responses[status] for status in responses if status[0] in "23" and status != "304"}


def read_document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    document: dict[str, Any] = msgspec.json.decode(describe_api())
    return document


def all_operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and description of every operation."""
    for path, members in document["paths"].items():
        for method in _METHODS:
            if method in members:
                yield method.upper(), path, members[method]


@cache
def _world_to_read() -> ExampleWorld:
    """One world for all who change nothing: making one costs more than asking."""
    return ExampleWorld()


def ask(method: str, path: str, operation: dict[str, Any]) -> Example:
    """Ask one operation, a write in a world of its own, as its least role or as an admin where it needs none."""
    # An export is told of in the audit log.
    world = _world_to_read() if method == "GET" and not path.endswith("/export") else ExampleWorld()
    special = SPECIAL.get((method, path), Special())
    names = world.names | {name: world.names[other] for name, other in special.names.items()}
    asked = re.sub(r"{(\w+)}", lambda match: names[match[1]], path)
    content = operation.get("requestBody", {}).get("content", {})
    body = next(iter(content.values())).get("example") if content else None
    if special.body:
        body = body | {member: world.names[name] for member, name in special.body.items()}
    role = operation["x-required-role"]
    options: dict[str, Any] = {"json": body} if body is not None else {}
    answer = world.gw.call(
        method,
        asked,
        role=None if special.is_anonymous else Role.ADMIN if role == "none" else Role(role),
        query_string=special.query,
        headers=special.headers,
        buffered=True,
        **options,
    )
    query = "&".join(f"{name}={value}" for name, value in special.query.items())
    return Example(method, path, operation, f"{asked}?{query}" if query else asked, body, answer)


def render(example: Example) -> str:
    """Return the section of one operation."""
    answer = example.answer
    lines = [f"### `{example.method} {example.path}`", "", f"{example.operation['summary']}", "", "```http"]
    lines += [f"{example.method} {example.asked}"]
    if example.body is not None:
        lines += ["Content-Type: application/json", "", *_json_lines(example.body)]
    lines += ["```", "", "```http", f"{answer.status_code} {answer.status.partition(' ')[2].title()}"]
    lines += [f"{name}: {answer.headers[name]}" for name in ("Location", "ETag") if name in answer.headers]
    if answer.mimetype == "application/zip":
        lines += ["", "(the bundle)"]
    elif answer.data:
        lines += ["", *(_json_lines(answer.json) if answer.is_json else _text_lines(answer))]
    return _plain("\n".join([*lines, "```", ""]))


def render_page() -> str:
    """Return the page, in the order of the document, by tag."""
    document = read_document()
    parts, heading = [_HEAD], ""
    for method, path, operation in all_operations(document):
        tag = operation["tags"][0]
        if tag != heading:
            heading = tag
            parts.append(f"## {tag.title()}\n")
        parts.append(render(ask(method, path, operation)))
    return "\n".join(parts)


def _json_lines(value: Any) -> list[str]:
    return _cut(json.dumps(value, indent=2, ensure_ascii=False).splitlines())


def _text_lines(answer: TestResponse) -> list[str]:
    lines = answer.text.strip().splitlines()
    # Metrics tell how fast this machine is.
    return [*lines[:3], "…"] if answer.mimetype == "text/plain" else _cut(lines)


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST_LINES else [*lines[:_MOST_LINES], "…"]


def _plain(text: str) -> str:
    """Put in place of every id, hash and token, which differ from run to run, one that does not."""
    seen: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return seen.setdefault(match[0], f"{match[1]}_{len(seen) + 1}")

    text = _SECRET.sub("$TOKEN", _ID.sub(number, text))
    text = re.sub(r'ETag: "(\d+-)?[0-9a-f]{16}"', lambda match: f'ETag: "{match[1] or ""}…"', text)
    text = re.sub(r'"took": [0-9.]+', '"took": 0.001', text)
    return _HASH.sub("…", text)


def main() -> int:
    """Write the page."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    PAGE.write_text(render_page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
