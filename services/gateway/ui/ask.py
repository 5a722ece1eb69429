"""Ask the public API on behalf of the person behind a page: the screens have no other way to read or change anything.

The request goes through the whole app, with the cookie and the proof the browser sent, or the token of a program. So a
page can never show or do what the API forbids, and nothing here decides who may do what.
"""

import contextvars
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from flask import current_app, g, request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from services.gateway.api.browser import CSRF_HEADER
from services.gateway.trail import current_trail

JSON = "application/json"
# Marks a request as a page's own, in what WSGI calls the environment: no client can set it.
IN_PROCESS = "faultline.in_process"
# Who asks, and what a browser says of where a request is from: the API judges by it.
_PASSED_ON = ("Authorization", "Cookie", "Origin", "Sec-Fetch-Site", "User-Agent")
_WHENCE = frozenset({"Origin", "Sec-Fetch-Site"})
# What is asked with POST because it has much to say, and changes nothing.
_QUESTIONS = frozenset({"/api/policy/explain"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Query = Mapping[str, Any]
_HeaderList = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered. ``body`` is its JSON; None where it sent none."""

    status: int
    headers: Headers
    data: bytes
    body: Any

    @property
    def is_refused(self) -> bool:
        return self.status >= HTTPStatus.BAD_REQUEST


class ApiRefused(Exception):
    """The API refused; ``problem`` is its problem+json."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer
        self.status = answer.status
        self.problem: dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


def read(path: str, query: Query | None = None) -> Any:
    """Return what a GET of ``path`` answers; raises ``ApiRefused``. Members of ``query`` that are None are left out."""
    answer = ask("GET", path, query=query)
    return answer.body


@dataclass(frozen=True, slots=True)
class One:
    """One of several writes of one form: its name makes its key, and a version of its own refuses what is stale."""

    name: str
    version: str


def write(method: str, path: str, body: Any = None, *, query: Query | None = None, one: One | None = None) -> Answer:
    """Send a write of the form at hand; raises ``ApiRefused``.

    The form's ``requestKey`` makes a repeat the same request, and its ``version`` refuses one that is stale. A form
    that makes several writes says which one each is.
    """
    return ask(method, path, body=body, query=query, shown=_headers(method, one))


def question(path: str, body: Any, csrf_token: str) -> Any:
    """Return what the API answers to one of the POSTs that change nothing; raises ``ApiRefused``.

    A page asks it while it is made, so no form brought a proof: it shows the session's own, and says nothing of where
    the page was opened from, which is no request that a site began.
    """
    if path not in _QUESTIONS:
        raise ValueError(path)
    return ask("POST", path, body=body, shown=_headers_of_question(csrf_token)).body


def ask(
    method: str, path: str, *, body: Any = None, query: Query | None = None, shown: _HeaderList | None = None
) -> Answer:
    """Send a request to the API as the person at hand; raises ``ApiRefused`` when it is refused.

    ``path`` is as routes see paths, unquoted: whatever stands in an id from an address, it stays that one id.
    """
    builder = EnvironBuilder(
        path=quote(path),
        method=method,
        base_url=request.host_url,
        query_string=_flatten(query or {}),
        headers=_headers(method) if shown is None else shown,
        data=_encode(body) if body is not None else None,
        content_type=JSON if body is not None else None,
        environ_base={"REMOTE_ADDR": request.remote_addr or ""},
    )
    try:
        environ = builder.get_environ()
    finally:
        builder.close()
    environ[IN_PROCESS] = True
    # In a context of its own: what the app knows of this request must not be mixed with what it knows of that one.
    data, status, headers = contextvars.Context().run(_run, current_app.wsgi_app, environ)
    decoded = msgspec.json.decode(data) if data and "json" in headers.get("Content-Type", "") else None
    answer = Answer(int(status.partition(" ")[0]), headers, data, decoded)
    if answer.is_refused:
        raise ApiRefused(answer)
    return answer


def _encode(body: Any) -> bytes:
    """Return ``body`` as JSON; raises ``ApiRefused`` for what a form may hold and JSON on the way may not."""
    try:
        return msgspec.json.encode(body)
    except (UnicodeEncodeError, OverflowError, RecursionError, ValueError):
        detail = "It has half a character, such as \\ud800, a number too large, or is nested too deeply."
        problem = {"title": "The input is not valid", "detail": detail, "code": "validation_failed"}
        raise ApiRefused(Answer(HTTPStatus.UNPROCESSABLE_ENTITY, Headers(), b"", problem)) from None


def _run(app: Any, environ: Any) -> tuple[bytes, str, Headers]:
    chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
    return b"".join(chunks), status, headers


def _headers(method: str, one: One | None = None) -> list[tuple[str, str]]:
    headers = [(name, request.headers[name]) for name in _PASSED_ON if name in request.headers]
    headers += _trail_headers()
    if method in _WRITES:
        form = request.form
        headers.append((CSRF_HEADER, request.headers.get(CSRF_HEADER) or form.get("csrfToken", "")))
        if key := form.get("requestKey"):
            headers.append(("Idempotency-Key", f"{key}.{one.name}" if one else key))
        if version := one.version if one else form.get("version"):
            headers.append(("If-Match", f'"{version}"'))
    return headers


def _headers_of_question(csrf_token: str) -> list[tuple[str, str]]:
    headers = [(name, request.headers[name]) for name in _PASSED_ON if name in request.headers and name not in _WHENCE]
    return [*headers, *_trail_headers(), (CSRF_HEADER, csrf_token)]


def _trail_headers() -> list[tuple[str, str]]:
    trail = current_trail()
    traced = [("traceparent", trail.trace)] if trail is not None and trail.trace is not None else []
    return [("X-Request-Id", g.request_id), *traced]


def _flatten(query: Query) -> str:
    """Return the query as it stands in an address; a list is one pair a value."""
    return urlencode([(name, value) for name, value in query.items() if value is not None], doseq=True)
