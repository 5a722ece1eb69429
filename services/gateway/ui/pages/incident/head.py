"""What the header of an incident shows beside the incident itself: moves to offer, what it is related to, counts."""

from dataclasses import dataclass
from typing import Any

from services.gateway.api.action_views import SHOWN_ACTIONS
from services.gateway.ui.ask import read
from services.gateway.ui.named import name_incidents
from services.gateway.ui.pages.incident.offers import Offer, offers_of

# They are read for their titles, all at once; of more than these only the ids are shown.
MOST_NAMED_RELATIONS = 50
_WAITS_FOR_PEOPLE = frozenset({"pending", "stale"})


@dataclass(frozen=True, slots=True)
class Related:
    """Another incident, and how this one has to do with it; ``incident`` is None where it is no longer kept."""

    type: str
    id: str
    incident: dict[str, Any] | None
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class TabCount:
    """How many a tab holds, and how many of those want somebody's attention, with the word for them."""

    count: int
    urgent: int = 0
    word: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What the header shows."""

    offers: tuple[Offer, ...]
    related: tuple[Related, ...]
    counts: dict[str, TabCount]

    @property
    def merged_into(self) -> Related | None:
        """Return where a merged incident went."""
        return next((one for one in self.related if one.type == "merged_into"), None)


def read_head(incident: dict[str, Any]) -> Head:
    """Return it, of an incident as the API shows it; raises ``ApiRefused``."""
    return Head(offers_of(incident), _read_related(incident), _count(incident))


def _read_related(incident: dict[str, Any]) -> tuple[Related, ...]:
    relations = incident["relations"]
    named = name_incidents(one["incidentId"] for one in relations[:MOST_NAMED_RELATIONS])
    return tuple(
        Related(one["type"], one["incidentId"], named.get(one["incidentId"]), number < MOST_NAMED_RELATIONS)
        for number, one in enumerate(relations)
    )


def _count(incident: dict[str, Any]) -> dict[str, TabCount]:
    path = f"/api/incidents/{incident['id']}"
    shown = incident["actions"]
    # Of fewer, the incident itself shows all that it has.
    total = len(shown) if len(shown) < SHOWN_ACTIONS else _total(f"{path}/actions")
    waiting = sum(action["state"] in _WAITS_FOR_PEOPLE for action in shown)
    jobs = _total(f"{path}/jobs")
    return {
        "graph": TabCount((incident["investigation"] or {}).get("entityCount") or len(incident["graphEntities"])),
        "evidence": TabCount(len(incident["hypotheses"]) + incident["diagnosisCount"]),
        "actions": TabCount(total, waiting, "waiting for approval"),
        "signals": TabCount(incident["signalCount"], incident["firingCount"], "firing"),
        "jobs": TabCount(jobs, _total(f"{path}/jobs", "failed") if jobs else 0, "failed"),
    }


def _total(path: str, state: str | None = None) -> int:
    total: int | None = read(path, {"limit": 1, "state": state})["total"]
    return total or 0
