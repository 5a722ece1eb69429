"""Decide who may do what: the ladder of roles, and the subject behind a request."""

from dataclasses import dataclass

from services.gateway.domain.records import Role

# From least to most; each role may do all that the ones before it may. ``service`` stands beside the ladder.
_LADDER = (Role.VIEWER, Role.RESPONDER, Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is behind a request. ``id`` (``token:<name>``) is the actor that timelines name."""

    id: str
    name: str
    role: Role


def may(role: Role, required: Role) -> bool:
    """Answer whether ``role`` reaches ``required``.

    ``service`` is required of those who send deliveries: a service may do that and nothing else, and
    people from responder on may do it too.
    """
    if role is Role.SERVICE:
        return required is Role.SERVICE
    least = Role.RESPONDER if required is Role.SERVICE else required
    return _LADDER.index(role) >= _LADDER.index(least)
