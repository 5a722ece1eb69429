"""How pages and forms answer: whole pages, parts of pages, redirects, and problems people can act on."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from flask import Response, render_template, request

from services.gateway.ui.ask import ApiRefused

HTML = "text/html; charset=utf-8"
_SEE_OTHER = 303
_UNAUTHENTICATED = 401
# Fields that nobody types, or that must not be shown.
_NOT_TYPED = frozenset({"csrfToken", "requestKey", "version", "token", "next"})


def is_part() -> bool:
    """Answer whether the page's script asked, which wants a part and no whole page."""
    return request.headers.get("HX-Request") == "true"


def page(template: str, /, **context: Any) -> Response:
    """Return a page, or whichever part of one the template makes."""
    return Response(render_template(template, **context), content_type=HTML)


def done(message: str, back: str, refresh: Iterable[str] = ()) -> Response:
    """Answer a form that did what it says.

    The page's script says ``message`` and fetches the parts named in ``refresh`` anew (``data-live``); a browser
    without it is led to ``back``.
    """
    if not is_part():
        return Response(status=_SEE_OTHER, headers={"Location": back})
    # ASCII only, as headers are: what is beyond stands there escaped.
    told = json.dumps({"done": {"message": message}, "refresh": {"parts": list(refresh)}})
    return Response(status=204, headers={"HX-Trigger": told})


def led_to(address: str) -> Response:
    """Answer a form that leads to another page."""
    if is_part():
        return Response(status=204, headers={"HX-Redirect": address})
    return Response(status=_SEE_OTHER, headers={"Location": address})


def refused(error: ApiRefused) -> Response:
    """Answer what the API refused: sign in first, or the problem, in the place of what was asked for."""
    if error.status == _UNAUTHENTICATED and not is_part() and request.method == "GET":
        here = request.full_path if request.query_string else request.path
        return Response(status=_SEE_OTHER, headers={"Location": f"/sign-in?next={quote(here, safe='/')}"})
    template = "parts/problem.html" if is_part() else "problem.html"
    text = render_template(template, problem=error.problem, status=error.status, typed=_typed())
    answer = Response(text, error.status, content_type=HTML)
    if "Retry-After" in error.answer.headers:
        answer.headers["Retry-After"] = error.answer.headers["Retry-After"]
    return answer


def _typed() -> dict[str, str]:
    """Return what the person typed into the form that was refused, by the names of its fields."""
    return {name: value for name, value in request.form.items() if value.strip() and name not in _NOT_TYPED}


def local_address(address: str) -> str:
    """Return ``address`` if it is a path of this gateway, else the first page: no link leads elsewhere."""
    if not address.isprintable() or not address.startswith("/") or address.startswith(("//", "/\\")):
        return "/"
    return address
