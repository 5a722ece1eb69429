"""The tab of operations: tokens and sessions, so who may do what and from where."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, request

from services.gateway.ui.answering import done, is_part, led_to, page
from services.gateway.ui.ask import read, write
from services.gateway.ui.pages.operations.frame import asked, made, operations_page
from services.gateway.ui.pages.operations.moments import end_of_day
from services.gateway.ui.person import person

blueprint = Blueprint("access", __name__)
ROLES = ("viewer", "responder", "approver", "admin", "service")
SCOPES = (
    ("incidents:read", "read incidents, jobs, statistics"),
    ("incidents:write", "work on incidents, propose and execute actions"),
    ("actions:approve", "approve and reject actions"),
    ("deliveries:read", "read deliveries and their bodies"),
    ("deliveries:write", "replay and preview deliveries"),
    ("rules:read", "read rules, silences, noise"),
    ("rules:write", "set silences; change rules as an admin"),
    ("intake:send", "send deliveries"),
    ("admin", "tokens, sessions, the audit log"),
)
DAYS = ((30, "30 days"), (90, "90 days"), (365, "1 year"))
STATES = ("active", "expired", "revoked")


@blueprint.get("/operations/tokens")
def show() -> Response:
    """Show sessions, and to admins the tokens and the form to make one."""
    return operations_page("operations/access.html", "tokens", **_board(), made=None)


@blueprint.get("/operations/tokens/board")
def show_board() -> Response:
    """Show the part of the page that follows what is made and ended."""
    return page("operations/access_board.html", **_board())


@blueprint.post("/operations/tokens")
def make() -> Response:
    """Make a token, and show its secret this once; it stands in no address and no cookie."""
    token = write("POST", "/api/tokens", token_of(request.form.to_dict(), request.form.getlist("scopes"))).body
    if is_part():
        return _unkept(made("operations/token_made.html", refresh=("tokens",), made=token))
    return _unkept(operations_page("operations/access.html", "tokens", **_board(), made=token))


@blueprint.post("/operations/tokens/<token_id>/revoke")
def revoke(token_id: str) -> Response:
    """Revoke a token, with its sessions."""
    write("DELETE", f"/api/tokens/{token_id}")
    return done("The token is revoked, and its sessions are over.", "/operations/tokens", ["tokens"])


@blueprint.post("/operations/sessions/<session_id>/end")
def end(session_id: str) -> Response:
    """End a session; one's own leads to signing in."""
    is_mine = read("/api/me")["sessionId"] == session_id
    write("DELETE", f"/api/sessions/{session_id}")
    return led_to("/sign-in") if is_mine else done("The session is over.", "/operations/tokens", ["tokens"])


def token_of(form: dict[str, str], scopes: list[str]) -> dict[str, Any]:
    """Return the token of the form, as the API takes it; no scope chosen is all that the role allows."""
    body: dict[str, Any] = {"name": form.get("name", "").strip(), "role": form.get("role", "")}
    if scopes:
        body["scopes"] = scopes
    if day := form.get("until", "").strip():
        body["expiresAt"] = end_of_day(day)
    elif (days := form.get("days", "")).isdecimal():
        # So many digits are more than the most days already.
        body["expiresAt"] = _in_days(int(days[:4]))
    return body


def _in_days(days: int) -> str:
    now = current_app.extensions["faultline_clock"].now()
    return str((now + timedelta(days=min(days, DAYS[-1][0]))).isoformat())


def _board() -> dict[str, Any]:
    filters = asked("state")
    is_admin = person().may("admin", "admin")
    sessions = read("/api/sessions", {"state": "live", "limit": 100})
    return {
        "is_admin": is_admin,
        "my_token": next((one["tokenId"] for one in sessions["items"] if one["isCurrent"]), None),
        "tokens": read("/api/tokens", {**filters, "state": filters["state"] or "active"}) if is_admin else None,
        "sessions": sessions,
        "me": read("/api/me"),
        "filters": filters,
        "roles": ROLES,
        "scopes": SCOPES,
        "days": DAYS,
        "states": STATES,
    }


def _unkept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
