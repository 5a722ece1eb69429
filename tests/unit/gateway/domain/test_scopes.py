import msgspec
import pytest

from services.gateway.domain.access import Subject, may
from services.gateway.domain.records import Role, Scope
from services.gateway.domain.scopes import LEAST_ROLES, useless_scopes
from services.gateway.openapi import describe_api

SPEC = msgspec.json.decode(describe_api())
ENTRIES = [
    (entry["x-required-scope"], Role(entry["x-required-role"]))
    for entries in SPEC["paths"].values()
    for method, entry in entries.items()
    if method != "parameters" and entry["x-required-scope"] != "none"
]


def test_every_scope_is_asked_for_by_something_its_least_role_may_do():
    for scope, least in LEAST_ROLES.items():
        roles = [role for found, role in ENTRIES if found == scope]
        if scope is Scope.ACTIONS_APPROVE and not roles:
            continue  # What it is for comes with actions.

        assert any(may(least, role) for role in roles), scope
        assert not any(may(role, least) is False and may(role, required) for role in Role for required in roles), scope


@pytest.mark.parametrize("role", list(Role))
def test_a_scope_that_allows_a_role_nothing_is_told(role: Role):
    useless = useless_scopes(role, tuple(Scope))

    assert all(not may(role, least) for scope, least in LEAST_ROLES.items() if scope in useless)
    assert len(useless) < len(Scope)


def test_no_scopes_are_all_scopes():
    free = Subject(id="token:a", name="a", role=Role.VIEWER)
    narrow = Subject(id="token:b", name="b", role=Role.VIEWER, scopes=(Scope.RULES_READ,))

    assert all(free.has(scope) for scope in (*Scope, None))
    assert [scope for scope in (*Scope, None) if narrow.has(scope)] == [Scope.RULES_READ, None]
