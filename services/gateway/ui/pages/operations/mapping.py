"""The mapping of the generic endpoint: where in a body of unknown shape each field is looked for."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done
from services.gateway.ui.ask import Answer, ApiRefused, read, write
from services.gateway.ui.pages.operations.frame import operations_page
from services.gateway.ui.pages.operations.previews import follow
from services.gateway.ui.pages.operations.rules_text import place_errors, read_object, write_paths

blueprint = Blueprint("mapping", __name__)
FIELDS = (
    "items",
    "title",
    "description",
    "severity",
    "status",
    "fingerprint",
    "dedupKey",
    "startsAt",
    "endsAt",
    "labels",
    "service",
    "link",
)


@blueprint.get("/operations/rules/mapping")
def show() -> Response:
    """Show the paths in force, as text to change."""
    mapping = read("/api/mapping")
    text = write_paths(mapping["paths"])
    return operations_page("operations/mapping.html", "rules", mapping=mapping, text=text, fields=FIELDS, at="mapping")


@blueprint.post("/operations/rules/mapping/try")
def try_out() -> Response:
    """Have the newest deliveries of the generic endpoint read by the paths of the form, without effect."""
    return follow(_send("POST", "/api/mapping/try").body["previewId"])


@blueprint.post("/operations/rules/mapping/save")
def save() -> Response:
    """Put the paths of the form into force."""
    version = _send("PUT", "/api/mapping").body["version"]
    return done(f"Mapping {version} is in force.", "/operations/rules/mapping", ["mapping"])


def _send(method: str, path: str) -> Answer:
    text = request.form.get("paths", "")
    body: dict[str, Any] = {"paths": read_object(text, "paths")}
    try:
        return write(method, path, body)
    except ApiRefused as error:
        if isinstance(error.problem.get("errors"), dict):
            error.problem["errors"] = place_errors(error.problem["errors"], text, within="paths")
        raise
