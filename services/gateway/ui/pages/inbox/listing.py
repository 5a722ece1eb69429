"""The list of incidents. Its address holds all of its state: sent to somebody else, it shows them the same."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import is_part, page
from services.gateway.ui.ask import ApiRefused, read
from services.gateway.ui.pages.inbox.facets import facets_of
from services.gateway.ui.pages.inbox.labels import labels_of
from services.gateway.ui.pages.inbox.narrowing import ALL, INBOX, Narrowing, read_narrowing
from services.gateway.ui.person import person
from services.gateway.ui.words import midnight

blueprint = Blueprint("listing", __name__)
PAGE = 50
_SORTS = {
    "-createdAt": "Newest first",
    "createdAt": "Oldest first",
    "-severity": "Worst first",
    "-updatedAt": "Changed last first",
    "-number": "Number",
}


@dataclass(frozen=True, slots=True)
class View:
    """A view people come back to, as a link."""

    text: str
    address: str
    is_here: bool


@blueprint.get(INBOX)
def show() -> Response:
    """Show the inbox, or the part of it that the page's script asks for."""
    narrowing = read_narrowing(request.args)
    cursor = request.args.get("cursor") or None
    query: dict[str, Any] = {**narrowing.query(), "sort": narrowing.sort, "limit": PAGE, "cursor": cursor}
    listed = {
        "narrowing": narrowing,
        "incidents": read("/api/incidents", query),
        "labels_of": labels_of,
        "cursor": cursor,
        "may_write": person().may("responder", "incidents:write"),
    }
    if is_part() and request.headers.get("HX-Target") == "list":
        return page("inbox/list.html", **listed)
    answer = page("inbox/body.html" if is_part() else "inbox.html", **listed, **_around(narrowing))
    if is_part() and not cursor:
        # A form sends its empty fields too; the address people share has none of them.
        answer.headers["HX-Push-Url"] = narrowing.here
    return answer


@blueprint.get(f"{INBOX}/facets")
def show_facets() -> Response:
    """Show the facets alone, counted anew."""
    narrowing = read_narrowing(request.args)
    return page("inbox/facets.html", narrowing=narrowing, **_counted(narrowing))


def _around(narrowing: Narrowing) -> dict[str, Any]:
    return {"views": _views(narrowing), "sorts": _SORTS, **_counted(narrowing)}


def _counted(narrowing: Narrowing) -> dict[str, Any]:
    facets = read("/api/incidents/facets", narrowing.query())
    return {"facets": facets_of(facets, narrowing), "rules": _rules()}


def _rules() -> list[dict[str, Any]]:
    """Return the rules that open incidents; none for somebody who may not read them."""
    try:
        rules = read("/api/rules")
    except ApiRefused:
        return []
    return [*rules["grouping"], *rules["builtIn"]]


def _views(narrowing: Narrowing) -> list[View]:
    views = {
        "Open": Narrowing({}),
        "Unacknowledged": Narrowing({"status": ("new",)}),
        "Mine": Narrowing({"owner": (person().name,)}),
        "Unowned": Narrowing({"unowned": ("true",)}),
        "Resolved today": Narrowing({"open": ("false",), "resolvedSince": (midnight(),)}),
        "All": Narrowing({"open": (ALL,)}),
    }
    here = narrowing.address(sort=None)
    return [View(text, one.here, one.here == here) for text, one in views.items()]
