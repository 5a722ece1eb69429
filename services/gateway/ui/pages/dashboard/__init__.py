"""The page at /: what is open and waits, how it goes, whether the product works; on an empty product, how to begin."""

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, page
from services.gateway.ui.ask import write
from services.gateway.ui.pages.dashboard.asking import (
    has_anything_come,
    read_health,
    read_now,
    read_trends,
)
from services.gateway.ui.pages.dashboard.first_alert import first_alerts

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
def show() -> Response:
    """Show the dashboard, or on an empty product how to send the first alert."""
    if not has_anything_come():
        return page("dashboard/page.html", first=first_alerts(request.host_url.rstrip("/")))
    return page("dashboard/page.html", now=read_now(), trends=read_trends(), health=read_health())


@blueprint.get("/dashboard/first")
def show_first() -> Response:
    """Show what a page that taught how to begin shows now: the dashboard, as soon as anything came."""
    if not has_anything_come():
        return page("dashboard/content.html", first=first_alerts(request.host_url.rstrip("/")))
    return page("dashboard/content.html", now=read_now(), trends=read_trends(), health=read_health())


@blueprint.get("/dashboard/now")
def show_now() -> Response:
    """Show what is open and what waits."""
    return page("dashboard/now.html", now=read_now())


@blueprint.get("/dashboard/trends")
def show_trends() -> Response:
    """Show how long things take, and how much of what comes is noise."""
    return page("dashboard/trends.html", trends=read_trends())


@blueprint.get("/dashboard/health")
def show_health() -> Response:
    """Show whether the product can do its work."""
    return page("dashboard/health.html", health=read_health())


@blueprint.post("/demo")
def play_demo() -> Response:
    """Play the demo outage."""
    write("POST", "/api/demo", {"paceSeconds": 1})
    return done("The demo outage is being played: its alerts come in within a few seconds.", "/", refresh=["demo"])
