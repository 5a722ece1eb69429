"""The tab of operations: grouping and ownership rules, and their history."""

from flask import Blueprint, Response

from services.gateway.ui.ask import read
from services.gateway.ui.pages.operations.frame import asked, operations_page

blueprint = Blueprint("rules", __name__)


@blueprint.get("/operations/rules")
def show() -> Response:
    """Show the rules in force, in their order."""
    return operations_page("operations/rules.html", "rules", book=read("/api/rules"), at="rules", is_past=False)


@blueprint.get("/operations/rules/versions")
def show_versions() -> Response:
    """Show who changed the rules, when and why."""
    versions = read("/api/rules/versions", asked())
    return operations_page("operations/rules_versions.html", "rules", versions=versions, at="versions")


@blueprint.get("/operations/rules/versions/<int:version>")
def show_version(version: int) -> Response:
    """Show the rules of an earlier version."""
    book = read(f"/api/rules/versions/{version}")
    return operations_page("operations/rules.html", "rules", book=book, at="versions", is_past=True)
