"""What a request leaves behind it: its id in every log line, its trail in every job it puts, and its span."""

from flask import g, request

from services.gateway.api.current import gateway
from services.gateway.trail import follow
from shared.contracts.trail import Trail
from shared.ports import Span, SpanKind

# Methods that may stand in a span as they are; a client can send any word.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SERVER_ERROR = 500


def begin_trail(request_id: str, route: str, *, is_traced: bool, is_asked_by_page: bool) -> None:
    """Begin what is done for ``request_id``; where it is traced, under the ``traceparent`` that came with it.

    The span says what was asked by its route, never by its path, which may hold a token.
    """
    tracer, trace = gateway().tracer, None
    if is_traced and tracer.is_on:
        g.span = span = tracer.begin(
            f"{_method()} {route}",
            SpanKind.INTERNAL if is_asked_by_page else SpanKind.SERVER,
            parent=request.headers.get("traceparent"),
            attributes={
                "http.request.method": _method(),
                "http.route": route,
                "faultline.request_id": request_id,
            },
        )
        trace = span.context
    follow(Trail(request_id=request_id, trace=trace))


def end_trail(status: int) -> None:
    """End the request's span, if it has one, with how the request was answered."""
    span: Span | None = g.pop("span", None)
    if span is None:
        return
    span.note({"http.response.status_code": status})
    if status >= _SERVER_ERROR:
        span.fail(str(status))
    span.end()


def _method() -> str:
    return request.method if request.method in _METHODS else "_OTHER"
