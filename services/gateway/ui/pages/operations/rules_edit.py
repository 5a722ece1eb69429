"""Changing the rules: as a form or as JSON, tried on the past, then put into force. What was typed is never lost."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import is_part, led_to, page
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.pages.operations.frame import made, operations_page
from services.gateway.ui.pages.operations.rule_fields import LABELS, RuleFields
from services.gateway.ui.pages.operations.rules_base import (
    Base,
    base_of_form,
    overtaken,
    refuse_emptying,
    refuse_unchanged,
)
from services.gateway.ui.pages.operations.rules_form import (
    PARTS,
    change,
    form_of,
    is_lossless,
    place_at_fields,
    read_form,
    rules_of,
)
from services.gateway.ui.pages.operations.rules_text import place_errors, read_object, write_rules
from services.gateway.ui.person import person
from services.gateway.ui.words import pretty
from shared.contracts.severity import Severity

blueprint = Blueprint("rules_edit", __name__)
HOURS = (1, 6, 24, 72, 168)
_EXAMPLE = {
    "grouping": [
        {
            "id": "node-down",
            "name": "A node and all that runs on it",
            "match": {"names": ["KubeNodeNotReady", "KubeletDown"]},
            "groupBy": ["cluster", "labels.node"],
        },
        {
            "id": "lab",
            "name": "Nobody is woken by the lab",
            "match": {"labels": {"env": ["lab"]}},
            "effect": "suppress",
        },
    ],
    "ownership": [{"id": "pay", "name": "Payments", "match": {"namespaces": ["pay"]}, "owner": "team-payments"}],
}
_CHECKED = "checked"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Draft:
    """Rules as they stand in the page, as text of JSON or as a form: one of both."""

    text: str | None = None
    form: tuple[RuleFields, ...] = ()

    def rules(self) -> Json:
        """Return them as the API takes them; raises ``ApiRefused``."""
        return read_object(self.text, "rules") if self.text is not None else rules_of(self.form)

    def place(self, problem: Json) -> None:
        """Have the errors of a refusal name the lines of the text, or the fields of the form."""
        if self.text is None:
            place_at_fields(problem, self.form)
        elif isinstance(problem.get("errors"), dict):
            problem["errors"] = place_errors(problem["errors"], self.text)


@blueprint.get("/operations/rules/edit")
def edit() -> Response:
    """Show the rules to change: those in force, or those of the version ``from``; ``as=json`` shows them as text."""
    book = read("/api/rules")
    source = request.args.get("from", type=int)
    begun = read(f"/api/rules/versions/{source}") if source else book
    text = write_rules(begun)
    is_held, base = is_lossless(begun), Base(book["version"], book, source)
    if request.args.get("as") == "json" or not is_held:
        return _editor(_Draft(text), base, is_unheld=not is_held)
    return _editor(_Draft(form=tuple(form_of(json.loads(text)))), base)


@blueprint.post("/operations/rules/edit")
def rearrange() -> Response:
    """Show the rules of the form with one added, moved or left out, as JSON or as a form, or on another base."""
    draft = _sent()
    what, _, at = request.form.get("do", "").partition(".")
    try:
        if what == "base":
            return _rebased(draft, at)
        changed, goes_on, told = _changed(draft, what, at)
    except ApiRefused as error:
        return _refused(draft, error)
    if not is_part():
        return _editor(changed)
    answer = page("operations/rules_set.html", **_shown(changed), told=told)
    if goes_on:
        answer.headers["HX-Trigger-After-Settle"] = json.dumps({"goOn": {"at": goes_on}})
    return answer


@blueprint.post("/operations/rules/check")
def check() -> Response:
    """Say whether one rule's ``match`` and condition can be read, and how many signals of the past day they take."""
    draft, key = _sent(), request.form.get("check", "")
    # Who owns what is found by the same conditions: tried as a grouping rule, it is counted what they take.
    alone = [replace(one, part="grouping", is_removed=False) for one in draft.form if one.key == key]
    try:
        rule: Json = next(iter(rules_of(alone)["grouping"]), {})
        asked = {name: rule[name] for name in ("match", "when") if name in rule}
        tried: Json = {"grouping": [{"id": _CHECKED, "name": _CHECKED, **asked}], "ownership": [], "hours": HOURS[2]}
        trial = write("POST", "/api/rules/try", tried).body
    except ApiRefused as error:
        if not error.problem.get("errors"):
            raise
        place_at_fields(error.problem, alone)
        said: Json = {"problem": error.problem}
    else:
        said = {"taken": trial["after"]["rules"].get(_CHECKED, 0), "signals": trial["signals"]}
    if is_part():
        return page("operations/rule_checked.html", said=said)
    return _editor(draft, checked={key: said})


