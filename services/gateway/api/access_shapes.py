"""The shapes of answers about tokens, sessions and the audit log, for the OpenAPI document."""

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.records import AUDIT_TYPES, Role, Scope, SessionEnd, SessionState, TokenState


def _moment(**options: Any) -> fields.DateTime:
    return fields.DateTime(format="iso", **options)


def _scopes() -> fields.List[Any]:
    return fields.List(Word(Scope), allow_none=True, metadata={"description": "null: all that the role allows."})


class TokenShape(Shape):
    """A bearer token, without its secret."""

    id = fields.String()
    name = fields.String()
    role = Word(Role)
    scopes = _scopes()
    state = Word(TokenState)
    created_by = fields.String()
    created_at = _moment()
    expires_at = _moment(allow_none=True)
    revoked_at = _moment(allow_none=True)
    last_used_at = _moment(allow_none=True, metadata={"description": "Lags by up to some minutes."})


class TokenWithSecretShape(TokenShape):
    """A token just made. The secret is shown this once; a repeat of the request shows null."""

    token = fields.String(allow_none=True)


class MeShape(Shape):
    """The subject behind the token or session."""

    id = fields.String()
    name = fields.String()
    role = Word(Role)
    scopes = _scopes()
    signed_in_by = fields.String(validate=validate.OneOf(["token", "session"]))
    expires_at = _moment(allow_none=True, metadata={"description": "When what was shown ends; null: never."})
    session_id = fields.String(allow_none=True)
    csrf_token = fields.String(
        allow_none=True, metadata={"description": "To send as X-CSRF-Token with every write of this session."}
    )


class SessionShape(Shape):
    """A browser that signed in."""

    id = fields.String()
    subject = fields.String()
    token_id = fields.String()
    role = Word(Role)
    scopes = _scopes()
    state = Word(SessionState)
    is_current = fields.Boolean(metadata={"description": "It is the one this request came with."})
    created_at = _moment()
    expires_at = _moment()
    last_seen_at = _moment(metadata={"description": "Lags by up to some minutes."})
    address = fields.String()
    user_agent = fields.String()
    ended_at = _moment(allow_none=True)
    ended_by = fields.String(allow_none=True)
    end = Word(SessionEnd, allow_none=True)


class SessionBegunShape(SessionShape):
    """A session just begun; the cookie in the answer is its secret."""

    csrf_token = fields.String()


class AuditEntryShape(Shape):
    """A fact of the audit log, in its place in the chain of its month."""

    month = fields.String()
    sequence = fields.Integer()
    type = fields.String(validate=validate.OneOf(sorted(AUDIT_TYPES)))
    actor = fields.String()
    source = fields.String()
    occurred_at = _moment()
    recorded_at = _moment()
    message = fields.String()
    payload = fields.Dict(keys=fields.String())
    previous_hash = fields.String()
    hash = fields.String()


class AuditHeadShape(Shape):
    """The end of the newest month of the audit log."""

    month = fields.String()
    sequence = fields.Integer()
    hash = fields.String()


TokenPageShape = page_of(TokenShape)
SessionPageShape = page_of(SessionShape)


class AuditPageShape(page_of(AuditEntryShape)):  # type: ignore[misc]  # made at runtime.
    """One page of the audit log, newest first."""

    head = fields.Nested(AuditHeadShape, allow_none=True, metadata={"description": "Keep its hash elsewhere."})
