"""The internal door: where workers report, on a listener of its own that floods of requests cannot starve."""

import hashlib
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from services.gateway.api.problems import from_http_exception, problem_response
from services.gateway.errors import Unauthenticated
from services.gateway.ports import Blobs
from shared.bearer import shows_key
from shared.contracts.messages import (
    SCHEMA_VERSION,
    Beat,
    BeatAnswer,
    Claim,
    Claimed,
    Hello,
    Results,
    ResultsRecorded,
    decode_beat,
    decode_claim,
    decode_hello,
    decode_results,
    encode,
)
from shared.errors import AppError

log = structlog.get_logger(__name__)
T = TypeVar("T")

MAX_RESULTS_BYTES = 16 << 20
MAX_BLOB_BYTES = 64 << 20
_DIGEST_LENGTH = 64


class MessageRefused(AppError):
    """The body is not a message of this door; ``detail`` says which field is wrong."""

    code = "message_refused"
    http_status = 422
    title = "The message cannot be read"


class SchemaVersionUnknown(AppError):
    """The message has a version this gateway does not know: worker and gateway are of different releases."""

    code = "schema_version_unknown"
    http_status = 422
    title = "The message has an unknown schema version"


class DigestMismatch(AppError):
    """The bytes do not have the digest they were sent under."""

    code = "digest_mismatch"
    http_status = 422
    title = "The bytes do not have this digest"


class RelayDoor(Protocol):
    """The relay, as far as workers may speak to it."""

    def claim(self, claim: Claim) -> Claimed: ...
    def beat(self, beat: Beat) -> BeatAnswer: ...
    def hello(self, hello: Hello) -> None: ...


class _Version(msgspec.Struct, rename="camel"):
    schema_version: int = SCHEMA_VERSION


def create_door_app(
    *,
    door_key: str,
    relay: RelayDoor,
    blobs: Blobs,
    record_results: Callable[[Results], ResultsRecorded],
    note_hello: Callable[[Hello], None] | None = None,
) -> Flask:
    """Return the door's WSGI app. Every request needs ``Authorization: Bearer <door_key>``.

    ``note_hello`` is told of every hello after the relay.
    """
    app = Flask("faultline.door", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BLOB_BYTES

    @app.before_request
    def check_key() -> None:
        if not shows_key(request.headers.get("Authorization", ""), door_key):
            raise Unauthenticated("The internal door needs its own key.")

    _add_messages(app, relay, record_results)
    _add_hello(app, relay, note_hello)
    _add_blobs(app, blobs)
    app.register_error_handler(AppError, problem_response)
    app.register_error_handler(HTTPException, from_http_exception)
    app.register_error_handler(Exception, _unexpected)
    return app


def _add_messages(app: Flask, relay: RelayDoor, record_results: Callable[[Results], ResultsRecorded]) -> None:
    @app.post("/door/results")
    def results() -> Response:
        request.max_content_length = MAX_RESULTS_BYTES
        return _json(record_results(_read(decode_results)))

    @app.post("/door/claim")
    def claim() -> Response:
        return _json(relay.claim(_read(decode_claim)))

    @app.post("/door/beat")
    def beat() -> Response:
        return _json(relay.beat(_read(decode_beat)))


def _add_hello(app: Flask, relay: RelayDoor, note_hello: Callable[[Hello], None] | None) -> None:
    @app.post("/door/hello")
    def hello() -> Response:
        said = _read(decode_hello)
        relay.hello(said)
        if note_hello is not None:
            note_hello(said)
        return Response(status=204)


def _add_blobs(app: Flask, blobs: Blobs) -> None:
    @app.get("/door/blobs/<digest>")
    def get_blob(digest: str) -> Response:
        return Response(blobs.get(_checked(digest)), content_type="application/octet-stream")

    @app.put("/door/blobs/<digest>")
    def put_blob(digest: str) -> Response:
        content = request.get_data(cache=False)
        if hashlib.sha256(content).hexdigest() != _checked(digest):
            raise DigestMismatch
        blobs.put(content)
        return Response(status=204)


def _checked(digest: str) -> str:
    if len(digest) != _DIGEST_LENGTH or not set(digest) <= set("0123456789abcdef"):
        raise MessageRefused("a digest is 64 hexadecimal digits")
    return digest


def _read(decode: Callable[[bytes], T]) -> T:
    body = request.get_data(cache=False)
    try:
        return decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        _refuse_unknown_version(body)
        raise MessageRefused(str(error)) from error


def _refuse_unknown_version(body: bytes) -> None:
    try:
        version = msgspec.json.decode(body, type=_Version).schema_version
    except (msgspec.DecodeError, RecursionError):
        return
    if version != SCHEMA_VERSION:
        raise SchemaVersionUnknown(f"this gateway reads version {SCHEMA_VERSION}, the message has {version}")


def _json(answer: msgspec.Struct) -> Response:
    return Response(encode(answer), content_type="application/json")


def _unexpected(error: Exception) -> Response:
    log.error("the door failed", exc_info=error)
    return problem_response(AppError())
