from datetime import timedelta

import msgspec
import pytest

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Activity, Delivery, Incident, IncidentStatus, Job, JobState
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.run_timers import run_timer
from tests.support.builders import a_job
from tests.support.gateway import GatewayUnderTest


def put(gw: GatewayUnderTest, *records) -> None:
    gw.store.transact(lambda tx: [tx.put(record) for record in records])


def test_jobs_are_listed_by_state_queue_and_what_they_belong_to(gw: GatewayUnderTest):
    made = gw.open_incident()
    put(gw, a_job(state=JobState.FAILED), a_job(queue=None, kind="gateway.resolve_incident", incident_id=made["id"]))
    gw.post("/api/intake/alertmanager", data=b"{}")

    assert gw.get("/api/jobs").json["total"] == 3
    assert gw.get("/api/jobs?state=failed").json["total"] == 1
    assert gw.get("/api/jobs?queue=timer").json["total"] == 1
    assert gw.get("/api/jobs?incidentId=INC-1").json["total"] == 1
    assert gw.get("/api/incidents/INC-1/jobs?state=pending").json["total"] == 1
    both = gw.get("/api/jobs?incidentId=INC-1&deliveryId=x")
    assert list(both.json["errors"]) == ["deliveryId"]


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.UNKNOWN])
def test_a_job_that_ended_without_success_is_retried_as_a_new_one(gw: GatewayUnderTest, state: JobState):
    job = a_job(state=state)
    put(gw, job)
    answer = gw.post(f"/api/jobs/{job.id}/retry")

    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/jobs/{answer.json['id']}")
    assert (answer.json["retryOf"], answer.json["state"], answer.json["attempt"]) == (job.id, "pending", 0)
    assert answer.json["createdBy"] == "token:admin"


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.RUNNING, JobState.SUCCEEDED])
def test_other_jobs_are_not_retried(gw: GatewayUnderTest, state: JobState):
    job = a_job(state=state)
    put(gw, job)

    assert gw.post(f"/api/jobs/{job.id}/retry").json["code"] == "job_not_retryable"


def test_an_unknown_effect_outside_is_not_repeated(gw: GatewayUnderTest):
    job = a_job(state=JobState.UNKNOWN, kind="actions.execute")
    put(gw, job)

    refused = gw.post(f"/api/jobs/{job.id}/retry")
    assert (refused.status_code, refused.json["code"]) == (409, "job_not_retryable")


def a_failed_timer(incident_id: str) -> Job:
    return a_job(
        queue=None, kind="gateway.resolve_incident", incident_id=incident_id, delivery_id=None, state=JobState.FAILED
    )


def test_a_retried_timer_resolves_its_incident(gw: GatewayUnderTest):
    incident_id = gw.open_incident()["id"]
    failed = a_failed_timer(incident_id)
    put(gw, failed, Activity(incident_id=incident_id, signal_count=1, resolve_job_id=failed.id))

    first = gw.post(f"/api/jobs/{failed.id}/retry")
    second = gw.post(f"/api/jobs/{failed.id}/retry")
    assert (first.status_code, second.status_code) == (202, 409)
    assert second.json["code"] == "job_not_retryable"
    assert gw.store.get(Activity, incident_id).resolve_job_id == first.json["id"]

    run_timer(gw.store, Judge(GroupingPolicy()), first.json["id"])
    assert gw.store.get(Job, first.json["id"]).state is JobState.SUCCEEDED
    assert gw.store.get(Incident, incident_id).status is IncidentStatus.RESOLVED


@pytest.mark.parametrize(
    ("status", "firing", "detail"),
    [
        (IncidentStatus.NEW, 1, "A signal of the incident fires"),
        (IncidentStatus.CLOSED, 0, "is closed already"),
    ],
)
def test_a_timer_that_would_do_nothing_is_not_retried(
    gw: GatewayUnderTest, status: IncidentStatus, firing: int, detail: str
):
    incident_id = gw.open_incident()["id"]
    failed = a_failed_timer(incident_id)
    incident = msgspec.structs.replace(gw.store.get(Incident, incident_id), status=status)
    put(gw, failed, incident, Activity(incident_id=incident_id, signal_count=1, firing_count=firing))

    refused = gw.post(f"/api/jobs/{failed.id}/retry")

    assert (refused.status_code, refused.json["code"]) == (409, "job_not_retryable")
    assert detail in refused.json["detail"]
    assert gw.get("/api/jobs").json["total"] == 1


def test_cancelling_gives_the_delivery_its_outcome_and_retrying_lets_it_wait_again(gw: GatewayUnderTest):
    made = gw.post("/api/intake/alertmanager", data=b"{}").json
    cancelled = gw.post(f"/api/jobs/{made['jobId']}/cancel")
    delivery = gw.store.get(Delivery, made["deliveryId"])

    assert (cancelled.status_code, cancelled.json["state"]) == (200, "cancelled")
    assert (delivery.state, delivery.outcome, delivery.code) == ("quarantined", "quarantined", "job_cancelled")
    again = gw.post(f"/api/jobs/{made['jobId']}/retry").json
    delivery = gw.store.get(Delivery, made["deliveryId"])
    assert (delivery.state, delivery.outcome, delivery.job_id) == ("accepted", None, again["id"])
    assert gw.post(f"/api/jobs/{made['jobId']}/retry").json["code"] == "job_not_retryable"


