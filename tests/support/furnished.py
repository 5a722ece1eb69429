"""A product in the middle of an outage: what a person would find who opens each screen while people are at work.

Made through the API alone. The sweeps over all screens and the pictures of them share it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from services.gateway.domain.demo_story import CHECKOUT
from tests.support.product import Product
from tests.support.waiting import wait_until

_UNREAD = frozenset({"accepted", "pending"})
Json = dict[str, Any]
NOTE = """Rolled back **checkout** to `1.42`; errors stay at 30 %.

- payments are fine
- orders wait for the database
"""
# None of them takes a signal of the demo.
RULES: Json = {
    "grouping": [
        {
            "id": "batch",
            "name": "Jobs of the night that failed",
            "match": {"namespaces": ["batch"], "labels": {"team": ["data", "billing"]}},
            "when": 'signal.name.endsWith("Failed")',
            "groupBy": ["cluster", "labels.team"],
            "threshold": {"count": 3, "of": "signals", "withinSeconds": 600},
        },
        {
            "id": "lab",
            "name": "Nobody is woken by the lab",
            "match": {"labels": {"env": ["lab"]}},
            "effect": "suppress",
        },
    ],
    "ownership": [{"id": "batch", "name": "Batch", "match": {"namespaces": ["batch"]}, "owner": "team-data"}],
}


@dataclass(frozen=True, slots=True)
class Furnished:
    """The ids of what stands there: the incident with everything, and what has a page of its own."""

    incident: str
    quickdx: str
    delivery: str
    quarantined: str
    failed_job: str
    rules: int


class _Maker:
    def __init__(self, product: Product) -> None:
        self.product = product

    def send(self, method: str, path: str, body: Any = None, token: str | None = None) -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else self.product.headers
        answer = requests.request(method, self.product.url + path, json=body, headers=headers, timeout=30)
        if answer.status_code >= 300:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        shown: Json = answer.json() if answer.content else {}
        return shown

    def wait(self, path: str, holds: Callable[[Json], bool]) -> Json:
        shown: Json = {}

        def is_there() -> bool:
            shown.clear()
            shown.update(self.send("GET", path))
            return holds(shown)

        wait_until(is_there, path)
        return shown


def furnish(product: Product) -> Furnished:
    """Play the demo's outage up to its middle, and have people work on it."""
    make = _Maker(product)
    delivery, quarantined = _deliver(make)
    incident = _incident_of(make, CHECKOUT.name)
    _work_on(make, incident)
    _propose(make, incident)
    rules = _configure(make)
    return Furnished(
        incident=f"INC-{incident['number']}",
        quickdx=_diagnose(make),
        delivery=delivery,
        quarantined=quarantined,
        failed_job=_fail_a_job(make),
        rules=rules,
    )


def _deliver(make: _Maker) -> tuple[str, str]:
    """Play the demo; return a delivery that opened an incident, and one that was quarantined."""
    sent = [step["deliveryId"] for step in make.send("POST", "/api/demo", {"paceSeconds": 0})["steps"]]
    read = [make.wait(f"/api/deliveries/{one}", lambda shown: shown["state"] not in _UNREAD) for one in sent]
    quarantined = next(one["id"] for one in read if one["state"] == "quarantined")
    return sent[0], quarantined


def _incident_of(make: _Maker, title: str) -> Json:
    found = make.wait(f"/api/incidents?q={title}", lambda page: bool(page["items"]))
    return make.send("GET", f"/api/incidents/{found['items'][0]['id']}")


