"""The tab of operations: whether the product can do its work, and what it hears from."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from services.gateway.ui.answering import page
from services.gateway.ui.ask import ApiRefused, read
from services.gateway.ui.pages.operations.frame import operations_page
from services.gateway.ui.person import person

blueprint = Blueprint("health", __name__)
_HOURS = 24


@blueprint.get("/operations/health")
def show() -> Response:
    """Show checks, workers, connectors and retention."""
    return operations_page("operations/health.html", "health", **_board(), retention=_retention(), hours=_HOURS)


@blueprint.get("/operations/health/board")
def show_board() -> Response:
    """Show the part of the page that follows what happens."""
    return page("operations/health_board.html", **_board(), hours=_HOURS)


def _board() -> dict[str, Any]:
    sees_work = person().may("viewer", "incidents:read")
    return {
        "readiness": _readiness(),
        "stats": read("/api/queues") if sees_work else None,
        "sources": _sources(),
        "inventory": read("/api/quickdx/inventory") if sees_work else None,
    }


def _readiness() -> dict[str, Any]:
    """Return the checks, also those of a product that is not ready: that is an answer and no failure."""
    try:
        checks: dict[str, Any] = read("/readyz")
    except ApiRefused as error:
        if error.status != HTTPStatus.SERVICE_UNAVAILABLE or "checks" not in error.problem:
            raise
        return error.problem
    return checks


def _sources() -> list[dict[str, Any]] | None:
    """Return what came from each source lately, and when the newest of it came; None to who may not see it."""
    viewer = person()
    if not (viewer.may("viewer", "rules:read") and viewer.may("viewer", "deliveries:read")):
        return None
    lines = read("/api/noise", {"hours": _HOURS})["lines"]
    return [_source(name, lines) for name in sorted({line["source"] for line in lines})]


def _source(name: str, lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    mine = [line for line in lines if line["source"] == name]
    newest = read("/api/deliveries", {"source": name, "limit": 1})["items"]
    bad = read("/api/deliveries", {"source": name, "state": "quarantined", "limit": 1})["items"]
    return {
        "name": name,
        "deliveries": sum(line["deliveries"] for line in mine),
        "signals": sum(line["signals"] for line in mine),
        "newest": newest[0] if newest else None,
        "quarantined": bad[0] if bad else None,
    }


def _retention() -> dict[str, Any] | None:
    return read("/api/retention") if person().may("admin", "admin") else None
