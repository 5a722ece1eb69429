"""Endpoints of sessions: a browser signs in with a token and is known by a cookie from then on."""

from datetime import timedelta
from typing import Any

from flask import Response, request

from services.gateway import errors
from services.gateway.api import access_inputs, access_shapes
from services.gateway.api.access_views import view_begun, view_session
from services.gateway.api.browser import check_origin, csrf_token, give_cookie, session_secret, take_cookie
from services.gateway.api.current import JSON, authenticator, encode, encode_page, gateway, read_answer, subject
from services.gateway.api.operation import Operation, endpoint, let_in
from services.gateway.api.reading import ReadingBlueprint, decode_json
from services.gateway.domain.access import Subject, may
from services.gateway.domain.records import Role, Scope, Session, SessionEnd
from services.gateway.errors import Forbidden, JsonTooDeep, MalformedJson, RecordNotFound, ValidationFailed
from services.gateway.handlers.manage_sessions import (
    Browser,
    begin_session,
    end_session,
    live_sessions,
    make_session_secret,
)
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("sessions", __name__, description="Browsers that signed in.")

# Read before anybody is known, so no more than a token takes.
_MOST_BYTES = 4_096


def _admit_sign_in() -> None:
    """Let in who shows a good token, in the Authorization header or in the body."""
    request.max_content_length = _MOST_BYTES
    header, address = request.headers.get("Authorization"), request.remote_addr or ""
    auth = authenticator()
    known = auth.authenticate(header, address) if header is not None else auth.identify(_token_in_body(), address)
    check_origin()
    let_in(known, Role.VIEWER, None)


def _token_in_body() -> str | None:
    if request.mimetype != JSON:
        return None
    try:
        body = decode_json(request.get_data(cache=True))
    except (MalformedJson, JsonTooDeep):
        return None
    token = body.get("token") if isinstance(body, dict) else None
    return token if isinstance(token, str) else None


@endpoint(
    blueprint,
    Operation(
        path="/api/session",
        method="POST",
        role=Role.VIEWER,
        is_scoped=False,
        admit=_admit_sign_in,
        security=("bearer",),
        status=201,
        answer=access_shapes.SessionBegunShape,
        body=access_inputs.SignIn,
        body_example={"token": "flt_…"},
        errors=(errors.CsrfFailed,),
        extra={"description": "The token is in the body, or in the Authorization header and the body is `{}`."},
    ),
)
def sign_in(fields: dict[str, Any]) -> Response:
    """Begin a session with a token; the answer sets its cookie, always a new one."""
    if "token" in fields and "Authorization" in request.headers:
        raise ValidationFailed("Not valid: token.", errors={"token": ["came in the Authorization header already"]})
    parts, auth, token_id = gateway(), authenticator(), subject().token_id or ""
    secret, lifetime = make_session_secret(), timedelta(seconds=parts.settings.session_seconds)
    browser = Browser(
        secret=secret,
        address=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", ""),
    )
    replaced, live = auth.current_session(session_secret()), live_sessions(parts.store, token_id)
    session_id = parts.store.transact(
        lambda tx: begin_session(tx, token_id, browser, lifetime, live=live, replaced=replaced)
    )
    for changed in (session_id, *live, *([replaced] if replaced else [])):
        _learn(changed)
    session = parts.store.get(Session, session_id)
    response = Response(encode(view_begun(session, csrf_token(secret))), 201, content_type=JSON)
    response.headers["Location"] = f"/api/sessions/{session_id}"
    give_cookie(response, secret, session.expires_at - session.created_at)
    return response


@endpoint(
    blueprint,
    Operation(
        path="/api/session",
        method="DELETE",
        role=Role.VIEWER,
        is_scoped=False,
        status=204,
        extra={"description": "With a token in place of a session there is none to end, and nothing happens."},
    ),
)
def sign_out() -> Response:
    """End the session of this request, and have the browser forget it."""
    me = subject()
    if me.session_id is not None:
        _end(me.session_id, me, SessionEnd.SIGNED_OUT)
    response = Response(status=204)
    take_cookie(response)
    return response


@endpoint(
    blueprint,
    Operation(
        path="/api/sessions",
        role=Role.VIEWER,
        is_scoped=False,
        answer=access_shapes.SessionPageShape,
        query=access_inputs.SessionQuery,
        errors=(errors.BadCursor, errors.Forbidden),
        conditional=True,
    ),
)
def list_sessions(args: dict[str, Any]) -> Response:
    """List sessions, those that end last first: your own; everybody's if you may manage access."""
    me, auth = subject(), authenticator()
    wanted = args.get("token_id")
    if not _manages_access(me):
        if wanted not in {None, me.token_id}:
            raise Forbidden("Sessions of others are shown to admins only.")
        wanted = me.token_id or ""
    query = RecordQuery(
        parent=wanted, states=tuple(map(str, args["state"])), limit=args["limit"], cursor=args.get("cursor")
    )
    page = gateway().store.list_records(Session, query)
    items = [view_session(one, is_over=auth.why_over(one) is not None, current=me.session_id) for one in page.records]
    return read_answer(encode_page(items, page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path="/api/sessions/{session_id}",
        method="DELETE",
        role=Role.VIEWER,
        is_scoped=False,
        status=204,
        errors=(errors.RecordNotFound,),
    ),
)
def revoke_session(session_id: str) -> Response:
    """End a session at once: one of your own; anybody's if you may manage access. It stays listed."""
    me = subject()
    session = gateway().store.get(Session, session_id)
    if session.token_id != me.token_id and not _manages_access(me):
        # Whether others have one is not for everybody to learn.
        raise RecordNotFound(f"there is no session {session_id!r}")
    _end(session_id, me, SessionEnd.REVOKED)
    return Response(status=204)


def _manages_access(who: Subject) -> bool:
    return may(who.role, Role.ADMIN) and who.has(Scope.ADMIN)


def _end(session_id: str, who: Subject, end: SessionEnd) -> None:
    gateway().store.transact(lambda tx: end_session(tx, session_id, who.id, end))
    _learn(session_id)


def _learn(session_id: str) -> None:
    """Listeners may be told a moment after the commit; after the answer what it says must hold."""
    session = gateway().store.find(Session, session_id)
    if session is not None:
        authenticator().learn(session)
