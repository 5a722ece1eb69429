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
    found: dict[str, Role] = {}
    for approval in action.approvals:
        if approval.by.startswith(_NAMED) and approval.by not in found:
            token = reads.find(Token, token_id_for(approval.by.removeprefix(_NAMED)))
            if token is not None and token.state(now) is TokenState.ACTIVE and _lets_approve(token):
                found[approval.by] = token.role
    return found


def _lets_approve(token: Token) -> bool:
    return token.scopes is None or Scope.ACTIONS_APPROVE in token.scopes
