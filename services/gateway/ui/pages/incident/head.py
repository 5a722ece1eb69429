"""What the header of an incident shows beside the incident itself: moves to offer, what it is related to, counts."""

from dataclasses import dataclass
from typing import Any

from services.gateway.ui.ask import ApiRefused, read
from services.gateway.ui.pages.incident.offers import Offer, offers_of

# Each is read for its title; of more than these only the ids are shown.
MOST_NAMED_RELATIONS = 12
_WAITS_FOR_PEOPLE = frozenset({"pending", "stale"})
_NOT_FOUND = 404


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
    found = []
    for number, relation in enumerate(incident["relations"]):
        other_id = relation["incidentId"]
        is_read = number < MOST_NAMED_RELATIONS
        found.append(Related(relation["type"], other_id, _find(other_id) if is_read else None, is_read))
    return tuple(found)


def _find(incident_id: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = read(f"/api/incidents/{incident_id}", {"redirect": "false"})
    except ApiRefused as error:
        if error.status == _NOT_FOUND:
            return None
        raise
    return found


def _count(incident: dict[str, Any]) -> dict[str, TabCount]:
    path = f"/api/incidents/{incident['id']}"
    waiting = sum(action["state"] in _WAITS_FOR_PEOPLE for action in incident["actions"])
    return {
        "graph": TabCount((incident["investigation"] or {}).get("entityCount") or len(incident["graphEntities"])),
        "evidence": TabCount(len(incident["hypotheses"]) + incident["diagnosisCount"]),
        "actions": TabCount(_total(f"{path}/actions"), waiting, "waiting for approval"),
        "signals": TabCount(incident["signalCount"], incident["firingCount"], "firing"),
        "jobs": TabCount(_total(f"{path}/jobs"), _total(f"{path}/jobs", "failed"), "failed"),
    }


def _total(path: str, state: str | None = None) -> int:
    total: int | None = read(path, {"limit": 1, "state": state})["total"]
    return total or 0
