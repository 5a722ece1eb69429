"""The tab of operations: which sources and rules make noise."""

from flask import Blueprint, Response, request

from services.gateway.ui.ask import read
from services.gateway.ui.pages.operations.frame import operations_page

blueprint = Blueprint("noise", __name__)
SPANS = ((1, "1 h"), (24, "24 h"), (168, "7 d"), (720, "30 d"))
_DAY = 24


@blueprint.get("/operations/noise")
def show() -> Response:
    """Show what came of each source under each rule, and how little of it was news."""
    hours = request.args.get("hours", _DAY, type=int)
    return operations_page(
        "operations/noise.html", "noise", noise=read("/api/noise", {"hours": hours}), hours=hours, spans=SPANS
    )
