"""Endpoints of access: who am I, and the tokens."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import access_inputs, access_shapes
from services.gateway.api.access_views import view_new_token, view_token
from services.gateway.api.browser import csrf_token, session_secret
from services.gateway.api.current import (
    authenticator,
    encode,
    encode_page,
    gateway,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Role, Token
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.manage_tokens import make_secret, make_token, revoke_token
from services.gateway.ports import RecordQuery, Transaction

blueprint = ReadingBlueprint("access", __name__, description="Who may do what.")


@endpoint(
    blueprint,
    Operation(path="/api/me", role=Role.VIEWER, is_scoped=False, answer=access_shapes.MeShape, conditional=True),
)
def read_me() -> Response:
    """Say who the token or session belongs to, and what it may do."""
    me = subject()
    secret = session_secret() if me.session_id else None
    body = {
        "id": me.id,
        "name": me.name,
        "role": me.role,
        "scopes": me.scopes,
        "signedInBy": "session" if me.session_id else "token",
        "expiresAt": me.expires_at,
        "sessionId": me.session_id,
        "csrfToken": csrf_token(secret) if secret else None,
    }
    return read_answer(encode(body))


@endpoint(
    blueprint,
    Operation(
        path="/api/tokens",
        role=Role.ADMIN,
        answer=access_shapes.TokenPageShape,
        query=access_inputs.TokenQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_tokens(args: dict[str, Any]) -> Response:
    """List tokens, newest first; secrets are never shown."""
    query = RecordQuery(
        states=tuple(map(str, args["state"])),
        tags=tuple(map(str, args["role"])),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page, now = gateway().store.list_records(Token, query), gateway().clock.now()
    return read_answer(encode_page([view_token(token, now) for token in page.records], page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path="/api/tokens",
        method="POST",
        role=Role.ADMIN,
        status=201,
        answer=access_shapes.TokenWithSecretShape,
        body=access_inputs.NewToken,
        body_example={"name": "dashboard", "role": "viewer", "scopes": ["incidents:read"]},
        errors=(errors.TokenNameTaken,),
        keyed=True,
    ),
)
def create_token(fields: dict[str, Any]) -> Response:
    """Make a token; its secret is shown this once."""
    store, clock, actor, secret = gateway().store, gateway().clock, subject().id, make_secret()
    made: list[str] = []

    def work(tx: Transaction) -> str:
        made.clear()
        token_id = make_token(
            tx,
            name=fields["name"],
            role=fields["role"],
            secret=secret,
            created_by=actor,
            expires_at=fields.get("expires_at"),
            scopes=fields["scopes"],
        )
        made.append(token_id)
        return token_id

    def render(token_id: str) -> Answer:
        # What is kept for repeats is this body, so the secret is not in it.
        body = encode(view_new_token(store.get(Token, token_id), None, clock.now())).decode()
        return Answer(201, body, location=f"/api/tokens/{token_id}")

    answer = answer_once(store, repeat_guard(), work, render)
    response = write_answer(answer)
    if made and not answer.is_repeat:
        token = store.get(Token, made[0])
        # As for revoking: after this answer it works.
        authenticator().learn(token)
        response.set_data(encode(view_new_token(token, secret, clock.now())))
    return response


@endpoint(
    blueprint,
    Operation(
        path="/api/tokens/{token_id}",
        role=Role.ADMIN,
        answer=access_shapes.TokenShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_token(token_id: str) -> Response:
    """Read a token, without its secret."""
    return read_answer(encode(view_token(gateway().store.get(Token, token_id), gateway().clock.now())))


@endpoint(
    blueprint,
    Operation(
        path="/api/tokens/{token_id}",
        method="DELETE",
        role=Role.ADMIN,
        status=204,
        errors=(errors.RecordNotFound,),
    ),
)
def delete_token(token_id: str) -> Response:
    """Revoke a token; it stays listed, and its name is not given again."""
    store, actor = gateway().store, subject().id
    store.transact(lambda tx: revoke_token(tx, token_id, actor))
    # Listeners may be told a moment after the commit; after this answer nobody gets in with it any more.
    authenticator().learn(store.get(Token, token_id))
    return Response(status=204)
