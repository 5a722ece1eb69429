"""What every tab of operations stands in: the tabs that a person's role lets them see, and the way to Flower."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, render_template, request
from werkzeug.datastructures import Headers

from services.gateway.ui.answering import HTML, is_part, page, refused
from services.gateway.ui.ask import Answer, ApiRefused, read
from services.gateway.ui.person import Person, person

_PATIENCE, _MOST_ASKED = 30, 1_000


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab, and the least role and the scope that what it shows asks for."""

    name: str
    text: str
    role: str = "viewer"
    scope: str | None = None

    @property
    def address(self) -> str:
        return "/operations" if self.name == "jobs" else f"/operations/{self.name}"

    def is_for(self, viewer: Person) -> bool:
        """Answer whether to offer it."""
        return viewer.may(self.role, self.scope)


TABS = (
    Tab("jobs", "Jobs", scope="incidents:read"),
    Tab("deliveries", "Deliveries", scope="deliveries:read"),
    Tab("rules", "Rules", scope="rules:read"),
    Tab("silences", "Silences", scope="rules:read"),
    Tab("noise", "Noise", scope="rules:read"),
    Tab("health", "Health"),
    Tab("tokens", "Access"),
    Tab("audit", "Audit", role="admin", scope="admin"),
)


def operations_page(template: str, tab: str, **context: Any) -> Response:
    """Return a page of operations; ``template`` extends ``operations/frame.html``."""
    return page(template, tab=tab, tabs=offered(), flower_url=_flower_url(), **context)


def offered() -> list[Tab]:
    """Return the tabs that the person at hand may see."""
    return [one for one in TABS if one.is_for(person())]


def made(template: str, refresh: tuple[str, ...] = (), **context: Any) -> Response:
    """Answer a form with a part that is shown beside it; the form may be sent again, as another request."""
    answer = page(template, **context)
    answer.headers["HX-Trigger"] = json.dumps({"done": {}, "refresh": {"parts": list(refresh)}})
    return answer


def unreadable(detail: str, errors: dict[str, list[str]]) -> ApiRefused:
    """Return the refusal of a form that cannot be put to the API as it is, in the API's own shape."""
    problem = {"title": "The input is not valid", "detail": detail, "errors": errors, "code": "validation_failed"}
    return ApiRefused(Answer(HTTPStatus.UNPROCESSABLE_ENTITY, Headers(), b"", problem))


def answer_refused(error: ApiRefused) -> Response:
    """Say on a whole page that it takes another role, with the tabs there are; all else as everywhere."""
    if error.status != HTTPStatus.FORBIDDEN or is_part() or request.method != "GET":
        return refused(error)
    text = render_template(
        "operations/not_offered.html", tab="", tabs=offered(), flower_url=_flower_url(), problem=error.problem
    )
    return Response(text, HTTPStatus.FORBIDDEN, content_type=HTML)


def asked(*names: str) -> dict[str, str | None]:
    """Return these parameters of the page's address, as the API takes them: what is empty is left out."""
    return {name: request.args.get(name, "").strip() or None for name in (*names, "cursor")}


def how_often_asked() -> dict[str, Any]:
    """Return how often a page asked for what a worker is to do: once a second, until it must say that it is late."""
    times = min(request.args.get("asked", 0, type=int), _MOST_ASKED)
    return {"asked": times, "is_late": times >= _PATIENCE}


def _flower_url() -> str | None:
    if not person().may("viewer", "incidents:read"):
        return None
    found: str | None = read("/api/queues")["flowerUrl"]
    return found
