"""The tab of operations: grouping and ownership rules, their history, and changing them after a dry run on the past."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import is_part, led_to
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.pages.operations.frame import asked, made, operations_page
from services.gateway.ui.pages.operations.rules_text import place_errors, read_object, write_rules
from services.gateway.ui.person import person
from services.gateway.ui.words import pretty

blueprint = Blueprint("rules", __name__)
HOURS = (1, 6, 24, 72, 168)
_EXAMPLE = {
    "grouping": [
        {
            "id": "node-down",
            "name": "A node and all that runs on it",
            "match": {"names": ["KubeNodeNotReady", "KubeletDown"]},
            "groupBy": ["cluster", "labels.node"],
        },
        {
            "id": "lab",
            "name": "Nobody is woken by the lab",
            "match": {"labels": {"env": ["lab"]}},
            "effect": "suppress",
        },
    ],
    "ownership": [{"id": "pay", "name": "Payments", "match": {"namespaces": ["pay"]}, "owner": "team-payments"}],
}


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


@blueprint.get("/operations/rules/edit")
def edit() -> Response:
    """Show the rules as text to change: those in force, or those of the version ``from``."""
    book = read("/api/rules")
    source = request.args.get("from", type=int)
    text = write_rules(read(f"/api/rules/versions/{source}") if source else book)
    return _editor(text, book["version"], trial=None, source=source)


@blueprint.post("/operations/rules/try")
def try_out() -> Response:
    """Show what the rules of the form would have made of the past, beside those in force."""
    text = request.form.get("rules", "")
    hours = request.form.get("hours", HOURS[2], type=int)
    trial = _send("POST", "/api/rules/try", text, hours=hours)
    if is_part():
        return made("operations/rules_trial.html", trial=trial, hours=hours)
    return _editor(text, request.form.get("version", 0, type=int), trial=trial, source=None)


@blueprint.post("/operations/rules/save")
def save() -> Response:
    """Put the rules of the form into force."""
    _send("PUT", "/api/rules", request.form.get("rules", ""), reason=request.form.get("reason", ""))
    return led_to("/operations/rules")


def _editor(text: str, version: int, trial: Any, source: int | None) -> Response:
    may_save = person().may("admin", "rules:write")
    return operations_page(
        "operations/rules_edit.html",
        "rules",
        text=text,
        version=version,
        trial=trial,
        source=source,
        hours=HOURS,
        example=pretty(_EXAMPLE),
        may_save=may_save,
        at="edit",
    )


def _send(method: str, path: str, text: str, **more: Any) -> Any:
    """Return the answer to the rules of the text; a refusal names its lines."""
    body = read_object(text, "rules") | more
    try:
        return write(method, path, body).body
    except ApiRefused as error:
        if isinstance(error.problem.get("errors"), dict):
            error.problem["errors"] = place_errors(error.problem["errors"], text)
        raise
