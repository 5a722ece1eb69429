"""Find out who of those who approved an action may still approve at all."""

from datetime import datetime
from typing import Protocol, TypeVar

from services.gateway.domain.actions.standing import Roles
from services.gateway.domain.records import Action, Record, Role, Scope, Token, TokenState
from services.gateway.handlers.manage_tokens import token_id_for

R = TypeVar("R", bound=Record)
_NAMED = "token:"


class Reads(Protocol):
    """What can be looked up, in the store or within a transaction: there the answer is a precondition of the commit."""

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return the record, or None."""
        ...


def find_roles(reads: Reads, action: Action, now: datetime) -> Roles:
    """Return the role of now of everybody who approved ``action`` and may still approve at all.

    Left out is whose token was revoked or has expired by ``now``, or whose scopes do not let approve. Names are never
    given twice, so the token of a name is that of the person who approved.
    """
    roles = {by: find_role(reads, by, Scope.ACTIONS_APPROVE, now) for by in {one.by for one in action.approvals}}
    return {by: role for by, role in roles.items() if role is not None}


def find_role(reads: Reads, subject_id: str, scope: Scope, now: datetime) -> Role | None:
    """Return the role of now of a person; None if their token was revoked, has expired, or lacks ``scope``."""
    if not subject_id.startswith(_NAMED):
        return None
    token = reads.find(Token, token_id_for(subject_id.removeprefix(_NAMED)))
    if token is None or token.state(now) is not TokenState.ACTIVE:
        return None
    return token.role if token.scopes is None or scope in token.scopes else None
