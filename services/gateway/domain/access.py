"""Decide who may do what: the ladder of roles, and the subject behind a request."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.domain.records import Role, Scope

# From least to most; each role may do all that the ones before it may. ``service`` stands beside the ladder.
_LADDER = (Role.VIEWER, Role.RESPONDER, Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is behind a request. ``id`` (``token:<name>``) is the actor that timelines name.

    ``scopes`` narrow the role; None for all it allows. ``token_id`` is None for who signs instead, ``session_id``
    for all but browsers. ``expires_at`` is when what was shown ends, if it does.
    """

    id: str
    name: str
    role: Role
    scopes: tuple[Scope, ...] | None = None
    token_id: str | None = None
    session_id: str | None = None
    expires_at: datetime | None = None

    def has(self, scope: Scope | None) -> bool:
        """Answer whether ``scope`` is among what this subject may do, as far as scopes say; None asks for none."""
        return scope is None or self.scopes is None or scope in self.scopes


def may(role: Role, required: Role) -> bool:
    """Answer whether ``role`` reaches ``required``.

    ``service`` is required of those who send deliveries: a service may do that and nothing else, and
    people from responder on may do it too.
    """
    if role is Role.SERVICE:
        return required is Role.SERVICE
    least = Role.RESPONDER if required is Role.SERVICE else required
    return _LADDER.index(role) >= _LADDER.index(least)
