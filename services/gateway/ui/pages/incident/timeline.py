"""The timeline of an incident: which part of it a page shows, how its entries read, and notes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, page
from services.gateway.ui.ask import read, write
from services.gateway.ui.pages.incident.frame import incident_address, read_incident
from services.gateway.ui.pages.incident.header import back_to, in_utc

blueprint = Blueprint("timeline", __name__)
# What people look for, and the types of entry it is.
KINDS: dict[str, tuple[str, ...]] = {
    "notes": ("note_added",),
    "case": (
        "incident_opened",
        "status_changed",
        "fields_changed",
        "severity_raised",
        "merged_from",
        "split_off",
        "relation_added",
        "relation_removed",
        "milestones_changed",
        "report_edited",
    ),
    "signals": ("signal_joined", "signal_refired", "signal_resolved", "signal_flapping", "signals_truncated"),
    "findings": ("diagnosis_attached", "investigated", "hypothesis_found", "change_found"),
    "actions": (
        "action_proposed",
        "action_previewed",
        "action_approval_requested",
        "action_approved",
        "action_rejected",
        "action_expired",
        "action_withdrawn",
        "action_started",
        "action_refused",
        "action_stale",
        "action_freeze_broken",
        "action_executed",
        "action_verified",
        "action_ineffective",
        "action_not_verified",
        "action_unknown",
        "action_failed",
    ),
    "tasks": ("task_added", "task_changed"),
}
_KIND_OF = {kind: name for name, kinds in KINDS.items() for kind in kinds}
_STEP, _MOST = 50, 1_000
# An entry that was recorded this much later than it happened says so.
_LATE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the timeline a page shows. The address of the page says all of it."""

    kind: str = ""
    actor: str = ""
    order: str = "newest"
    shown: int = _STEP
    before: int | None = None

    def query(self) -> str:
        """Return what stands in the address, without what goes without saying."""
        usual = View()
        told = {name: getattr(self, name) for name in self.__slots__ if getattr(self, name) != getattr(usual, name)}
        return f"?{urlencode(told)}" if told else ""

    def but(self, **changes: Any) -> "View":
        """Return it with some of it set anew, from the newest entry on again."""
        return replace(self, **{"shown": _STEP, "before": None, **changes})

    @property
    def more(self) -> int:
        """Return how many entries to show next."""
        return min(self.shown + _STEP, _MOST)

    @property
    def is_full(self) -> bool:
        """Answer whether no more fit on one page."""
        return self.shown >= _MOST


def read_view(args: Mapping[str, str]) -> View:
    """Return what an address asks for; what makes no sense is left out."""
    kind, shown, before = args.get("kind", ""), args.get("shown", ""), args.get("before", "")
    return View(
        kind=kind if kind in KINDS else "",
        actor=args.get("actor", "").strip(),
        order="oldest" if args.get("order") == "oldest" else "newest",
        shown=min(max(int(shown), 1), _MOST) if _is_count(shown) else _STEP,
        before=int(before) if _is_count(before) and int(before) > 0 else None,
    )


def read_timeline(incident: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the part of the timeline the view asks for, with what the template needs of it."""
    query = {"sort": "-sequence", "limit": view.shown, "before": view.before}
    query |= {"type": list(KINDS.get(view.kind, ())), "actor": view.actor or None}
    answer: dict[str, Any] = read(f"/api/incidents/{incident['id']}/timeline", query)
    entries = [_tell(incident, entry) for entry in answer["items"]]
    actors = sorted({entry["actor"] for entry in entries} | ({view.actor} if view.actor else set()))
    if view.order == "oldest":
        entries.reverse()
    return answer | {"entries": entries, "view": view, "actors": actors, "kinds": list(KINDS)}


@blueprint.get("/incidents/<incident_id>/parts/timeline")
def show_timeline(incident_id: str) -> Response:
    """Show the timeline alone."""
    incident = read_incident(incident_id)
    return page("incident/timeline.html", incident=incident, timeline=read_timeline(incident, read_view(request.args)))


@blueprint.post("/incidents/<incident_id>/notes")
def add_note(incident_id: str) -> Response:
    """Add a note."""
    body = {"message": request.form.get("message", "").replace("\r\n", "\n")}
    if occurred_at := request.form.get("occurredAt", "").strip():
        body["occurredAt"] = in_utc(occurred_at)
    write("POST", f"/api/incidents/{incident_id}/timeline", body)
    return done("Note added.", back_to(incident_id), ("timeline",))


def _tell(incident: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    late = _seconds_between(entry["occurredAt"], entry["recordedAt"]) > _LATE_SECONDS
    kind = _KIND_OF.get(entry["type"], "case")
    payload = msgspec.json.format(msgspec.json.encode(entry["payload"]), indent=2).decode() if entry["payload"] else ""
    links = _links(incident_address(incident), entry)
    return entry | {"kind": kind, "isLate": late, "links": links, "payloadText": payload}


def _links(address: str, entry: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where to look at what the entry is about."""
    known = entry["payload"]
    ways = {
        "actionId": ("Action", f"{address}/actions#{{}}"),
        "taskId": ("Task", f"{address}#{{}}"),
        "diagnosisId": ("Evidence", f"{address}/evidence#diagnosis-{{}}"),
        "investigationId": ("Evidence", f"{address}/evidence?investigation={{}}"),
        "jobId": ("Job", f"{address}/jobs#{{}}"),
        "deliveryId": ("Delivery", "/operations/deliveries/{}"),
        "incidentId": ("Incident", "/incidents/{}"),
        "mergedInto": ("Incident", "/incidents/{}"),
        "splitFrom": ("Incident", "/incidents/{}"),
    }
    found = [
        (text, way.format(quote(str(known[name]), safe=""))) for name, (text, way) in ways.items() if known.get(name)
    ]
    if entry["type"] == "report_edited":
        found.append(("Report", f"{address}/report"))
    if entry["type"] == "investigated":
        found.append(("Graph", f"{address}/graph"))
    return found


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len("9007199254740992") - 1


def _seconds_between(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
