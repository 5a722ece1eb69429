"""Who looks at the page, as ``GET /api/me`` says: for what a page offers. What they may do is decided by the API."""

from dataclasses import dataclass
from typing import Any

from flask import g

from services.gateway.ui.ask import ApiRefused, read

# The order of the roles, the least first.
_RANKS = ("viewer", "responder", "approver", "admin")


@dataclass(frozen=True, slots=True)
class Person:
    """The person behind the session."""

    subject: str
    name: str
    role: str
    scopes: tuple[str, ...] | None
    csrf_token: str

    def may(self, role: str, scope: str | None = None) -> bool:
        """Answer whether to offer what asks for this least role and scope."""
        if self.role not in _RANKS or _RANKS.index(self.role) < _RANKS.index(role):
            return False
        return scope is None or self.scopes is None or scope in self.scopes


def person() -> Person:
    """Return who looks at this page, asked once a request; raises ``ApiRefused`` where nobody is signed in."""
    found = g.get("ui_person")
    if found is None:
        found = g.ui_person = _from_api(read("/api/me"))
    return found  # type: ignore[no-any-return]  # Flask's g is open.


def is_signed_in() -> bool:
    """Answer whether a page can be made for somebody: one about what went wrong must not fail on that."""
    try:
        person()
    except ApiRefused:
        return False
    return True


def _from_api(me: dict[str, Any]) -> Person:
    scopes = me.get("scopes")
    return Person(
        subject=me["id"],
        name=me["name"],
        role=me["role"],
        scopes=tuple(scopes) if scopes is not None else None,
        csrf_token=me.get("csrfToken") or "",
    )
