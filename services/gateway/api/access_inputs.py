"""What the API takes of tokens, sessions and the audit log."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from services.gateway.api.fields import InputSchema, Moment, Text, Word, Words
from services.gateway.api.inputs import ListQuery, Page
from services.gateway.domain.records import AUDIT_TYPES, Role, Scope, SessionState, TokenState

_MOST_CHARACTERS = 512


class NewToken(InputSchema):
    """A token to make."""

    name = fields.String(
        required=True,
        validate=validate.Regexp(
            r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z",
            error="must be 1 to 63 letters, digits, dots, dashes or underscores, and begin with a letter or digit",
        ),
        metadata={"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"},
    )
    role = Word(Role, required=True)
    scopes = fields.List(
        Word(Scope),
        allow_none=True,
        # None of them would be a token that may do nothing, which nobody means.
        validate=validate.Length(min=1, max=len(Scope)),
        metadata={"description": "Narrow the role; all it allows if left out."},
    )
    expires_at = Moment(allow_none=True)

    @ma.post_load
    def freeze(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Scopes are a set in their own order; naming one twice says nothing new."""
        scopes = data.get("scopes")
        data["scopes"] = tuple(scope for scope in Scope if scope in scopes) if scopes is not None else None
        return data


class TokenQuery(Page):
    """A page of tokens."""

    role = Words(Word(Role))
    state = Words(Word(TokenState))


class SignIn(InputSchema):
    """A token to sign in with, unless the Authorization header has it."""

    token = Text(most=_MOST_CHARACTERS, blank=False)


class SessionQuery(Page):
    """A page of sessions."""

    state = Words(Word(SessionState))
    token_id = Text(most=100, metadata={"description": "Of this token only."})


class AuditQuery(ListQuery):
    """A page of the audit log."""

    actor = Text(most=200, blank=False, metadata={"description": "Such as `token:ann`, or `system`."})
    type = Words(fields.String(validate=validate.OneOf(sorted(AUDIT_TYPES))))