@blueprint.post("/operations/rules/try")
def try_out() -> Response:
    """Show what the rules of the form would have made of the past, beside those in force."""
    draft, hours = _sent(), request.form.get("hours", HOURS[2], type=int)
    try:
        trial = _send(draft, "POST", "/api/rules/try", hours=hours)
    except ApiRefused as error:
        return _refused(draft, error)
    if is_part():
        return made("operations/rules_trial.html", trial=trial, hours=hours)
    return _editor(draft, trial=trial)


@blueprint.post("/operations/rules/save")
def save() -> Response:
    """Put the rules of the form into force, if they are others than those, and not none by an oversight."""
    draft, base = _sent(), base_of_form()
    try:
        refuse_emptying(draft.rules(), base)
        refuse_unchanged(_send(draft, "PUT", "/api/rules", reason=request.form.get("reason", "")), base)
    except ApiRefused as error:
        return _refused(draft, error)
    return led_to("/operations/rules")


def _sent() -> _Draft:
    text = request.form.get("rules")
    return _Draft(text) if text is not None else _Draft(form=tuple(read_form(request.form)))


def _send(draft: _Draft, method: str, path: str, **more: Any) -> Any:
    """Return the answer to the rules of the draft; a refusal names its lines or fields."""
    body = draft.rules() | more
    try:
        return write(method, path, body).body
    except ApiRefused as error:
        draft.place(error.problem)
        raise


def _changed(draft: _Draft, what: str, at: str) -> tuple[_Draft, str, str]:
    if what == "json" and draft.text is None:
        return _Draft(pretty(draft.rules())), "rules-text", "The rules stand as JSON."
    if what == "form" and draft.text is not None:
        return _Draft(form=tuple(form_of(draft.rules()))), "as-json", "The rules stand as a form."
    form, goes_on, told = change(list(draft.form), what, at)
    return _Draft(draft.text, tuple(form)), goes_on, told


def _rebased(draft: _Draft, at: str) -> Response:
    """Show the rules as they are, based on the version ``at`` now; raises ``ApiRefused`` if it is not in force."""
    book = read("/api/rules")
    if at != str(book["version"]):
        raise overtaken()
    base = Base(book["version"], book)
    if not is_part():
        return _editor(draft, base)
    answer = page("operations/rules_base.html", base=base)
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#rules-base", "outerHTML"
    told = f"Based on version {at} now. Nothing was put into force yet."
    answer.headers["HX-Trigger"] = json.dumps({"done": {"message": told}})
    answer.headers["HX-Trigger-After-Settle"] = json.dumps({"goOn": {"at": "put-into-force"}})
    return answer


def _refused(draft: _Draft, error: ApiRefused) -> Response:
    """Tell the refusal beside what was typed, which stays: in the page, or without script on a page made anew."""
    is_overtaken = error.status == HTTPStatus.PRECONDITION_FAILED
    is_asked = is_overtaken or "empties" in error.problem
    if error.status == HTTPStatus.UNAUTHORIZED or (is_part() and not is_asked):
        raise error
    problem = overtaken(error.problem).problem if is_overtaken else error.problem
    if is_part():
        answer = page("operations/rules_refused.html", base=base_of_form(), problem=problem)
    else:
        answer = _editor(draft, problem=problem)
    answer.status_code = error.status
    return answer


def _editor(draft: _Draft, base: Base | None = None, **more: Any) -> Response:
    return operations_page("operations/rules_edit.html", "rules", **_shown(draft), base=base or base_of_form(), **more)


def _shown(draft: _Draft) -> Json:
    """Return what the templates need to show the rules and all around them."""
    return {
        "text": draft.text,
        "parts": [(part, [one for one in draft.form if one.part == part]) for part in PARTS],
        "labels": LABELS,
        "severities": [one.value for one in Severity],
        "hours": HOURS,
        "chosen_hours": request.form.get("hours", HOURS[2], type=int),
        "example": pretty(_EXAMPLE),
        "may_save": person().may("admin", "rules:write"),
        "at": "edit",
    }
