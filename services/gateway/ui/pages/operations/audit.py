"""The tab of operations: the audit log, and the check of all hash chains."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import is_part, page
from services.gateway.ui.ask import read
from services.gateway.ui.pages.operations.frame import asked, operations_page
from services.gateway.ui.pages.operations.moments import begin_of_day, end_of_day

blueprint = Blueprint("audit", __name__)
TYPES = (
    "token_made",
    "token_renewed",
    "token_revoked",
    "token_expired",
    "session_begun",
    "session_ended",
    "access_refused",
    "rules_changed",
    "mapping_changed",
    "silence_set",
    "silence_ended",
    "job_retried",
    "job_cancelled",
    "delivery_replayed",
    "retention_applied",
    "incident_exported",
)


@blueprint.get("/operations/audit")
def show() -> Response:
    """Show the audit log under the filters of the address, newest first."""
    return _log(found=None)


@blueprint.get("/operations/audit/verify")
def verify() -> Response:
    """Check a part of the chains; the answer asks for the next part by itself."""
    found = read("/api/verify", {"cursor": request.args.get("cursor") or None})
    return page("operations/verified.html", found=found) if is_part() else _log(found)


def _log(found: dict[str, Any] | None) -> Response:
    filters = asked("actor", "type", "since", "until")
    query = {**filters, "since": begin_of_day(filters["since"]), "until": end_of_day(filters["until"])}
    return operations_page(
        "operations/audit.html", "audit", log=read("/api/audit", query), filters=filters, types=TYPES, found=found
    )
