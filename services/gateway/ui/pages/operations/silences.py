"""The tab of operations: silences and maintenance windows, set after a look at what they would have held back."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from services.gateway.ui.answering import done, is_part, led_to, page
from services.gateway.ui.ask import read, write
from services.gateway.ui.pages.operations.frame import asked, made, operations_page
from services.gateway.ui.pages.operations.silence_form import FIELDS, LASTS, REPEATS, silence_of

blueprint = Blueprint("silences", __name__)
SEVERITIES = ("critical", "high", "medium", "low", "info")
_MOST_LIVE = 200


@blueprint.get("/operations/silences")
def show() -> Response:
    """Show what holds signals back now or later, and what did."""
    return operations_page("operations/silences.html", "silences", **_board())


@blueprint.get("/operations/silences/board")
def show_board() -> Response:
    """Show the part of the page that follows what is set and ended."""
    return page("operations/silences_board.html", **_board())


@blueprint.get("/operations/silences/new")
def begin() -> Response:
    """Show the form to set one; parameters of the address fill it in."""
    return _form(request.args.to_dict(), request.args.getlist("severities"), trial=None)


@blueprint.post("/operations/silences/try")
def try_out() -> Response:
    """Show what the silence of the form would have held back."""
    trial = write("POST", "/api/silences/try", _silence()).body
    if is_part():
        return made("operations/silence_trial.html", trial=trial)
    return _form(request.form.to_dict(), request.form.getlist("severities"), trial=trial)


@blueprint.post("/operations/silences")
def set_one() -> Response:
    """Set the silence of the form."""
    write("POST", "/api/silences", _silence())
    return led_to("/operations/silences")


@blueprint.post("/operations/silences/<silence_id>/end")
def end(silence_id: str) -> Response:
    """End one now."""
    write("POST", f"/api/silences/{silence_id}/end")
    return done("It is over; what it held and still fires is placed now.", "/operations/silences", ["silences"])


def _board() -> dict[str, Any]:
    return {
        "now": _now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "live": read("/api/silences", {"state": "live", "limit": _MOST_LIVE}),
        "ended": read("/api/silences", {**asked(), "state": "ended", "limit": 20}),
    }


def _silence() -> dict[str, Any]:
    return silence_of(request.form, request.form.getlist("severities"), _now())


def _now() -> datetime:
    found: datetime = current_app.extensions["faultline_clock"].now()
    return found


def _form(values: dict[str, str], severities: list[str], trial: Any) -> Response:
    return operations_page(
        "operations/silence_new.html",
        "silences",
        values=values,
        chosen=severities,
        trial=trial,
        fields=FIELDS,
        lasts=LASTS,
        repeats=REPEATS,
        severities=SEVERITIES,
    )
