"""Decide what a scope is good for: the least role it needs, and which scope an operation asks for by itself."""

from services.gateway.domain.access import may
from services.gateway.domain.records import Role, Scope

LEAST_ROLES = {
    Scope.INCIDENTS_READ: Role.VIEWER,
    Scope.INCIDENTS_WRITE: Role.RESPONDER,
    Scope.ACTIONS_APPROVE: Role.APPROVER,
    Scope.DELIVERIES_READ: Role.VIEWER,
    Scope.DELIVERIES_WRITE: Role.RESPONDER,
    Scope.RULES_READ: Role.VIEWER,
    Scope.RULES_WRITE: Role.RESPONDER,
    Scope.INTAKE_SEND: Role.SERVICE,
    Scope.ADMIN: Role.ADMIN,
}
"""The least role that any operation of the scope needs."""


def useless_scopes(role: Role, scopes: tuple[Scope, ...]) -> list[Scope]:
    """Return those of ``scopes`` that allow a subject of ``role`` nothing: a scope narrows, and never widens."""
    return [scope for scope in scopes if not may(role, LEAST_ROLES[scope])]


def usual_scope(role: Role, *, is_read: bool) -> Scope:
    """Return the scope of an operation that names none of its own: incidents, unless its role says otherwise."""
    if role is Role.SERVICE:
        return Scope.INTAKE_SEND
    if role is Role.ADMIN:
        return Scope.ADMIN
    if role is Role.APPROVER:
        return Scope.ACTIONS_APPROVE
    return Scope.INCIDENTS_READ if is_read else Scope.INCIDENTS_WRITE
