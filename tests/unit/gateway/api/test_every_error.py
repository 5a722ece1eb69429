"""Every error the API may answer: provoked, and held against the example the document shows of it."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from werkzeug.test import TestResponse

from services.gateway import errors
from services.gateway.api import shapes
from services.gateway.api.diagnoses import EXAMPLE as DIAGNOSIS
from services.gateway.domain.actions.policy import ApprovalPolicy, Freeze, Hours, PolicyOverride
from services.gateway.domain.records import DeliveryBody, Incident, JobState, Relation, Role
from services.gateway.domain.signatures import Signing
from services.gateway.handlers.manage_tokens import revoke_token, token_id_for
from services.gateway.handlers.note_places import note_places
from services.gateway.openapi import describe_api
from shared.errors import AppError
from tests.support.builders import a_job, an_activity
from tests.support.clock import FixedClock
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore

EXAMPLES: dict[str, dict[str, Any]] = msgspec.json.decode(describe_api())["components"]["examples"]
Provoke = Callable[[], TestResponse]


class RefusingStore(MemoryStore):
    """Takes what prepares a test, and then raises what it is told."""

    refusal: AppError | None = None

    def transact(self, work):
        if self.refusal is not None:
            raise self.refusal
        return super().transact(work)


class DamagedBlobs(MemoryBlobs):
    """Every blob was altered since."""

    def get(self, digest: str) -> bytes:
        raise errors.BlobDamaged(f"blob {digest} is not what was written")


def refused_by_the_store(error: AppError) -> Provoke:
    def provoke() -> TestResponse:
        store = RefusingStore(FixedClock())
        gw = a_gateway(store=store)
        store.refusal = error
        return gw.post("/api/incidents", json={"title": "x"})

    return provoke


def on_an_incident(call: Callable[[GatewayUnderTest, str], TestResponse]) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway()
        return call(gw, f"/api/incidents/{gw.open_incident()['id']}")

    return provoke


def plainly(call: Callable[[GatewayUnderTest], TestResponse], **settings: Any) -> Provoke:
    return lambda: call(a_gateway(**settings))


def body_in(blobs: MemoryBlobs) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway(blobs=blobs)
        path = f"/api/deliveries/{gw.post('/api/intake/webhook', data=b'{}').json['deliveryId']}"

        def move(tx) -> None:
            kept = tx.get(DeliveryBody, path.rpartition("/")[2])
            tx.put(msgspec.structs.replace(kept, text=None, blob="0" * 64))

        gw.store.transact(move)
        return gw.get(f"{path}/body")

    return provoke


def while_busy(path: str) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway(backlog_limit=1)
        gw.relay.waiting = 2
        return gw.post(path, json={"routing_key": "x"})

    return provoke


def guessing(gw: GatewayUnderTest) -> TestResponse:
    for _ in range(20):
        gw.get("/api/me", token="flt_guess")
    return gw.get("/api/me", token="flt_guess")


def twice(method: str, path: str, first: dict[str, Any], second: dict[str, Any], **headers: str) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway()
        gw.call(method, path, json=first, headers=headers)
        return gw.call(method, path, json=second, headers=headers)

    return provoke


def silences(live: int) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway()
        match, ends = {"services": ["shop"]}, (gw.clock.now() + timedelta(hours=1)).isoformat()
        answers = [
            gw.post("/api/silences", json={"comment": "Works on the rack.", "match": match, "endsAt": ends})
            for _ in range(live)
        ]
        if live > 1:
            return answers[-1]
        path = f"/api/silences/{answers[0].json['id']}"
        gw.call("POST", f"{path}/end")
        return gw.call("POST", f"{path}/end")

    return provoke


def job_in(state: JobState, verb: str) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway()
        job = a_job(state=state)
        gw.store.transact(lambda tx: tx.put(job))
        return gw.post(f"/api/jobs/{job.id}/{verb}")

    return provoke


def firing(gw: GatewayUnderTest, path: str) -> TestResponse:
    activity = an_activity(path.rpartition("/")[2], firing=2)
    gw.store.transact(lambda tx: tx.put(activity))
    return gw.patch(path, json={"status": "resolved"})


def stale(gw: GatewayUnderTest, path: str) -> TestResponse:
    return gw.patch(path, json={"owner": "ann"}, headers={"If-Match": '"7"'})


MANUAL = {"type": "manual", "payload": {"instructions": "Fail over."}, "title": "Fail over", "risk": "high"}


def on_an_action(
    *calls: tuple[str, dict[str, Any]],
    policy: ApprovalPolicy | None = None,
    clusters: tuple[str, ...] = (),
    **fields: Any,
) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway(approvals=policy or ApprovalPolicy())
        actions = f"/api/incidents/{gw.open_incident()['id']}/actions"
        path = f"{actions}/{gw.post(actions, json=MANUAL | fields).json['id']}"
        note_places(gw.store, clusters, runs_commands=False)
        answers = [
            gw.post(actions, json=MANUAL | {"supersedes": path.rpartition("/")[2]})
            if call == "supersede"
            else gw.post(f"{path}/{call}", json=body)
            for call, body in calls
        ]
        return answers[-1]

    return provoke


def on_an_ended_incident(gw: GatewayUnderTest, path: str) -> TestResponse:
    gw.patch(path, json={"status": "cancelled", "reason": "It was a drill."})
    return gw.post(f"{path}/actions", json=MANUAL)


def approved_and(then: Callable[[GatewayUnderTest], object]) -> Provoke:
    """Have the approver approve an action, let something happen, and execute it."""

    def provoke() -> TestResponse:
        gw = a_gateway()
        actions = f"/api/incidents/{gw.open_incident()['id']}/actions"
        path = f"{actions}/{gw.post(actions, json=MANUAL | {'risk': 'low'}).json['id']}"
        gw.call("POST", f"{path}/approve", role=Role.APPROVER, json={"approved": True})
        then(gw)
        return gw.post(f"{path}/execute", json=OUTCOME)

    return provoke


def an_hour_later(gw: GatewayUnderTest) -> None:
    gw.clock.advance(3_600)


def without_the_approver(gw: GatewayUnderTest) -> None:
    gw.store.transact(lambda tx: revoke_token(tx, token_id_for("approver"), "test"))


def by_admins_only(gw: GatewayUnderTest) -> None:
    strict = ApprovalPolicy(overrides=(PolicyOverride(approver_role=Role.ADMIN),))
    settings = dataclasses.replace(gw.gateway.settings, approvals=strict)
    gw.app.extensions["faultline"] = dataclasses.replace(gw.gateway, settings=settings)


SCALE = {"verb": "scale", "context": "eu", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
KUBERNETES = {"type": "kubernetes", "risk": "low", "payload": SCALE | {"parameters": {"replicas": 6}}}
SUPERSEDE: tuple[str, dict[str, Any]] = ("supersede", {})
PREVIEW = ("previews", {"output": "ready"})
OUTCOME = {"succeeded": True, "result": "Done."}
YES = ("approve", {"approved": True})
BOTH = ApprovalPolicy(overrides=(PolicyOverride(approvals=2),))
ONLY_ANN = ApprovalPolicy(overrides=(PolicyOverride(approvers=("ann",)),))
FROZEN = ApprovalPolicy(freezes=(Freeze(name="all", reason="Half of us are away.", hours=(Hours(zone="UTC"),)),))
TOKEN = {"name": "ann", "role": "viewer"}
SIGNING = {"sentry": Signing(header="sentry-hook-signature", secret="a-secret-of-sentry")}


def on_a_full_incident(part: str, most: int, body: Callable[[int], dict[str, Any]]) -> Provoke:
    def provoke() -> TestResponse:
        gw = a_gateway()
        path = f"/api/incidents/{gw.open_incident()['id']}/{part}"
        return [gw.post(path, json=body(number)) for number in range(most + 1)][-1]

    return provoke


def promoted_too_early(gw: GatewayUnderTest) -> TestResponse:
    asked = {"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
    return gw.post("/api/incidents", json={"diagnosisId": gw.post("/api/quickdx", json=asked).json["id"]})


def without_a_cluster(gw: GatewayUnderTest, path: str) -> TestResponse:
    know_clusters(gw, "prod", "staging")
    return gw.post(f"{path}/investigate", json={})


def another_diagnosis(gw: GatewayUnderTest, path: str) -> TestResponse:
    gw.post(f"{path}/diagnoses", json=DIAGNOSIS)
    return gw.post(f"{path}/diagnoses", json=DIAGNOSIS | {"summary": "Something else."})


def merging(*merges: tuple[str, str], then: tuple[str, dict[str, Any]] | None = None) -> Provoke:
    """Open incidents a, b and c, merge those named into those named, and return the last answer."""

    def provoke() -> TestResponse:
        gw = a_gateway()
        ids = {name: gw.open_incident()["id"] for name in "abc"}
        answers = [
            gw.post(f"/api/incidents/{ids[one]}/merge", json={"into": ids[other], "reason": "The same."})
            for one, other in merges
        ]
        return gw.patch(f"/api/incidents/{ids['a']}{then[0]}", json=then[1]) if then else answers[-1]

    return provoke


def into_an_ended_one(gw: GatewayUnderTest, path: str) -> TestResponse:
    gw.patch(path, json={"status": "resolved"})
    return gw.post(f"/api/incidents/{gw.open_incident()['id']}/merge", json={"into": "INC-1", "reason": "The same."})


def with_all_relations(gw: GatewayUnderTest, path: str) -> TestResponse:
    found = tuple(Relation(type="related", incident_id=f"inc_{number}") for number in range(1_000))

    def put(tx) -> None:
        tx.put(msgspec.structs.replace(tx.get(Incident, path.rpartition("/")[2]), relations=found))

    gw.store.transact(put)
    return gw.post(f"{path}/relations", json={"incidentId": gw.open_incident()["id"]})


def backdated(**times: str) -> Provoke:
    return on_an_incident(lambda gw, path: gw.patch(f"{path}/milestones", json={**times, "reason": "As was said."}))


def with_too_narrow_a_token(gw: GatewayUnderTest) -> TestResponse:
    made = gw.post("/api/tokens", json={"name": "narrow", "role": "viewer", "scopes": ["deliveries:read"]}).json
    return gw.get("/api/incidents", token=made["token"])


def from_another_page(gw: GatewayUnderTest) -> TestResponse:
    begun = gw.call("POST", "/api/session", role=None, json={"token": gw.secrets[Role.ADMIN]})
    cookie = begun.headers["Set-Cookie"].partition(";")[0]
    return gw.call("POST", "/api/incidents", role=None, json={"title": "x"}, headers={"Cookie": cookie})


CASES: dict[type[AppError], Provoke] = {
    errors.CsrfFailed: plainly(from_another_page),
    errors.ScopeMissing: plainly(with_too_narrow_a_token),
    errors.IncidentMerged: merging(("a", "b"), then=("", {"owner": "ann"})),
    errors.IncidentNotMerged: on_an_incident(lambda gw, path: gw.post(f"{path}/split", json={"reason": "Another."})),
    errors.MergeCycle: merging(("a", "b"), ("b", "a")),
    errors.MergeIntoItself: merging(("a", "a")),
    errors.MergeNeedsTarget: on_an_incident(lambda gw, path: gw.patch(path, json={"status": "merged"})),
    errors.MergeTargetEnded: on_an_incident(into_an_ended_one),
    errors.MergeTargetMerged: merging(("a", "b"), ("c", "a")),
    errors.MilestoneNotReached: backdated(closedAt="2026-11-01T12:00:00Z"),
    errors.TimesNotChronological: backdated(detectedAt="2099-11-01T12:00:00Z"),
    errors.TooManyRelations: on_an_incident(with_all_relations),
    errors.DiagnosisNotDone: plainly(promoted_too_early),
    errors.GraphClusterUnknown: on_an_incident(without_a_cluster),
    errors.NotInvestigated: on_an_incident(lambda gw, path: gw.get(f"{path}/graph")),
    errors.DiagnosisDiffers: on_an_incident(another_diagnosis),
    errors.TooManyDiagnoses: on_a_full_incident("diagnoses", 100, lambda number: DIAGNOSIS | {"id": f"dx_{number}"}),
    errors.TooManyTasks: on_a_full_incident("tasks", 200, lambda number: {"title": f"Task {number}"}),
    errors.ActionChanged: on_an_action(PREVIEW, PREVIEW, ("approve", {"approved": True}), risk="low"),
    errors.ActionFrozen: on_an_action(YES, ("execute", OUTCOME), policy=FROZEN, risk="low"),
    errors.ApproverNotNamed: on_an_action(YES, policy=ONLY_ANN, risk="low"),
    errors.ActionNotApproved: on_an_action(("execute", OUTCOME)),
    errors.ActionSuperseded: on_an_action(YES, SUPERSEDE, ("execute", OUTCOME), risk="low"),
    errors.ApprovalExpired: approved_and(an_hour_later),
    errors.ApproverRevoked: approved_and(without_the_approver),
    errors.ContentChanged: on_an_action(YES, PREVIEW, ("execute", OUTCOME), risk="low"),
    errors.MoreApprovalsNeeded: on_an_action(YES, ("execute", OUTCOME), risk="low", policy=BOTH),
    errors.RoleTooLow: approved_and(by_admins_only),
    errors.ApproverIsProposer: on_an_action(PREVIEW, ("approve", {"approved": True, "digest": "x"})),
    errors.CallNotAllowed: on_an_action(("withdraw", {}), ("withdraw", {}), ("request-approval", {})),
    errors.ExecutionUnavailable: on_an_action(("approve", {"approved": True}), ("execute", {}), **KUBERNETES),
    errors.PreviewRequired: on_an_action(YES, ("execute", {}), clusters=("eu",), **KUBERNETES),
    errors.IncidentEnded: on_an_incident(on_an_ended_incident),
    errors.TooManyPreviews: on_an_action(*[PREVIEW] * 21),
    errors.BadCursor: plainly(lambda gw: gw.get("/api/incidents?cursor=x")),
    errors.BlobDamaged: body_in(DamagedBlobs(FixedClock())),
    errors.BlobNotFound: body_in(MemoryBlobs(FixedClock())),
    errors.BodyTooLarge: plainly(
        lambda gw: gw.post("/api/incidents", json={"title": "x" * 300, "description": "x" * 2000}), max_body_bytes=1024
    ),
    errors.Forbidden: plainly(
        lambda gw: gw.post("/api/incidents", json={"title": "x"}, token="flt_secret-of-the-viewer")
    ),
    errors.IdempotencyKeyReused: twice(
        "POST", "/api/incidents", {"title": "x"}, {"title": "y"}, **{"Idempotency-Key": "k"}
    ),
    errors.IntakeBusy: while_busy("/api/intake/alertmanager"),
    errors.IntakeLimited: while_busy("/api/intake/opsgenie"),
    errors.JobNotCancellable: job_in(JobState.SUCCEEDED, "cancel"),
    errors.JobNotRetryable: job_in(JobState.PENDING, "retry"),
    errors.JsonTooDeep: plainly(
        lambda gw: gw.post("/api/incidents", data=b"[" * 99 + b"]" * 99, content_type="application/json")
    ),
    errors.MalformedJson: plainly(lambda gw: gw.post("/api/incidents", data=b"{", content_type="application/json")),
    errors.MalformedRequest: plainly(
        lambda gw: gw.post("/api/intake/webhook", data=b"{}", environ_overrides={"CONTENT_LENGTH": "9"})
    ),
    errors.ReasonRequired: on_an_incident(lambda gw, path: gw.patch(path, json={"status": "cancelled"})),
    errors.RecordNotFound: plainly(lambda gw: gw.get("/api/incidents/INC-42")),
    errors.SignalsFiring: on_an_incident(firing),
    errors.MetricsKeyNeeded: plainly(lambda gw: gw.get("/metrics"), metrics_key="the-key-of-the-metrics"),
    errors.SignatureInvalid: plainly(lambda gw: gw.post("/api/intake/sentry", json={}), signing=SIGNING),
    errors.SilenceEnded: silences(1),
    errors.StoreBusy: refused_by_the_store(errors.StoreBusy()),
    errors.StoreFull: refused_by_the_store(errors.StoreFull()),
    errors.StoreUnavailable: refused_by_the_store(errors.StoreUnavailable()),
    errors.TokenNameTaken: twice("POST", "/api/tokens", TOKEN, TOKEN),
    errors.TooManyBadTokens: plainly(guessing),
    errors.TooManySilences: silences(501),
    errors.TooManyStreams: plainly(lambda gw: gw.get("/api/stream"), streams=0),
    errors.TransactionTooLarge: refused_by_the_store(errors.TransactionTooLarge("more than 100000 changes")),
    errors.TransitionNotAllowed: on_an_incident(lambda gw, path: gw.patch(path, json={"status": "closed"})),
    errors.Unauthenticated: plainly(lambda gw: gw.get("/api/incidents", token="flt_unknown")),
    errors.UnsupportedMediaType: plainly(lambda gw: gw.post("/api/incidents", data=b"{}", content_type="text/plain")),
    errors.ValidationFailed: plainly(lambda gw: gw.post("/api/incidents", json={"title": " "})),
    errors.VersionConflict: on_an_incident(stale),
}


@pytest.mark.parametrize("error", CASES, ids=lambda error: error.__name__)
def test_it_is_answered_as_its_example_says(error: type[AppError]):
    answer = CASES[error]()
    body, example = answer.json, EXAMPLES[error.__name__]["value"]

    assert answer.status_code == example["status"] == body["status"]
    assert answer.content_type == "application/problem+json"
    same = ("type", "title", "code")
    assert [body[name] for name in same] == [example[name] for name in same]
    assert body["instance"] == answer.headers["X-Request-Id"]
    assert shapes.ProblemShape().validate(body) == {}
    # What it says beyond the members of every problem is shown in the example, no more and no less.
    assert sorted(body) == sorted(example)


def test_every_error_that_an_operation_may_answer_is_provoked_here():
    assert sorted(error.__name__ for error in CASES) == sorted(EXAMPLES)
