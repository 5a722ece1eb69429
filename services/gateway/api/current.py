"""What a view may know of the request at hand: the gateway, the subject, and how to answer."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec
from flask import Response, current_app, g, request

from services.gateway.api.auth import Authenticator
from services.gateway.api.kept_answers import KeptAnswers, Tagged
from services.gateway.api.metrics import Metrics
from services.gateway.domain.access import Subject
from services.gateway.errors import ValidationFailed
from services.gateway.handlers.answer_once import Answer, RepeatGuard, guard_request
from services.gateway.handlers.judge import Judge
from services.gateway.ports import StoreReads
from services.gateway.wiring import Gateway

JSON = "application/json"
_MOST_DIGITS = 18
_HASHED_AT_ONCE = 2_047
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')
_encode = msgspec.json.Encoder().encode


class Made(NamedTuple):
    """What a read is answered with: a body, the version that ``If-Match`` compares, and until when it is true.

    With ``location`` it says where to look instead.
    """

    body: bytes
    version: int | None = None
    until: datetime | None = None
    location: str | None = None


def gateway() -> Gateway:
    """Return the gateway this app serves."""
    return cast("Gateway", current_app.extensions["faultline"])


def authenticator() -> Authenticator:
    """Return who knows the tokens of this app."""
    return cast("Authenticator", current_app.extensions["faultline_auth"])


def judge() -> Judge:
    """Return what knows the rules in force, compiled once for all requests."""
    return cast("Judge", current_app.extensions["faultline_judge"])


def metrics() -> Metrics:
    """Return the counters of this app."""
    return cast("Metrics", current_app.extensions["faultline_metrics"])


def kept_answers() -> KeptAnswers:
    """Return the answers this app keeps."""
    return cast("KeptAnswers", current_app.extensions["faultline_kept"])


def subject() -> Subject:
    """Return who is behind this request; there only where a role is required."""
    return cast("Subject", g.subject)


def idempotency_key() -> str | None:
    """Return the request's Idempotency-Key; raise ``ValidationFailed`` if it is not 1 to 200 visible characters."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        what = ["must be 1 to 200 visible ASCII characters"]
        raise ValidationFailed("Not valid: Idempotency-Key.", errors={"Idempotency-Key": what})
    return key


def repeat_guard() -> RepeatGuard | None:
    """Return the guard of this request, if it came with an Idempotency-Key.

    What makes it the same request is its method, its path with the query, and its body.
    """
    key = idempotency_key()
    if key is None:
        return None
    path = request.full_path if request.query_string else request.path
    return guard_request(subject().id, key, request.method.encode(), path.encode(), request.get_data(cache=True))


def read_answer(body: bytes, version: int | None = None) -> Response:
    """Answer a read with its ETag, or with 304 if the client holds exactly this already."""
    return _answer_tagged(body, entity_tag(body, version))


def read_text(body: bytes, content_type: str) -> Response:
    """Answer a read that is not JSON, otherwise like ``read_answer``."""
    return _answer_tagged(body, entity_tag(body), content_type)


def read_kept(make: Callable[[StoreReads], Made], *, beside: str = "") -> Response:
    """Answer a read with what ``make`` makes of the store; made anew only if that changed, or its time has come.

    The answer may depend on the path, the query, what ``beside`` says, and the store, and on nothing else; on the
    time only as far as ``Made.until`` says.
    """

    def tagged(store: StoreReads) -> Tagged:
        made = make(store)
        return Tagged(made.body, entity_tag(made.body, made.version), made.until, made.location)

    query = request.query_string.decode("latin-1")
    answer = kept_answers().get((request.path, query, beside), tagged)
    if answer.location is not None:
        # Asked the same way there. Not for ever: a split brings the incident back.
        return Response(answer.body, 307, {"Location": answer.location}, content_type=JSON)
    return _answer_tagged(answer.body, answer.etag)


def _answer_tagged(body: bytes, etag: str, content_type: str = JSON) -> Response:
    if _names(request.headers.get("If-None-Match"), etag):
        return Response(status=304, headers={"ETag": etag})
    return Response(body, 200, {"ETag": etag}, content_type=content_type)


def write_answer(answer: Answer) -> Response:
    """Answer a write."""
    response = Response(answer.body, answer.status, content_type=JSON)
    if answer.location:
        response.headers["Location"] = answer.location
    if answer.etag:
        response.headers["ETag"] = answer.etag
    if answer.is_repeat:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def entity_tag(body: bytes, version: int | None = None) -> str:
    """Return the ETag of what is shown: a digest of it, after the version that ``If-Match`` compares if any."""
    sha256 = hashlib.sha256()
    # In small parts: of a larger one hashlib gives Python's lock away, and waits longer to get it back than it worked.
    for start in range(0, len(body), _HASHED_AT_ONCE):
        sha256.update(body[start : start + _HASHED_AT_ONCE])
    digest = sha256.hexdigest()[:16]
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def if_match_versions() -> tuple[int, ...] | None:
    """Return the versions ``If-Match`` names; None if any will do, empty if it names none of ours.

    Only the part before the dash counts: what follows changes with every alert, and must not fail an edit.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = (match.group(1) or match.group(2) or "" for match in _ENTITY_TAG.finditer(header))
    versions = (tag.partition("-")[0] for tag in tags)
    return tuple(int(version) for version in versions if is_number(version))


def encode(value: Any) -> bytes:
    """Return ``value`` as JSON."""
    return _encode(value)


def encode_page(items: list[Any], total: int | None, next_cursor: str | None) -> bytes:
    """Return a page of a list."""
    return _encode({"items": items, "total": total, "nextCursor": next_cursor})


def is_number(text: str) -> bool:
    """Answer whether ``text`` is a whole number that is not absurdly long."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _names(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    wanted = etag.strip('"')
    return header.strip() == "*" or any(match.group(1) == wanted for match in _ENTITY_TAG.finditer(header))
