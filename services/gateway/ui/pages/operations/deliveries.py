"""The tab of operations: deliveries, what became of each and why, and replaying those that were not understood."""

import json
from typing import Any

from flask import Blueprint, Response

from services.gateway.ui.answering import led_to, page
from services.gateway.ui.ask import ApiRefused, ask, read, write
from services.gateway.ui.pages.operations.frame import asked, how_often_asked, operations_page
from services.gateway.ui.person import person
from services.gateway.ui.words import pretty

blueprint = Blueprint("deliveries", __name__)
# What is read again for a preview only had no effect; those who look for it choose it.
_WITHOUT_PREVIEWS = ["accepted", "processed", "quarantined"]
MOST_SHOWN = 64 * 1024


@blueprint.get("/operations/deliveries")
def show() -> Response:
    """Show the deliveries under the filters of the address."""
    return operations_page("operations/deliveries.html", "deliveries", **_board())


@blueprint.get("/operations/deliveries/board")
def show_board() -> Response:
    """Show the part of the page that follows what comes in."""
    return page("operations/deliveries_board.html", **_board())


@blueprint.get("/operations/deliveries/<delivery_id>")
def show_one(delivery_id: str) -> Response:
    """Show a delivery: what became of each of its signals and why, and what was sent."""
    path = f"/api/deliveries/{delivery_id}"
    delivery = read(path)
    explanation = read(f"{path}/explanation")
    return operations_page(
        "operations/delivery.html",
        "deliveries",
        delivery=delivery,
        explanation=explanation,
        body=_body(delivery),
        **how_often_asked(),
    )


@blueprint.post("/operations/deliveries/<delivery_id>/replay")
def replay(delivery_id: str) -> Response:
    """Send it through intake once more, and lead to the new delivery."""
    again = write("POST", f"/api/deliveries/{delivery_id}/replay").body
    return led_to(f"/operations/deliveries/{again['deliveryId']}")


def _board() -> dict[str, Any]:
    filters = asked("state", "outcome", "source")
    found = read("/api/deliveries", {**filters, "state": filters["state"] or _WITHOUT_PREVIEWS})
    quarantined = read("/api/deliveries", {"state": "quarantined", "limit": 1})["total"]
    return {"deliveries": found, "quarantined": quarantined, "filters": filters}


def _body(delivery: dict[str, Any]) -> dict[str, Any] | None:
    """Return the beginning of what was sent, as text; None to those who may not see it."""
    if not person().may("responder", "deliveries:read"):
        return None
    try:
        data = ask("GET", f"/api/deliveries/{delivery['id']}/body").data
    except ApiRefused as error:
        return {"text": "", "problem": error.problem, "is_whole": True}
    is_whole = len(data) <= MOST_SHOWN
    shown = data[:MOST_SHOWN].decode("utf-8", "replace")
    return {"text": shown, "laid_out": _lay_out(shown) if is_whole else None, "problem": None, "is_whole": is_whole}


def _lay_out(text: str) -> str | None:
    """Return JSON over several lines; None for what is none, or is laid out already."""
    try:
        laid_out = pretty(json.loads(text))
    except (ValueError, RecursionError):
        return None
    return laid_out if laid_out != text.strip() else None
