"""What is wrong with a request, whatever it is about."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.errors import AppError, TransientError


class MalformedRequest(AppError):
    """The request is not HTTP as it should be."""

    code = "malformed_request"
    http_status = 400
    title = "The request cannot be read"


class MalformedJson(AppError):
    """The body is not JSON in UTF-8."""

    code = "malformed_json"
    http_status = 400
    title = "The body is not JSON"


class JsonTooDeep(AppError):
    """The body is nested deeper than anything the API takes."""

    code = "json_too_deep"
    http_status = 400
    title = "The body is nested too deeply"


class BadCursor(AppError):
    """The cursor was not made by this list."""

    code = "bad_cursor"
    http_status = 400
    title = "The cursor is not one of ours"


class RouteNotFound(AppError):
    """No endpoint has this path."""

    code = "route_not_found"
    http_status = 404
    title = "There is no such path"


class MethodNotAllowed(AppError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"
    http_status = 405
    title = "This path does not take this method"


class RequestTimeout(AppError):
    """The request did not arrive in time."""

    code = "request_timeout"
    http_status = 408
    title = "The request took too long to arrive"


class BodyTooLarge(AppError):
    """The body is larger than this gateway takes."""

    code = "body_too_large"
    http_status = 413
    title = "The body is too large"


class UnsupportedMediaType(AppError):
    """The body is declared as something this endpoint does not read."""

    code = "unsupported_media_type"
    http_status = 415
    title = "The body is of a media type that is not read here"


class ValidationFailed(AppError):
    """Some input is not what the endpoint takes; ``errors`` names each field."""

    code = "validation_failed"
    http_status = 422
    title = "The input is not valid"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"title": ["must not be blank"]}}


class IdempotencyKeyReused(AppError):
    """The key came with another request before."""

    code = "idempotency_key_reused"
    http_status = 422
    title = "The idempotency key was used for another request"


class VersionConflict(AppError):
    """Someone changed it since the version the client names."""

    code = "version_conflict"
    http_status = 412
    title = "It has changed since you read it"
    example: ClassVar[Mapping[str, Any]] = {"currentVersion": 7}


class TooManyStreams(TransientError):
    """As many live streams are open as may be; reading with ``If-None-Match`` works as ever."""

    code = "too_many_streams"
    http_status = 503
    title = "As many live streams are open as may be"


class IntakeBusy(TransientError):
    """Too many deliveries wait; the sender should come again."""

    code = "intake_busy"
    http_status = 503
    title = "Too many deliveries are waiting"


class IntakeLimited(IntakeBusy):
    """The same condition, told to senders that come again after a 429 and obey its ``Retry-After``."""

    http_status = 429
