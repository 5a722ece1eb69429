"""A small gateway with one of everything, in which every operation of the API can be tried once."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from services.gateway.api.actions import NEW as NEW_ACTION
from services.gateway.api.diagnoses import EXAMPLE as DIAGNOSIS
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import ActionOutput, Delivery, JobState, Role
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.note_places import note_places
from services.gateway.handlers.record_results import Recorder, record_results
from shared.contracts.cluster_names import ClusterNames, NamedCluster, NamedObjects, encode_cluster_names
from shared.contracts.diagnosis import decode_diagnosis, encode_diagnosis
from shared.contracts.messages import DeliveryNormalised, InventoryTaken, ResourceDiagnosed, Results
from shared.contracts.severity import Severity
from shared.contracts.signal import ChangeEvent, NormalisedSignal, SignalStatus
from tests.support.builders import a_job
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.investigations import an_investigation, report_investigation

RULE = {"id": "shop", "name": "Shop", "match": {"namespaces": ["shop"]}, "groupBy": ["namespace"]}


class ExampleWorld:
    """The gateway, and what the paths of its API name: ``names`` has a value for every path parameter."""

    def __init__(self) -> None:
        self.gw: GatewayUnderTest = a_gateway()
        self.names: dict[str, str] = {"token": self.gw.secrets[Role.SERVICE], "version": "1", "identifier": "db-disk"}
        for build in _BUILD:
            build(self)

    def made(self, answer: Any) -> dict[str, Any]:
        """Return the body of an answer that must have succeeded; the next thing happens a second later."""
        assert answer.status_code < 300, answer.text
        self.gw.clock.advance(1)
        body: dict[str, Any] = answer.json
        return body


def _incident(world: ExampleWorld) -> None:
    made = world.gw.open_incident(
        title="Checkout fails for a third of customers", severity="high", services=["checkout"]
    )
    world.names["incident_id"] = made["id"]
    path = f"/api/incidents/{made['id']}"
    world.made(world.gw.post(f"{path}/timeline", json={"message": "Rolled back checkout to 1.42."}))


def _merges(world: ExampleWorld) -> None:
    gw = world.gw
    names = ("other_incident_id", "merged_incident_id")
    for name in names:
        world.names[name] = gw.open_incident(title="Customers cannot pay")["id"]
    into = {"into": world.names["incident_id"], "reason": "The same outage."}
    world.made(gw.post(f"/api/incidents/{world.names['merged_incident_id']}/merge", json=into))
    related = {"incidentId": world.names["other_incident_id"]}
    world.made(gw.post(f"/api/incidents/{world.names['incident_id']}/relations", json=related))
    world.names["other_id"] = world.names["other_incident_id"]


def _delivery(world: ExampleWorld) -> None:
    gw = world.gw
    taken = world.made(gw.post("/api/intake/webhook", json={"title": "Disk of db-3 is full"}))
    world.names["delivery_id"] = taken["deliveryId"]
    now = gw.clock.now()
    signal = NormalisedSignal(
        source="webhook",
        fingerprint="webhook:disk-of-db-3",
        status=SignalStatus.FIRING,
        severity=Severity.HIGH,
        name="DiskFull",
        title="Disk of db-3 is full",
        starts_at=now,
        labels={"namespace": "shop"},
    )
    change = ChangeEvent(key="resize-db-3", source="webhook", summary="db-3 was resized", occurred_at=now, service="db")
    _process(gw, taken["deliveryId"], signals=(signal,), changes=(change,))
    asked = world.made(gw.post("/v2/alerts", json={"message": "Disk of db-3 is full", "alias": "db-disk"}))
    world.names["request_id"] = asked["requestId"]
    _process(gw, asked["requestId"], signals=(msgspec.structs.replace(signal, source="opsgenie"),))


def _process(gw: GatewayUnderTest, delivery_id: str, **found: Any) -> None:
    job_id = gw.store.get(Delivery, delivery_id).job_id
    result = DeliveryNormalised(job_id=job_id, attempt=1, delivery_id=delivery_id, **found)
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(result,)))


def _rules(world: ExampleWorld) -> None:
    gw = world.gw
    world.made(gw.call("PUT", "/api/rules", json={"grouping": [RULE], "reason": "one case for the shop"}))
    preview = world.made(gw.post(f"/api/deliveries/{world.names['delivery_id']}/preview"))
    world.names["preview_id"] = preview["previewId"]
    match, ends = {"services": ["db-3"]}, gw.clock.now().replace(hour=23).isoformat()
    silence = world.made(gw.post("/api/silences", json={"comment": "db-3 is replaced", "match": match, "endsAt": ends}))
    world.names["silence_id"] = silence["id"]


def _access(world: ExampleWorld) -> None:
    token = world.made(world.gw.post("/api/tokens", json={"name": "ann", "role": "responder"}))
    world.names["token_id"] = token["id"]
    world.names["admin_secret"] = world.gw.secrets[Role.ADMIN]
    # Whoever asks as the least role may end it: it is their own.
    session = world.gw.call("POST", "/api/session", role=None, json={"token": world.gw.secrets[Role.VIEWER]})
    world.names["session_id"] = world.made(session)["id"]


def _actions(world: ExampleWorld) -> None:
    gw, path = world.gw, f"/api/incidents/{world.names['incident_id']}/actions"
    done = {"instructions": "Run the pipeline rollback of checkout with version 1.42."}
    for name, risk in (("action_id", "medium"), ("approved_action_id", "low"), ("proposed_action_id", "high")):
        body = {"type": "manual", "payload": done, "title": "Roll back checkout", "risk": risk}
        world.names[name] = world.made(gw.call("POST", path, role=Role.RESPONDER, json=body))["id"]
    approved = f"{path}/{world.names['approved_action_id']}"
    world.made(gw.call("POST", f"{approved}/approve", role=Role.APPROVER, json={"approved": True}))
    preview = {"output": "version 1.42 is there"}
    shown = world.made(
        gw.call("POST", f"{path}/{world.names['action_id']}/previews", role=Role.RESPONDER, json=preview)
    )
    world.names["action_preview_id"] = shown["previews"][0]["id"]
    world.names["review_digest"] = shown["reviewDigest"]


def _tasks(world: ExampleWorld) -> None:
    gw, path = world.gw, f"/api/incidents/{world.names['incident_id']}"
    task = {"title": "Raise the alert threshold", "owner": "ann", "dueAt": "2026-11-30T12:00:00Z"}
    world.names["task_id"] = world.made(gw.post(f"{path}/tasks", json=task))["id"]
    # One of its own: the example that is attached is another.
    diagnosis = DIAGNOSIS | {"id": "dx_of_the_example_world"}
    world.names["diagnosis_id"] = world.made(gw.post(f"{path}/diagnoses", json=diagnosis))["id"]


def _edited_report(world: ExampleWorld) -> None:
    path = f"/api/incidents/{world.names['incident_id']}/edited-report"
    answer = world.gw.call("PUT", path, json={"text": "# Checkout failed for 40 minutes"})
    assert answer.status_code == 200, answer.text


def _quickdx(world: ExampleWorld) -> None:
    gw = world.gw
    asked = {"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
    made = world.made(gw.post("/api/quickdx", json=asked))
    world.names["quickdx_id"] = made["id"]
    found = decode_diagnosis(msgspec.json.encode(DIAGNOSIS | {"id": "dx_that_was_asked_for"}))
    content = encode_diagnosis(found).decode()
    diagnosed = ResourceDiagnosed(job_id=made["jobId"], attempt=1, text=content)
    taken = world.made(gw.post("/api/quickdx/inventory"))
    shop = NamedObjects(namespace="shop", kind="Deployment", names=("checkout",))
    cluster = NamedCluster(context="prod", namespaces=("shop",), objects=(shop,))
    names = ClusterNames(taken_at=gw.clock.now(), clusters=(cluster,), kinds=("Deployment", "Pod"))
    inventory = InventoryTaken(job_id=taken["jobId"], attempt=1, text=encode_cluster_names(names).decode())
    results = Results(results=(diagnosed, inventory))
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), results, gw.gateway.blobs)
    said = {"ruleId": "pod-oom-killed", "verdict": "rejected"}
    world.made(gw.post(f"/api/quickdx/{made['id']}/feedback", json=said))


def _investigation(world: ExampleWorld) -> None:
    know_clusters(world.gw, "prod")
    made = world.made(world.gw.post(f"/api/incidents/{world.names['incident_id']}/investigate", json={}))
    found = an_investigation(world.names["incident_id"], observed_at=world.gw.clock.now())
    report_investigation(world.gw, made["jobId"], found)


def _jobs(world: ExampleWorld) -> None:
    failed, waiting = a_job(state=JobState.FAILED, error="boom"), a_job()

    def put(tx: Any) -> None:
        tx.put(failed)
        tx.put(waiting)

    world.gw.store.transact(put)
    world.names["job_id"] = failed.id
    world.names["waiting_job_id"] = waiting.id


def _action_worker(world: ExampleWorld) -> None:
    """A worker that can change the cluster of the examples, and what it once put out."""
    note_places(world.gw.store, ("prod-eu",), runs_commands=True)
    text = "deployment.apps/checkout restarted\n"
    output = ActionOutput(
        id="aout_01KAVEXAMPLE",
        action_id=world.names["action_id"],
        incident_id=world.names["incident_id"],
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        length=len(text),
        created_at=world.gw.clock.now(),
    )
    world.gw.store.transact(lambda tx: tx.put(output))
    world.names["output_id"] = output.id
    made = world.gw.call("POST", f"/api/incidents/{output.incident_id}/actions", role=Role.RESPONDER, json=NEW_ACTION)
    world.names["change_action_id"] = world.made(made)["id"]


_BUILD: tuple[Callable[[ExampleWorld], None], ...] = (
    _incident,
    _merges,
    _delivery,
    _rules,
    _access,
    _actions,
    _action_worker,
    _tasks,
    _edited_report,
    _quickdx,
    _investigation,
    _jobs,
)
