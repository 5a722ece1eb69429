"""What must hold after chaos, counted from outside through the API."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.chaos.senders import Load, Problem
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
    jobs_left: int = 0
    jobs_dead: int = 0
    chain_problems: int = 0

    def is_clean(self) -> bool:
        """Answer whether every promise held."""
        return not (
            self.without_one_outcome
            or self.incidents_doubled
            or self.final_status_wrong
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
    """How many deliveries and jobs still wait for their end."""
    return total(product, "/api/deliveries", state="accepted") + total(product, "/api/jobs", state=_UNFINISHED_JOBS)


def audit(product: Product, load: Load, problems: list[Problem]) -> Audit:
    """Count every promise that was broken."""
    result = Audit(acknowledged=len(load.acknowledged))
    _check_deliveries(product, load, result)
    _check_incidents(product, problems, result)
    result.jobs_left = total(product, "/api/jobs", state=_UNFINISHED_JOBS)
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


def _check_incidents(product: Product, problems: list[Problem], result: Audit) -> None:
    incidents = {incident["id"]: incident for incident in items(product, "/api/incidents")}
    result.incidents = len(incidents)
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for incident in incidents.values():
        groups[(incident["labels"].get("alertname", ""), incident["services"][0])].add(incident["id"])
    # Every re-fire falls into the reopen window, so a group never has a reason for a second incident.
    result.incidents_doubled = sum(len(ids) - 1 for ids in groups.values())

    signals = {signal["fingerprint"].rpartition(":")[2]: signal for signal in items(product, "/api/signals")}
    firing_groups: set[tuple[str, str]] = set()
    for problem in problems:
        if problem.accepted_firing is None:
            continue
        signal = signals.get(problem.fingerprint)
        expected = "firing" if problem.accepted_firing else "resolved"
        result.final_status_wrong += signal is None or signal["status"] != expected
        if problem.accepted_firing:
            firing_groups.add((problem.group, problem.service))
    for group, ids in groups.items():
        for incident_id in ids:
            is_open = incidents[incident_id]["status"] in _OPEN
            result.final_status_wrong += is_open != (group in firing_groups)
    result.final_status_wrong += len(firing_groups - set(groups))
