"""Put the screens together: one blueprint with every page, their headers, and what each template is given."""

import re
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request

from services.gateway.ui.answering import HTML, refused
from services.gateway.ui.ask import ApiRefused
from services.gateway.ui.assets import Assets
from services.gateway.ui.pages import actions, dashboard, inbox, incident, operations, quickdx, signing_in
from services.gateway.ui.person import is_signed_in, person
from services.gateway.ui.waiting import count_waiting
from services.gateway.ui.words import add_words
from shared.ports import Clock

blueprint = Blueprint("screens", __name__, template_folder="templates")
_SIGNED_IN = {"person": person, "is_signed_in": is_signed_in, "count_waiting": count_waiting}
_NOT_FOUND = 404
_INCIDENT = re.compile(r"(?i)inc-?([0-9]{1,9})")
# Addresses of programs, whatever they say they take.
_OF_PROGRAMS = ("/api/", "/v2/", "/assets/")
_THEMES = frozenset({"light", "dark", "system"})
_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
for _page in (dashboard, inbox, incident, actions, quickdx, operations, signing_in):
    blueprint.register_blueprint(_page.blueprint)


def add_screens(app: Flask, clock: Clock, assets: Assets | None = None) -> None:
    """Let ``app`` serve the screens with what was built into ``assets``."""
    app.extensions["faultline_assets"] = built = assets or Assets()
    app.extensions["faultline_clock"] = clock
    add_words(app, clock)
    app.register_blueprint(blueprint)

    @app.context_processor
    def offer() -> dict[str, Any]:
        theme = request.cookies.get("faultline_theme", "system")
        return {"assets": built, "theme": theme if theme in _THEMES else "system", **_SIGNED_IN}


@blueprint.before_request
def _need_assets() -> Response | None:
    """Say what is missing where the scripts and styles were not built; the API needs none of them."""
    from_app: Assets = _assets()
    if from_app.are_built:
        return None
    return Response(render_template("not_built.html"), 503, content_type=HTML)


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """Serve a built script or style."""
    return _assets().answer(name) or Response(status=404)


@blueprint.errorhandler(ApiRefused)
def _answer_refused(error: ApiRefused) -> Response:
    return refused(error)


@blueprint.after_request
def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def unknown_page() -> Response | None:
    """Return the page for an address that leads nowhere; None where a program asked, which is told as by the API."""
    takes = request.accept_mimetypes
    is_browser = takes["text/html"] > takes["application/json"] and not request.path.startswith(_OF_PROGRAMS)
    if not is_browser or not _assets().are_built:
        return None
    named = _INCIDENT.search(request.path)
    text = render_template("unknown.html", number=named.group(1) if named else None)
    return _protect(Response(text, _NOT_FOUND, content_type=HTML))


def _assets() -> Assets:
    found: Assets = current_app.extensions["faultline_assets"]
    return found
