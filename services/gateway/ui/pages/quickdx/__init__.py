"""The page at /quickdx."""

from flask import Blueprint, Response

from services.gateway.ui.answering import page

blueprint = Blueprint("quickdx", __name__)


@blueprint.get("/quickdx")
def show() -> Response:
    """Show it."""
    return page("quickdx.html")
