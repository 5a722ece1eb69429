"""What typed rules are based on, and what is in force by now: nobody's change is replaced by one who did not see it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import request
from werkzeug.datastructures import Headers

from services.gateway.ui.ask import Answer, ApiRefused, read
from services.gateway.ui.pages.operations.rules_form import PARTS

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Base:
    """The version that typed rules are to take the place of, and the ``book`` in force.

    ``source`` is the earlier version whose rules they began with, if another.
    """

    version: int
    book: Json
    source: int | None = None

    @property
    def is_overtaken(self) -> bool:
        """Answer whether another version came into force than these rules are based on."""
        return bool(self.version != self.book["version"])

    def changes(self) -> list[str] | None:
        """Return how the rules in force differ from those of the version; None where that is not known."""
        try:
            before = read(f"/api/rules/versions/{self.version}") if self.version else {part: [] for part in PARTS}
        except ApiRefused:
            return None
        return [told for part in PARTS for told in _changes(part, before[part], self.book[part])]


def base_of_form() -> Base:
    """Return what the form that was sent is based on; without a version on whatever is in force."""
    book = read("/api/rules")
    version = request.form.get("version", type=int)
    return Base(book["version"] if version is None else version, book)


def overtaken(problem: Json | None = None) -> ApiRefused:
    """Return the refusal of rules that are based on another version than is in force, for people."""
    told = {
        "title": "Somebody else put rules into force meanwhile",
        "detail": "Yours were not, and stay as you typed them.",
    }
    kept = {name: value for name, value in (problem or {}).items() if name in ("instance", "code")}
    return ApiRefused(Answer(HTTPStatus.PRECONDITION_FAILED, Headers(), b"", told | kept))


def _changes(part: str, before: list[Json], now: list[Json]) -> list[str]:
    old, new = ({rule["id"]: rule for rule in rules} for rules in (before, now))
    name = part.capitalize()
    told = [
        f"{name}: {rule['name']} {'was changed' if identity in old else 'was added'}"
        for identity, rule in new.items()
        if rule != old.get(identity)
    ]
    told += [f"{name}: {rule['name']} was left out" for identity, rule in old.items() if identity not in new]
    if [one for one in old if one in new] != [one for one in new if one in old]:
        told.append(f"{name}: the order was changed")
    return told
