"""Do one thing with several incidents: each by a request of its own, and of each is said what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, is_part, local_address, page
from services.gateway.ui.ask import ApiRefused, One, read, write
from services.gateway.ui.pages.inbox.narrowing import INBOX

blueprint = Blueprint("several", __name__)
MOST = 50
_NOT_FOUND = 404
_SEVERITIES = ("critical", "high", "medium", "low", "info")
_MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done: how its dialog is headed, and what was done with those it was done with."""

    title: str
    past: str


DEEDS = {
    "assign": Deed("Assign", "assigned"),
    "severity": Deed("Change severity", "changed"),
    "move": Deed("Move", "moved"),
    "merge": Deed("Merge", "merged"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """An incident somebody chose, as the form names it: its id, number and the version that was looked at."""

    id: str
    number: str
    version: str

    @property
    def name(self) -> str:
        return f"INC-{self.number}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one incident: ``problem`` is why it was refused, None when it was done."""

    chosen: Chosen
    problem: dict[str, Any] | None


@blueprint.get(f"{INBOX}/several")
def ask_what() -> Response:
    """Show what is about to be done, with which incidents, as they are now."""
    incidents, gone = _read(request.args.getlist("incident")[:MOST])
    deed = request.args.get("do", "assign")
    return page(
        "inbox/several_form.html" if is_part() else "inbox/several.html",
        deed=deed if deed in DEEDS else "assign",
        deeds=DEEDS,
        incidents=incidents,
        gone=gone,
        moves=_moves_of_all(incidents),
        severities=_SEVERITIES,
        back=_back(request.args.get("back", "")),
        results=[],
    )


@blueprint.post(f"{INBOX}/several")
def do_it() -> Response:
    """Do it with each, and say what came of each; what is refused for one is done for the others."""
    deed, back = request.form.get("do", ""), _back(request.form.get("back", ""))
    if deed not in DEEDS:
        return Response(status=_NOT_FOUND)
    chosen = [_chosen(text) for text in request.form.getlist("incident")[:MOST]]
    results = [Result(one, _try(_WRITES[deed], one)) for one in chosen if one and not _is_target(deed, one)]
    refused = [result for result in results if result.problem]
    past, count = DEEDS[deed].past, len(results)
    if not results:
        return done("Nothing was done: the only incident is the target itself.", back)
    if not refused:
        return done(f"{count} incident{'' if count == 1 else 's'} {past}.", back, refresh=["inbox"])
    template = "inbox/several_results.html" if is_part() else "inbox/several.html"
    return page(template, deed=deed, deeds=DEEDS, results=results, refused=refused, past=past, back=back)


def _try(work: Callable[[Chosen], None], chosen: Chosen) -> dict[str, Any] | None:
    try:
        work(chosen)
    except ApiRefused as error:
        # Nobody is signed in, or the proof is missing: that is about the person, not about this incident.
        if error.status in {401, 403}:
            raise
        return error.problem
    return None


def _assign(chosen: Chosen) -> None:
    _patch(chosen, {"owner": request.form.get("owner", "").strip() or None})


def _set_severity(chosen: Chosen) -> None:
    _patch(chosen, {"severity": request.form.get("severity", "")})


def _move(chosen: Chosen) -> None:
    force = {"force": True} if request.form.get("force") else {}
    reason = request.form.get("reason", "").strip()
    _patch(chosen, {"status": request.form.get("status", ""), "reason": reason, **force})


def _merge(chosen: Chosen) -> None:
    body = {"into": _target(), "reason": request.form.get("reason", "").strip()}
    write("POST", f"/api/incidents/{chosen.id}/merge", body, one=One(chosen.id, chosen.version))


def _patch(chosen: Chosen, body: dict[str, Any]) -> None:
    write("PATCH", f"/api/incidents/{chosen.id}", body, one=One(chosen.id, chosen.version))


_WRITES: dict[str, Callable[[Chosen], None]] = {
    "assign": _assign,
    "severity": _set_severity,
    "move": _move,
    "merge": _merge,
}


def _target() -> str:
    """Return what the others are merged into: a number that was typed, else one of them."""
    typed = request.form.get("other", "").strip().upper()
    if typed.isdecimal():
        return f"INC-{typed}"
    return typed or request.form.get("into", "")


def _is_target(deed: str, chosen: Chosen) -> bool:
    return deed == "merge" and _target() == chosen.name


def _read(names: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the incidents of these names as they are now, and the names of those that are gone."""
    found, gone = [], []
    for name in dict.fromkeys(names):
        try:
            found.append(read(f"/api/incidents/{name.partition('/')[0]}", {"redirect": "false"}))
        except ApiRefused as error:
            if error.status != _NOT_FOUND:
                raise
            gone.append(name)
    return found, gone


def _moves_of_all(incidents: list[dict[str, Any]]) -> list[str]:
    """Return the moves that every one of them allows, in the order they are offered in."""
    if not incidents:
        return []
    allowed = [incident["allowedTransitions"] for incident in incidents]
    return [move for move in allowed[0] if move != _MERGED and all(move in one for one in allowed)]


def _chosen(text: str) -> Chosen | None:
    parts = text.split(":")
    return Chosen(*parts) if len(parts) == 3 and parts[0].startswith("inc_") and parts[0].isidentifier() else None  # noqa: PLR2004 - id, number, version.


def _back(address: str) -> str:
    """Return the view of the inbox to go back to."""
    found = local_address(address)
    return found if found.partition("?")[0] == INBOX else INBOX
