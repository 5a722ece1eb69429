"""The forms that edit what people say of an incident: title, description, severity, owner, roles, services, labels."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done
from services.gateway.ui.ask import write
from services.gateway.ui.pages.incident.header import CHANGED, back_to

blueprint = Blueprint("fields", __name__)
NAMED_ROLES = ("commander", "scribe", "commsLead")


@blueprint.post("/incidents/<incident_id>/fields")
def edit(incident_id: str) -> Response:
    """Set the fields the form has; those it lacks stay."""
    form = request.form
    body = {name: _READ[name](form[name]) for name in _READ if name in form}
    if any(name in form for name in ("otherRoles", *NAMED_ROLES)):
        body["roles"] = _read_roles()
    write("PATCH", f"/api/incidents/{incident_id}", body)
    return done("Saved.", back_to(incident_id), CHANGED)


@blueprint.post("/incidents/<incident_id>/owner")
def own(incident_id: str) -> Response:
    """Say who owns it; an empty name is nobody."""
    # Without the field nothing is said about the owner: that must not read as nobody.
    owner = request.form["owner"].strip() or None
    write("PATCH", f"/api/incidents/{incident_id}", {"owner": owner})
    return done(f"Owned by {owner}." if owner else "Nobody owns it now.", back_to(incident_id), CHANGED)


def _read_roles() -> dict[str, str]:
    named = {name: request.form.get(name, "").strip() for name in NAMED_ROLES}
    others = _read_pairs(request.form.get("otherRoles", ""))
    return {name: who for name, who in named.items() if who} | others


def _read_pairs(text: str) -> dict[str, str]:
    """Return a map from lines of ``key: value``; a line without a colon is a key without a value."""
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _read_words(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", ",").split(",") if word.strip()]


def _read_text(text: str) -> str:
    # Browsers send line ends as CR LF, whatever was there before.
    return text.replace("\r\n", "\n")


_READ: dict[str, Callable[[str], Any]] = {
    "title": str.strip,
    "description": _read_text,
    "severity": str,
    "services": _read_words,
    "labels": _read_pairs,
}
