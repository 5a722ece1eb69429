"""What must hold after chaos, counted from outside through the API."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.chaos.problems import Problem
from tests.chaos.senders import Load
from tests.chaos.silencer import Silences
from tests.support.product import Product

_OPEN = {"new", "triage", "investigating", "mitigated", "monitoring"}
_UNFINISHED_JOBS = "pending,handed,running"


@dataclass(slots=True)
class Audit:
    """Counts of what went wrong; all zero when the promises hold."""

    acknowledged: int
    delivery_outcomes: Counter[str] = field(default_factory=Counter)
    without_one_outcome: int = 0
    incidents: int = 0
    incidents_doubled: int = 0
    final_status_wrong: int = 0
    firing_without_incident: int = 0
    held_by_live: int = 0
    held_by_ended: int = 0
    silences_expired: int = 0
    silences_wrong: int = 0
    jobs_left: int = 0
    jobs_dead: int = 0
    chain_problems: int = 0

    def is_clean(self) -> bool:
        """Answer whether every promise held."""
        return not (
            self.without_one_outcome
            or self.incidents_doubled
            or self.final_status_wrong
            or self.firing_without_incident
            or self.held_by_ended
            or self.silences_wrong
            or self.jobs_left
            or self.chain_problems
        )


def items(product: Product, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """Every item of a list, page by page."""
    cursor: str | None = None
    while True:
        params = {"limit": "200", **query, **({"cursor": cursor} if cursor else {})}
        response = requests.get(product.url + path, params=params, headers=product.headers, timeout=30)
        response.raise_for_status()
        page = response.json()
        yield from page["items"]
        cursor = page.get("nextCursor")
        if not cursor:
            return


def total(product: Product, path: str, **query: str) -> int:
    """How many items a list has in all."""
    params = {"limit": "1", **query}
    response = requests.get(product.url + path, params=params, headers=product.headers, timeout=30)
    response.raise_for_status()
    return int(response.json()["total"])


def unfinished(product: Product) -> int:
    """How many deliveries and jobs still wait for their end; the timer that ends the lasting silence always does."""
    left = total(product, "/api/jobs", state=_UNFINISHED_JOBS) - 1
    return total(product, "/api/deliveries", state="accepted") + abs(left)


def audit(product: Product, load: Load, problems: list[Problem], silences: Silences) -> Audit:
    """Count every promise that was broken."""
    result = Audit(acknowledged=len(load.acknowledged))
    _check_deliveries(product, load, result)
    live = _check_silences(product, silences, result)
    _check_signals(product, problems, set(live), result)
    # Every live silence has the one timer that ends it, and nothing else is left.
    left = [job["id"] for job in items(product, "/api/jobs", state=_UNFINISHED_JOBS)]
    result.jobs_left = len(set(left) ^ set(live.values())) + len(left) - len(set(left))
    result.jobs_dead = total(product, "/api/jobs", state="failed,unknown")
    verify = requests.get(product.url + "/api/verify", headers=product.headers, timeout=120)
    verify.raise_for_status()
    result.chain_problems = len(verify.json()["problems"])
    return result


def _check_deliveries(product: Product, load: Load, result: Audit) -> None:
    found = {delivery["id"]: delivery for delivery in items(product, "/api/deliveries")}
    for delivery_id, alerts in load.acknowledged.items():
        delivery = found.get(delivery_id)
        state = delivery["state"] if delivery else "lost"
        outcomes = len(delivery["signals"]) if delivery else 0
        whole = (state == "processed" and outcomes == alerts) or state == "quarantined"
        result.without_one_outcome += not whole
        result.delivery_outcomes[str(delivery["outcome"]) if delivery else "lost"] += 1


def _check_silences(product: Product, silences: Silences, result: Audit) -> dict[str, str]:
    """Return the live ones with their timers: by now the lasting one only, and each there is was set once."""
    found = list(items(product, "/api/silences"))
    live = {silence["id"]: silence["endJobId"] for silence in found if silence["state"] == "live"}
    result.silences_wrong = len({silence["id"] for silence in found} ^ set(silences.set)) + len(
        set(live) ^ {silences.lasting}
    )
    result.silences_expired = sum(silence["endedBy"] == "system" for silence in found)
    return live


def _check_signals(product: Product, problems: list[Problem], live: set[str], result: Audit) -> None:
    incidents = {incident["id"]: incident for incident in items(product, "/api/incidents")}
    result.incidents = len(incidents)
    # Every re-fire falls into the reopen window, so a group never has a reason for a second incident.
    result.incidents_doubled = len(incidents) - len({incident["dedupKey"] for incident in incidents.values()} - {None})

    signals = {signal["fingerprint"]: signal for signal in items(product, "/api/signals")}
    for problem in problems:
        if problem.accepted_firing is None:
            continue
        signal = signals.get(problem.fingerprint)
        expected = "firing" if problem.accepted_firing else "resolved"
        result.final_status_wrong += signal is None or signal["status"] != expected
    firing: Counter[str] = Counter()
    for signal in signals.values():
        held_by = signal["heldBy"]
        result.held_by_live += held_by in live
        result.held_by_ended += held_by is not None and held_by not in live
        if signal["status"] == "firing":
            firing[signal["incidentId"]] += 1
            result.firing_without_incident += signal["incidentId"] not in incidents and held_by not in live
    for incident in incidents.values():
        result.final_status_wrong += (incident["status"] in _OPEN) != (firing[incident["id"]] > 0)
        result.final_status_wrong += incident["firingCount"] != firing[incident["id"]]
