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
    assert (first.status_code, second.status_code) == (202, 202)
    assert gw.store.get(Activity, incident_id).resolve_job_id == second.json["id"]
    assert gw.store.get(Job, first.json["id"]).state is JobState.CANCELLED

    run_timer(gw.store, Judge(GroupingPolicy()), second.json["id"])
    assert gw.store.get(Job, second.json["id"]).state is JobState.SUCCEEDED
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
