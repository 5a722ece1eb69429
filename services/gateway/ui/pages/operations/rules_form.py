"""The rules as a form: all rules with their fields, in their order; adding, moving and leaving one out."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from werkzeug.datastructures import MultiDict

from services.gateway.ui.pages.operations.frame import unreadable
from services.gateway.ui.pages.operations.rule_fields import (
    LABELS,
    FieldsUnreadable,
    RuleFields,
    field_at,
    fields_of,
    is_whole,
    rule_of,
    unknown_members,
)
from services.gateway.ui.pages.operations.rule_ids import made_ids, same_ids

PARTS = ("grouping", "ownership")
Json = dict[str, Any]
Form = MultiDict[str, str]
_KEY = re.compile(r"r\d{1,6}")
_STEP = re.compile(r"[^.\[\]]+")


def form_of(rules: Json) -> list[RuleFields]:
    """Return the rules as fields; raises ``ApiRefused`` where the form could not hold all of them."""
    errors = {}
    for part in PARTS:
        some = rules.get(part, [])
        if not isinstance(some, list):
            errors[part] = ["a list of rules is meant"]
            continue
        errors |= {
            f"{part}.{at}": [f"the form has no place for {', '.join(unknown_members(one)) or 'all of it'}"]
            for at, one in enumerate(some)
            if not is_whole(one, part)
        }
    errors |= {name: ["the form has no place for it"] for name in rules if name not in PARTS}
    if errors:
        raise unreadable("The form cannot show these rules. Nothing was changed.", errors)
    every = [(part, rule) for part in PARTS for rule in rules.get(part, [])]
    return [fields_of(rule, f"r{at}", part) for at, (part, rule) in enumerate(every)]


def is_lossless(book: Json) -> bool:
    """Answer whether the form can hold the rules of a book."""
    return all(is_whole(rule, part) for part in PARTS for rule in book[part])


def read_form(form: Form) -> list[RuleFields]:
    """Return the rules of a form that was sent, as they were typed."""
    found: dict[str, RuleFields] = {}
    for part in PARTS:
        for key in form.getlist(part):
            if not _KEY.fullmatch(key) or key in found:
                continue
            texts = {name: form.get(f"{key}.{name}", "") for name in LABELS}
            severities, is_removed = form.getlist(f"{key}.severities"), f"{key}.removed" in form
            found[key] = RuleFields(key, part, texts, severities, is_removed)
    return list(found.values())


def rules_of(form: Iterable[RuleFields]) -> Json:
    """Return the rules as the API takes them; raises ``ApiRefused`` that names the fields that cannot be read.

    A rule without an id has one made of its name, which no other rule of its part has.
    """
    form = list(form)
    rules: Json = {part: [] for part in PARTS}
    errors: dict[str, list[str]] = {}
    kept, made = [one for one in form if not one.is_removed], made_ids(form)
    for fields in kept:
        try:
            rule = rule_of(fields)
        except FieldsUnreadable as error:
            errors |= {f"{fields.key}.{name}": [text] for name, text in error.errors.items()}
            continue
        if fields.key in made:
            rule = {"id": made[fields.key]} | rule
        rules[fields.part].append(rule)
    if errors:
        refusal = unreadable("A field cannot be read.", errors)
        refusal.problem["fieldNames"] = _names(kept)
        raise refusal
    return rules


def place_at_fields(problem: Json, form: Iterable[RuleFields]) -> None:
    """Have each error of a refusal stand at the field of the form it is about, where there is one."""
    kept = [one for one in form if not one.is_removed]
    errors = problem.get("errors")
    if isinstance(errors, dict):
        problem["errors"] = {_placed(name, kept): told for name, told in errors.items()} | _told_twice(kept)
        problem["fieldNames"] = _names(kept)
        problem["detail"] = "Mend what is marked; nothing was changed."


def change(form: list[RuleFields], what: str, at: str) -> tuple[list[RuleFields], str, str]:
    """Return the form with a rule added, moved, left out or taken in again; where to go on; and what to say.

    ``at`` is the key of the rule, or the part to add one to. What is not known changes nothing.
    """
    if what == "add" and at in PARTS:
        made = fields_of({}, f"r{1 + max((int(one.key[1:]) for one in form), default=-1)}", at, is_new=True)
        return [*form, made], f"{made.key}-name", "A rule was added at the end."
    place = next((number for number, one in enumerate(form) if one.key == at), None)
    if place is None:
        return form, "", ""
    name = form[place].texts.get("name") or "The rule"
    if what in ("remove", "keep"):
        changed = replace(form[place], is_removed=what == "remove")
        told = f"{name} is left out." if changed.is_removed else f"{name} is kept."
        return [*form[:place], changed, *form[place + 1 :]], f"{at}-{'keep' if changed.is_removed else 'remove'}", told
    return _moved(form, place, -1 if what == "up" else 1, name) if what in ("up", "down") else (form, "", "")


def _moved(form: list[RuleFields], place: int, by: int, name: str) -> tuple[list[RuleFields], str, str]:
    peers = [one for one in form if one.part == form[place].part]
    others = [one for one in form if one.part != form[place].part]
    now = peers.index(form[place])
    then = min(max(now + by, 0), len(peers) - 1)
    peers.insert(then, peers.pop(now))
    can_go_on = 0 <= then + by < len(peers)
    goes_on = ("up" if by < 0 else "down") if can_go_on else ("down" if by < 0 else "up")
    return [*peers, *others], f"{form[place].key}-{goes_on}", f"{name} is now {then + 1} of {len(peers)}."


def _placed(name: str, kept: list[RuleFields]) -> str:
    part, number, *rest = [*_STEP.findall(name), "", ""]
    peers = [one for one in kept if one.part == part]
    # A number of the API is short; what is not one of ours stays as it was told.
    if not number.isdecimal() or int(number[:4]) >= len(peers):
        return name
    field = field_at(".".join(step for step in rest if step))
    return f"{peers[int(number)].key}.{field}" if field else name


def _told_twice(kept: list[RuleFields]) -> dict[str, list[str]]:
    """Return what to say at each id that was typed for a rule before, too."""
    called = _called(kept)
    wanted = "type another, or none to have one made of the name"
    return {
        f"{key}.id": [f"this is the id of {called[before.key]} too; {wanted}"] for key, before in same_ids(kept).items()
    }


def _names(kept: list[RuleFields]) -> dict[str, str]:
    """Return how people call each field: what they call its rule, and its own name."""
    called = _called(kept).items()
    return {f"{key}.{name}": f"{rule}: {label}" for key, rule in called for name, label in LABELS.items()}


def _called(kept: list[RuleFields]) -> dict[str, str]:
    """Return how people call each rule, by its key: its part, its number there, and its name."""
    counts = dict.fromkeys(PARTS, 0)
    called: dict[str, str] = {}
    for fields in kept:
        counts[fields.part] += 1
        name = fields.texts.get("name", "")
        called[fields.key] = f"{fields.part.capitalize()} {counts[fields.part]} {name}".strip()
    return called
