"""The screens offer to do a job again, or to cancel it, exactly where the API would."""

import pytest

from services.gateway.domain.records import Activity, Job, JobState, Role
from services.gateway.handlers.action_case import EXPIRE_ACTION
from services.gateway.handlers.auto_resolve import RESOLVE_INCIDENT
from services.gateway.handlers.end_silence import END_SILENCE
from shared.contracts.queues import EXECUTE_ACTION, INVESTIGATE_INCIDENT, Queue
from tests.support.actions import MANUAL
from tests.support.builders import a_job
from tests.support.gateway import GatewayUnderTest


def put(gw: GatewayUnderTest, *records: Job | Activity) -> None:
    gw.store.transact(lambda tx: [tx.put(one) for one in records])


def offered(gw: GatewayUnderTest, job: Job) -> list[list[str]]:
    """Return what the pages that show the job offer: that of its incident, and its own."""
    pages = {
        "/incidents/INC-1/jobs": "/incidents/INC-1/jobs",
        f"/operations/jobs/{job.id}": "/operations/jobs",
    }
    return [
        [call for call in ("retry", "cancel") if f'action="{base}/{job.id}/{call}"' in gw.get(page).text]
        for page, base in pages.items()
    ]


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.CANCELLED, JobState.FAILED, JobState.UNKNOWN])
@pytest.mark.parametrize(
    ("kind", "queue"),
    [
        (RESOLVE_INCIDENT, None),
        (EXPIRE_ACTION, None),
        (END_SILENCE, None),
        (EXECUTE_ACTION, Queue.ACTIONS),
        (INVESTIGATE_INCIDENT, Queue.GRAPH),
    ],
)
def test_every_page_offers_what_the_api_says_the_job_takes(
    gw: GatewayUnderTest, kind: str, queue: Queue | None, state: JobState
):
    payload = {"actionId": "act_gone", "silenceId": "sil_gone", "investigationId": "inv_gone"}
    job = a_job(kind=kind, queue=queue, state=state, incident_id=gw.open_incident()["id"], payload=payload)
    put(gw, job)

    taken = (gw.get(f"/api/jobs/{job.id}").json or {})["allowedCalls"]

    assert offered(gw, job) == [taken] * 2
    assert "retry" not in taken, "of none of these anything would come"
    assert "/retry" not in gw.get("/operations").text, "a dead letter is told of all the same"


def test_a_timer_that_a_newer_one_replaced_is_not_offered_again(gw: GatewayUnderTest):
    """As the timer of an action that somebody approved: it waits for another moment from then on."""
    incident = gw.open_incident()
    path = f"/api/incidents/{incident['id']}/actions"
    action = gw.post(path, json=MANUAL | {"risk": "low"}, role=Role.RESPONDER).json or {}
    gw.clock.advance(60)
    body = {"approved": True, "digest": action["reviewDigest"]}
    assert gw.post(f"{path}/{action['id']}/approve", json=body, role=Role.APPROVER).status_code == 200

    jobs = (gw.get("/api/jobs?queue=timer").json or {})["items"]

    assert sorted((one["state"], one["allowedCalls"]) for one in jobs) == [("cancelled", []), ("pending", [])]
    assert "Do it again" not in gw.get("/incidents/INC-1/jobs").text
    assert "Re-drive" not in gw.get("/operations").text


def test_a_timer_that_a_person_cancelled_is_offered_again_while_it_is_the_one_of_its_incident(gw: GatewayUnderTest):
    incident = gw.open_incident()["id"]
    timer = a_job(kind=RESOLVE_INCIDENT, queue=None, incident_id=incident)
    put(gw, timer, Activity(incident_id=incident, signal_count=1, resolve_job_id=timer.id))

    assert offered(gw, timer) == [["cancel"]] * 2
    gw.post(f"/api/jobs/{timer.id}/cancel")
    assert offered(gw, timer) == [["retry"]] * 2
    put(gw, Activity(incident_id=incident, signal_count=1, firing_count=1, resolve_job_id=timer.id))
    assert offered(gw, timer) == [[]] * 2
