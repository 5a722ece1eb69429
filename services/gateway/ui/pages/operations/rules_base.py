"""What typed rules are based on, and what is in force by now: nothing of it is replaced, or taken away, unseen."""

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


def refuse_emptying(rules: Json, base: Base) -> None:
    """Raise ``ApiRefused`` if the rules take away every rule of a part in force, unless the form says so.

    Rules that were overtaken are not asked about: they are refused for that.
    """
    said = request.form.get("empties", "").split()
    emptied = [part for part in PARTS if base.book[part] and rules.get(part, []) == []]
    if base.is_overtaken or all(part in said for part in emptied):
        return
    is_all = not any(rules.get(part) for part in PARTS)
    what = "every rule" if is_all else f"every {emptied[0]} rule"
    told = {"title": f"This takes away {what}", "detail": "Nothing was changed yet.", "empties": emptied}
    raise _refusal(told | {"is_all": is_all})


def refuse_unchanged(put: Json, base: Base) -> None:
    """Raise ``ApiRefused`` if what the API answered is no version of its own: the rules were in force already."""
    if put["version"] != base.version:
        return
    which = f"These are the rules of version {base.version}, in force" if base.version else "There is no rule to put"
    told = {"title": "There is nothing to put into force", "detail": f"{which}: nothing was changed."}
    # The request had its answer, so that what is typed next is another one.
    raise _refusal(told | {"arrived": True})


def _refusal(problem: Json) -> ApiRefused:
    return ApiRefused(Answer(HTTPStatus.UNPROCESSABLE_ENTITY, Headers(), b"", problem))


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
