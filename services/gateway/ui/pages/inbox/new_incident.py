"""A new incident by hand: the form's fields as the API takes them, and its problems at the fields they are about."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import is_part, led_to, page
from services.gateway.ui.ask import ApiRefused, write
from services.gateway.ui.pages.inbox.narrowing import INBOX

blueprint = Blueprint("new_incident", __name__)
_SEVERITIES = ("critical", "high", "medium", "low", "info")
_UNAUTHENTICATED = 401


@blueprint.get(f"{INBOX}/new")
def ask() -> Response:
    """Show the form; fields that the address gives are filled in."""
    return _form(request.args, None)


@blueprint.post(f"{INBOX}/new")
def open_it() -> Response:
    """Open the incident and lead to it."""
    try:
        opened = write("POST", "/api/incidents", _body())
    except ApiRefused as error:
        if is_part() or error.status == _UNAUTHENTICATED:
            raise
        answer = _form(request.form, error.problem)
        answer.status_code = error.status
        return answer
    return led_to(f"{INBOX}/INC-{opened.body['number']}")


def _form(typed: Mapping[str, str], problem: dict[str, Any] | None) -> Response:
    wrong: dict[str, list[str]] = {}
    for name, texts in ((problem or {}).get("errors") or {}).items():
        # "services.0" is about one of the values of a field.
        wrong.setdefault(name.partition(".")[0], []).extend(map(str, texts))
    return page("inbox/new.html", typed=typed, problem=problem, wrong=wrong, severities=_SEVERITIES)


def _body() -> dict[str, Any]:
    form = request.form
    body: dict[str, Any] = {"title": form.get("title", "").strip()}
    for name in ("severity", "description", "owner"):
        if text := form.get(name, "").strip():
            body[name] = text
    if services := [part.strip() for part in form.get("services", "").replace("\n", ",").split(",") if part.strip()]:
        body["services"] = services
    if labels := _labels(form.get("labels", "")):
        body["labels"] = labels
    return body


def _labels(text: str) -> dict[str, str]:
    """Return the labels of lines such as ``team=payments``; a line without a value has an empty one."""
    lines = [line.partition("=") for line in text.splitlines() if line.strip()]
    return {key.strip(): value.strip() for key, _, value in lines}
