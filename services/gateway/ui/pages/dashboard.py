"""The page at /."""

from flask import Blueprint, Response

from services.gateway.ui.answering import page

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
def show() -> Response:
    """Show it."""
    return page("dashboard.html")
