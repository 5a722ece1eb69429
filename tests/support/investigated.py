"""Incidents that were investigated, and what a test asks of them; see ``tests.support.investigations``."""

from typing import Any

import msgspec
from werkzeug.test import TestResponse

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    Delivery,
    Job,
    JobState,
    KeptInvestigation,
)
from services.gateway.handlers.follow_job import follow_job
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.ports import RecordQuery
from shared.contracts.messages import DeliveryNormalised, JobFailed, Results
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest
from tests.support.investigations import (
    an_investigation,
    report_investigation,
)

GRAPH_TYPES = {"investigated", "hypothesis_found", "change_found"}


def opened(gw: GatewayUnderTest, **fields: Any) -> str:
    """Open an incident in the cluster prod that nobody investigates by itself."""
    know_clusters(gw, "prod", "staging", is_automatic=False)
    incident: str = gw.open_incident(labels={"cluster": "prod"}, **fields)["id"]
    return incident


def ask(gw: GatewayUnderTest, incident: str, **body: Any) -> dict[str, Any]:
    answer = gw.post(f"/api/incidents/{incident}/investigate", json=body)
    assert answer.status_code == 202, answer.text
    gw.clock.advance(1)
    return body_of(answer)


def body_of(answer: TestResponse) -> dict[str, Any]:
    """Return the JSON object that was answered."""
    body: Any = answer.json
    assert isinstance(body, dict), answer.text
    return body


def investigated(gw: GatewayUnderTest, incident: str, **fields: Any) -> str:
    asked = ask(gw, incident)
    report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now(), **fields))
    name: str = asked["id"]
    return name


def told(gw: GatewayUnderTest, incident: str) -> list[str]:
    entries = body_of(gw.get(f"/api/incidents/{incident}/timeline?limit=100"))["items"]
    return [entry["type"] for entry in entries if entry["type"] in GRAPH_TYPES]


def all_of(gw: GatewayUnderTest, incident: str) -> list[KeptInvestigation]:
    return gw.store.list_records(KeptInvestigation, RecordQuery(parent=incident)).records


def alert(gw: GatewayUnderTest, name: str = "Down", **fields: Any) -> str:
    """Let an alert come in, and return the id of the incident it opened or joined."""
    taken = body_of(gw.post("/api/intake/webhook", json={"title": name}))
    job_id = gw.store.get(Delivery, taken["deliveryId"]).job_id
    given: dict[str, Any] = {
        "source": "webhook",
        "fingerprint": f"webhook:{name}",
        "status": SignalStatus.FIRING,
        "severity": Severity.HIGH,
        "name": name,
        "title": name,
        "starts_at": gw.clock.now(),
        "labels": {"cluster": "prod"},
        "group_labels": {"cluster": "prod"},
    }
    signal = NormalisedSignal(**given | fields)
    result = DeliveryNormalised(job_id=job_id, attempt=1, delivery_id=taken["deliveryId"], signals=(signal,))
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(result,)))
    return gw.store.get(Delivery, taken["deliveryId"]).signals[0].incident_id or ""


def fail(gw: GatewayUnderTest, job_id: str, *, retryable: bool = False) -> None:
    """Let a worker report that the first attempt at the job failed."""
    failed = JobFailed(job_id=job_id, attempt=1, error="no such context", retryable=retryable)
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(failed,)), gw.gateway.blobs)


def begin(gw: GatewayUnderTest, job_id: str) -> None:
    """Let a worker begin the job."""

    def change(tx: Any) -> None:
        begun = msgspec.structs.replace(tx.get(Job, job_id), state=JobState.RUNNING, attempt=1)
        tx.put(begun)
        follow_job(tx, begun)

    gw.store.transact(change)
