"""The tab of operations: jobs, and those that failed for good."""

from flask import Blueprint, Response

from services.gateway.ui.answering import page

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/operations")
def show() -> Response:
    """Show it."""
    return page("operations/jobs.html", tab="jobs")
