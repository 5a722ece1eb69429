"""The page at /incidents."""

from flask import Blueprint, Response

from services.gateway.ui.answering import page

blueprint = Blueprint("inbox", __name__)


@blueprint.get("/incidents")
def show() -> Response:
    """Show it."""
    return page("inbox.html")
