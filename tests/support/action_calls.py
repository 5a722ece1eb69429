"""Calls on actions through the API, as the people of the tests make them."""

import threading
from collections.abc import Callable
from typing import Any

from werkzeug.test import TestResponse

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Job, Role
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.manage_tokens import make_token
from services.gateway.handlers.run_timers import run_timer
from services.gateway.ports import RecordQuery
from tests.support.actions import MANUAL
from tests.support.gateway import GatewayUnderTest, a_gateway

ACTIONS = "/api/incidents/INC-1/actions"
DONE: dict[str, Any] = {"succeeded": True, "result": "Failed over at 12:31."}
COMMAND: dict[str, Any] = {
    "type": "command",
    "payload": {"argv": ["systemctl", "restart", "haproxy"], "target": "lb-1"},
    "title": "Restart the balancer",
    "risk": "low",
}


def with_incident(**settings: Any) -> GatewayUnderTest:
    """Return a gateway with one incident and, besides a token for every role, cy who may approve too."""
    gw = a_gateway(**settings)
    gw.open_incident()
    another_approver(gw, "cy")
    return gw


def another_approver(gw: GatewayUnderTest, name: str) -> str:
    """Return the secret of a new approver's token."""
    secret = f"flt_secret-of-{name}"
    gw.store.transact(lambda tx: make_token(tx, name=name, role=Role.APPROVER, secret=secret, created_by="test"))
    return secret


def propose(
    gw: GatewayUnderTest, body: dict[str, Any] = MANUAL, *, role: Role = Role.RESPONDER, **fields: Any
) -> dict[str, Any]:
    """Propose an action about INC-1 and return it."""
    made = gw.call("POST", ACTIONS, role=role, json={**body, **fields})
    assert made.status_code == 201, made.text
    return dict(made.json or {})


def approve(
    gw: GatewayUnderTest, action: dict[str, Any], *, role: Role = Role.APPROVER, token: str | None = None, **body: Any
) -> TestResponse:
    """Say yes to the action as it is in ``action``."""
    given = {"approved": True, "digest": action["reviewDigest"], **body}
    return gw.call("POST", f"{action['href']}/approve", role=role, token=token, json=given)


def approved(gw: GatewayUnderTest, body: dict[str, Any] = MANUAL, **fields: Any) -> dict[str, Any]:
    """Propose an action, have one person approve it, and return it."""
    answer = approve(gw, propose(gw, body, **fields))
    found = dict(answer.json or {})
    assert found["state"] == "approved", answer.text
    return found


def read(gw: GatewayUnderTest, action: dict[str, Any]) -> dict[str, Any]:
    """Return the action as it is shown now."""
    return dict(gw.get(action["href"]).json or {})


def timeline(gw: GatewayUnderTest) -> list[tuple[str, str]]:
    """Return type and actor of every entry after the first."""
    page = gw.get("/api/incidents/INC-1/timeline?limit=1000").json or {}
    return [(entry["type"], entry["actor"]) for entry in page["items"][1:]]


def run_due_timers(gw: GatewayUnderTest) -> None:
    """Do the timers that are due by now."""
    query = RecordQuery(states=("pending",), tags=("timer",), limit=200)
    for job in gw.store.list_records(Job, query).records:
        if job.not_before is not None and job.not_before <= gw.clock.now():
            run_timer(gw.store, Judge(GroupingPolicy()), job.id)


def at_once(*calls: Callable[[], TestResponse]) -> list[TestResponse]:
    """Make every call on a thread of its own, all at the same time, and return their answers."""
    start, answers = threading.Barrier(len(calls)), []

    def one(call: Callable[[], TestResponse]) -> None:
        start.wait()
        answers.append(call())

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