def _work_on(make: _Maker, incident: Json) -> None:
    path = f"/api/incidents/{incident['id']}"
    make.send(
        "PATCH", path, {"status": "investigating", "owner": "ann", "roles": {"commander": "ann", "scribe": "bob"}}
    )
    make.send("POST", f"{path}/timeline", {"message": NOTE})
    make.send(
        "POST",
        f"{path}/tasks",
        {"title": "Raise the connection limit of orders-db", "owner": "ann", "dueAt": _in(hours=20)},
    )
    make.send(
        "POST",
        f"{path}/tasks",
        {"title": "Write to the customers whose orders failed", "owner": "carol", "dueAt": _in(hours=-2)},
    )
    job = make.send("POST", f"{path}/investigate", {"cluster": "demo"})
    make.wait(f"/api/jobs/{job['jobId']}", lambda shown: shown["state"] in {"succeeded", "failed"})
    other = make.send(
        "POST",
        "/api/incidents",
        {
            "title": "Payments of one customer are declined",
            "severity": "low",
            "services": ["payments"],
            "labels": {"team": "payments"},
        },
    )
    make.send("PATCH", f"/api/incidents/{other['id']}", {"status": "resolved"})


def _propose(make: _Maker, incident: Json) -> None:
    path = f"/api/incidents/{incident['id']}/actions"
    ask = {
        "type": "manual",
        "title": "Fail the orders database over to eu-2",
        "risk": "critical",
        "rationale": "No connection has been free for ten minutes.",
        "rollback": "Fail back once eu-1 answers.",
        "payload": {"instructions": "Promote the replica in eu-2, then move the writers."},
    }
    waiting = make.send("POST", path, ask)
    make.send(
        "POST", f"{path}/{waiting['id']}/previews", {"output": "- primary: eu-1\n+ primary: eu-2\n  replica lag: 0.2 s"}
    )
    make.send("POST", f"{path}/{waiting['id']}/request-approval")
    done = make.send(
        "POST",
        path,
        {
            "type": "manual",
            "title": "Stop the nightly import",
            "risk": "low",
            "payload": {"instructions": "Pause the import in the scheduler."},
        },
    )
    digest = make.send("GET", f"{path}/{done['id']}")["reviewDigest"]
    make.send(
        "POST", f"{path}/{done['id']}/approve", {"approved": True, "digest": digest, "reason": "It only adds load."}
    )
    make.send(
        "POST", f"{path}/{done['id']}/execute", {"succeeded": True, "result": "Paused; the next run is tomorrow."}
    )
    make.send(
        "POST",
        path,
        {
            "type": "kubernetes",
            "title": "Roll checkout back",
            "payload": {
                "verb": "rollback",
                "context": "demo",
                "namespace": "shop",
                "kind": "Deployment",
                "name": "checkout",
                "parameters": {"revision": 3},
            },
        },
    )


def _configure(make: _Maker) -> int:
    """Set what operations set; return the version of the rules."""
    make.send(
        "POST",
        "/api/silences",
        {
            "comment": "The staging cluster is rebuilt.",
            "match": {"labels": {"cluster": ["staging"]}},
            "endsAt": _in(hours=6),
        },
    )
    make.send("POST", "/api/tokens", {"name": "alertmanager", "role": "service"})
    make.send("POST", "/api/tokens", {"name": "ann", "role": "responder", "expiresAt": _in(hours=24 * 90)})
    version = make.send("GET", "/api/rules")["version"]
    return int(make.send("PUT", "/api/rules", RULES | {"reason": f"After version {version}"})["version"])


def _diagnose(make: _Maker) -> str:
    asked = make.send(
        "POST", "/api/quickdx", {"context": "demo", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
    )
    make.wait(f"/api/quickdx/{asked['id']}", lambda shown: shown["state"] in {"done", "failed"})
    job = make.send("POST", "/api/quickdx/inventory", {"context": "demo"})
    make.wait(f"/api/jobs/{job['jobId']}", lambda shown: shown["state"] in {"succeeded", "failed"})
    return str(asked["id"])


def _fail_a_job(make: _Maker) -> str:
    asked = make.send(
        "POST", "/api/quickdx", {"context": "lost", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
    )
    shown = make.wait(f"/api/quickdx/{asked['id']}", lambda shown: shown["state"] in {"done", "failed"})
    return str(shown["jobId"])


def _in(hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")