def test_cancelling_twice_changes_nothing_and_a_finished_job_is_not_cancelled(gw: GatewayUnderTest):
    made = gw.post("/api/intake/alertmanager", data=b"{}").json
    path = f"/api/jobs/{made['jobId']}/cancel"
    assert gw.post(path).json == gw.post(path).json
    job = gw.store.get(Job, made["jobId"])
    put(gw, msgspec.structs.replace(job, state=JobState.SUCCEEDED))

    assert gw.post(path).json["code"] == "job_not_cancellable"


def test_unknown_jobs_are_not_found(gw: GatewayUnderTest):
    for method, path in (("GET", ""), ("POST", "/retry"), ("POST", "/cancel")):
        assert gw.call(method, f"/api/jobs/job_nope{path}").json["code"] == "not_found"


def calls(gw: GatewayUnderTest, job_id: str) -> list[str]:
    """Return what a job takes, which all that show it agree on."""
    shown: list[str] = gw.get(f"/api/jobs/{job_id}").json["allowedCalls"]
    for path in ("/api/jobs", "/api/incidents/INC-1/jobs"):
        assert [one["allowedCalls"] for one in gw.get(path).json["items"] if one["id"] == job_id] in ([], [shown]), path
    return shown


@pytest.mark.parametrize(
    ("state", "taken"),
    [
        (JobState.PENDING, ["cancel"]),
        (JobState.RUNNING, ["cancel"]),
        (JobState.SUCCEEDED, []),
        (JobState.FAILED, ["retry"]),
        (JobState.CANCELLED, ["retry"]),
        (JobState.UNKNOWN, ["retry"]),
    ],
)
def test_a_job_says_what_it_takes(gw: GatewayUnderTest, state: JobState, taken: list[str]):
    job = a_job(state=state, incident_id=gw.open_incident()["id"])
    put(gw, job)

    assert calls(gw, job.id) == taken


@pytest.mark.parametrize("state", list(JobState))
def test_what_a_job_says_is_what_it_takes(gw: GatewayUnderTest, state: JobState):
    """Of each kind that has a rule of its own: nothing is offered that is refused, and nothing refused that is."""
    incident_id = gw.open_incident()["id"]
    kinds = {
        "intake.normalise_deliveries": {"delivery_id": "dlv_gone"},
        "graph.diagnose_resource": {},
        "graph.investigate_incident": {"payload": {"investigationId": "inv_gone"}},
        "actions.execute_action": {"payload": {"actionId": "act_gone"}},
        "gateway.resolve_incident": {"incident_id": incident_id, "queue": None},
        "gateway.expire_action": {"payload": {"actionId": "act_gone"}, "queue": None},
        "gateway.end_silence": {"payload": {"silenceId": "sil_gone"}, "queue": None},
    }
    jobs = [a_job(state=state, kind=kind, **fields) for kind, fields in kinds.items()]
    put(gw, *jobs)

    for job in jobs:
        said = calls(gw, job.id)
        assert (gw.post(f"/api/jobs/{job.id}/retry").status_code == 202) == ("retry" in said), job.kind
        if not state.is_final:
            assert (gw.post(f"/api/jobs/{job.id}/cancel").status_code == 200) == ("cancel" in said), job.kind


def test_a_timer_is_done_again_only_while_it_is_the_one_of_its_incident(gw: GatewayUnderTest):
    """One that the system withdrew would resolve the incident too soon, and take the place of the newer one."""
    incident_id = gw.open_incident()["id"]
    later = gw.clock.now() + timedelta(minutes=5)
    old, newer = (
        msgspec.structs.replace(a_failed_timer(incident_id), state=state, not_before=later)
        for state in (JobState.CANCELLED, JobState.PENDING)
    )
    put(gw, old, newer, Activity(incident_id=incident_id, signal_count=1, resolve_job_id=newer.id))

    assert (calls(gw, old.id), calls(gw, newer.id)) == ([], ["cancel"])
    refused = gw.post(f"/api/jobs/{old.id}/retry")
    assert (refused.status_code, refused.json["code"]) == (409, "job_not_retryable")

    gw.post(f"/api/jobs/{newer.id}/cancel")
    assert calls(gw, newer.id) == ["retry"]
    again = gw.post(f"/api/jobs/{newer.id}/retry").json
    assert (again["notBefore"], again["allowedCalls"]) == ("2026-11-01T12:05:00Z", ["cancel"])
    assert gw.store.get(Activity, incident_id).resolve_job_id == again["id"]
