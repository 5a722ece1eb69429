"""Render errors as RFC 9457 problem+json, the same for every path, method and status."""

from http import HTTPStatus
from typing import Any

import msgspec
from flask import Response, g, has_request_context, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from services.gateway.errors import (
    BodyTooLarge,
    MalformedRequest,
    MethodNotAllowed,
    MetricsKeyNeeded,
    RouteNotFound,
    SignatureInvalid,
    TooManyBadTokens,
    Unauthenticated,
)
from shared.errors import AppError, TransientError

MEDIA_TYPE = "application/problem+json"
# Where codes are documented; a type is an identifier and need not be fetched.
TYPE_PREFIX = "urn:faultline:problem:"
_DEFAULT_RETRY_SECONDS = 5
_SECRET_PATHS = ("/api/intake", "/api/incidents/intake")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def problem_body(error: AppError, instance: str | None, status: int | None = None) -> bytes:
    """Return the body: what happened, in words and as a frozen ``code``, and the request it happened to."""
    members: dict[str, Any] = {
        # First, so that no member of an error's own can stand for one of these.
        **error.fields,
        "type": TYPE_PREFIX + error.code,
        "title": error.title,
        "status": status or error.http_status,
        "detail": error.detail or error.title,
        "code": error.code,
        "instance": instance,
    }
    return _encode(members)


def problem_response(error: AppError, headers: dict[str, str] | None = None) -> Response:
    """Return the answer to a request that met ``error``."""
    instance = g.get("request_id") if has_request_context() else None
    response = Response(problem_body(error, instance), error.http_status, headers, content_type=MEDIA_TYPE)
    if isinstance(error, Unauthenticated | SignatureInvalid | TooManyBadTokens | MetricsKeyNeeded):
        response.headers["WWW-Authenticate"] = 'Bearer realm="faultline"'
    if isinstance(error, TransientError) or error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds or _DEFAULT_RETRY_SECONDS)
    return response


def from_http_exception(error: HTTPException) -> Response:
    """Render what Flask and werkzeug raise; a redirect or a ready answer is passed on as it is."""
    if error.response is not None or error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        ready = error.get_response()
        return Response(ready.get_data(), ready.status_code, ready.headers)
    if isinstance(error, RequestEntityTooLarge):
        return problem_response(BodyTooLarge())
    if error.code == HTTPStatus.NOT_FOUND:
        return problem_response(RouteNotFound(f"Nothing is at {_shown_path()}; /api/docs lists every path."))
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        detail = f"{request.method} is not among the methods of this path: {allowed}."
        return problem_response(MethodNotAllowed(detail), {"Allow": allowed})
    if error.code == HTTPStatus.BAD_REQUEST:
        return problem_response(MalformedRequest(error.description or ""))
    # Nothing else is raised by the routes we have; an unknown one must not be told to the client in detail.
    return problem_response(AppError())


def _shown_path() -> str:
    """Return the path, but for what may be a token: addresses of intake can end with one."""
    is_secret = request.path.startswith(_SECRET_PATHS)
    return "this path under /api/intake" if is_secret else request.path
