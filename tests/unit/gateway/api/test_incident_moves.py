"""Merging, splitting, relating and correcting incidents over HTTP."""

from typing import Any

import pytest

from services.gateway.api import shapes
from services.gateway.api.incident_moves_shapes import MergedShape
from services.gateway.domain.records import Role
from tests.support.builders import a_signal, an_activity
from tests.support.gateway import GatewayUnderTest

WHY = {"reason": "the same outage"}


@pytest.fixture
def two(gw: GatewayUnderTest) -> tuple[dict[str, Any], dict[str, Any]]:
    """INC-1, and INC-2 with a signal that fires."""
    one, two = gw.open_incident(), gw.open_incident(title="Cart is down")

    def put(tx: Any) -> None:
        tx.put(an_activity(two["id"]))
        tx.put(a_signal(fingerprint="alertmanager:a", incident_id=two["id"]))

    gw.store.transact(put)
    return one, two


def path(incident: dict[str, Any], *rest: str) -> str:
    return "/".join((f"/api/incidents/{incident['id']}", *rest))


def test_a_merged_incident_leads_to_its_target(gw: GatewayUnderTest, two: Any):
    target, merged = two
    answer = gw.post("/api/incidents/INC-2/merge", json={"into": "INC-1", **WHY})
    assert answer.status_code == 200
    assert shapes.IncidentShape().validate(answer.json) == {}
    assert (answer.json["status"], answer.json["allowedTransitions"]) == ("merged", [])
    assert answer.json["relations"] == [{"type": "merged_into", "incidentId": target["id"]}]
    assert answer.headers["ETag"].startswith('"2-')

    for name in ("INC-2", merged["id"]):
        led = gw.get(f"/api/incidents/{name}")
        assert (led.status_code, led.headers["Location"]) == (307, path(target))
        assert (led.json, MergedShape().validate(led.json)) == ({"mergedInto": target["id"]}, {})
    shown = gw.get(led.headers["Location"]).json
    assert (shown["signalCount"], shown["signals"][0]["incidentId"]) == (1, target["id"])
    assert shown["relations"] == [{"type": "merged_from", "incidentId": merged["id"]}]


def test_a_merged_incident_is_shown_itself_when_asked(gw: GatewayUnderTest, two: Any):
    _, merged = two
    etag = gw.post(path(merged, "merge"), json={"into": "INC-1", **WHY}).headers["ETag"]

    itself = gw.get(path(merged) + "?redirect=false")
    assert (itself.status_code, itself.json["status"], itself.headers["ETag"]) == (200, "merged", etag)
    assert gw.get(path(merged) + "?redirect=false", headers={"If-None-Match": etag}).status_code == 304
    assert gw.get(path(merged) + "?redirect=1").status_code == 422
    for part in ("timeline", "signals", "jobs"):
        assert gw.get(path(merged, part)).status_code == 200, part


def test_the_redirect_leads_to_the_last_target(gw: GatewayUnderTest, two: Any):
    one, merged = two
    last = gw.open_incident()
    gw.post(path(merged, "merge"), json={"into": one["id"], **WHY})
    gw.post(path(one, "merge"), json={"into": last["id"], **WHY})

    assert gw.get(path(merged)).headers["Location"] == path(last)
    refused = gw.post(path(merged, "timeline"), json={"message": "hi"})
    assert (refused.status_code, refused.json["mergedInto"]) == (409, last["id"])


def test_every_write_to_a_merged_incident_names_its_target(gw: GatewayUnderTest, two: Any):
    target, merged = two
    gw.post(path(merged, "merge"), json={"into": "INC-1", **WHY})

    for method, where, body in (
        ("PATCH", path(merged), {"owner": "ann"}),
        ("PATCH", path(merged), {"status": "triage"}),
        ("POST", path(merged, "timeline"), {"message": "hi"}),
        ("POST", path(merged, "merge"), {"into": "INC-1", **WHY}),
        ("POST", path(merged, "relations"), {"incidentId": "INC-1"}),
        ("DELETE", path(merged, "relations", "INC-1"), None),
        ("PATCH", path(merged, "milestones"), {"detectedAt": "2026-01-01T00:00:00Z", **WHY}),
    ):
        refused = gw.call(method, where, **({"json": body} if body else {}))
        assert (refused.status_code, refused.json["code"]) == (409, "incident_merged"), where
        assert refused.json["mergedInto"] == target["id"]
    moved = gw.patch(path(merged), json={"status": "triage"}).json
    assert (moved["current"], moved["requested"], moved["allowed"]) == ("merged", "triage", [])
    assert gw.patch(path(merged), json={"status": "merged"}).status_code == 200


def test_a_merge_that_cannot_be_says_why(gw: GatewayUnderTest, two: Any):
    one, other = two
    ended = gw.open_incident()
    gw.patch(path(ended), json={"status": "resolved"})

    for body, status, code in (
        ({"into": "INC-1"}, 422, "reason_required"),
        ({"into": "INC-1", "reason": "  "}, 422, "reason_required"),
        ({"into": other["id"], **WHY}, 409, "merge_into_itself"),
        ({"into": "INC-3", **WHY}, 409, "merge_target_ended"),
        ({"into": "INC-99", **WHY}, 422, "validation_failed"),
        ({"into": "inc_none", **WHY}, 422, "validation_failed"),
        (WHY, 422, "validation_failed"),
        ({"into": "INC-1", "force": True, **WHY}, 422, "validation_failed"),
    ):
        refused = gw.post(path(other, "merge"), json=body)
        assert (refused.status_code, refused.json["code"]) == (status, code), body
    ended_move = gw.post(path(ended, "merge"), json={"into": "INC-1", **WHY}).json
    assert (ended_move["code"], ended_move["current"]) == ("transition_not_allowed", "resolved")
    assert (ended_move["requested"], ended_move["allowed"]) == ("merged", ["postmortem", "closed", "investigating"])
    assert gw.post("/api/incidents/inc_none/merge", json={"into": "INC-1", **WHY}).status_code == 404
    assert gw.get(path(one)).json["version"] == 1


def test_a_merge_goes_by_if_match_and_happens_once_for_its_key(gw: GatewayUnderTest, two: Any):
    _, merged = two
    body = {"into": "INC-1", **WHY}
    stale = gw.post(path(merged, "merge"), json=body, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json["currentVersion"]) == (412, 1)

    headers = {"If-Match": '"1"', "Idempotency-Key": "once"}
    first = gw.post(path(merged, "merge"), json=body, headers=headers)
    again = gw.post(path(merged, "merge"), json=body, headers=headers)
    assert (first.status_code, again.status_code, again.data) == (200, 200, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert gw.get("/api/incidents/INC-1").json["version"] == 2


def test_a_split_undoes_a_merge(gw: GatewayUnderTest, two: Any):
    target, merged = two
    gw.post(path(merged, "merge"), json={"into": "INC-1", **WHY})
    assert gw.post(path(merged, "split"), json={}).json["code"] == "reason_required"

    answer = gw.post(path(merged, "split"), json={"reason": "another cause"})
    assert (answer.status_code, answer.json["status"], answer.json["signalCount"]) == (200, "new", 1)
    assert gw.get(path(merged)).status_code == 200
    assert gw.get(path(target)).json["signalCount"] == 0
    again = gw.post(path(merged, "split"), json={"reason": "another cause"})
    assert (again.status_code, again.json["code"]) == (409, "incident_not_merged")


def test_relations_are_shown_on_both_sides(gw: GatewayUnderTest, two: Any):
    one, other = two
    answer = gw.post(path(one, "relations"), json={"incidentId": "INC-2"})

    assert answer.json["relations"] == [{"type": "related", "incidentId": other["id"]}]
    assert gw.get(path(other)).json["relations"] == [{"type": "related", "incidentId": one["id"]}]
    for wrong in ("INC-1", "INC-77", "inc_none"):
        refused = gw.post(path(one, "relations"), json={"incidentId": wrong})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["incidentId"])
    taken_back = gw.call("DELETE", path(other, "relations", "INC-1"))
    assert (taken_back.status_code, taken_back.json["relations"]) == (200, [])
    assert gw.get(path(one)).json["relations"] == []
    assert gw.call("DELETE", path(other, "relations", "INC-1")).status_code == 404


def test_an_approver_corrects_milestones(gw: GatewayUnderTest, two: Any):
    incident, _ = two
    gw.patch(path(incident), json={"status": "triage"})
    body = {"detectedAt": "2026-01-01T00:00:00Z", "acknowledgedAt": "2026-01-01T00:02:00Z", **WHY}
    assert gw.call("PATCH", path(incident, "milestones"), role=Role.RESPONDER, json=body).status_code == 403

    answer = gw.call("PATCH", path(incident, "milestones"), role=Role.APPROVER, json=body)
    assert answer.status_code == 200
    assert answer.json["milestones"]["detectedAt"] == "2026-01-01T00:00:00Z"
    assert answer.json["durations"]["timeToAcknowledgeSeconds"] == 120
    assert (answer.json["durations"]["timeToResolveSeconds"], answer.json["version"]) == (None, 3)
    entry = answer.json["timeline"]["entries"][-1]
    assert (entry["type"], entry["actor"]) == ("milestones_changed", "token:approver")
    assert entry["payload"]["changes"]["acknowledgedAt"]["to"] == "2026-01-01T00:02:00Z"


@pytest.mark.parametrize(
    ("body", "status", "code", "named"),
    [
        ({"detectedAt": "2999-01-01T00:00:00Z"}, 422, "times_not_chronological", {"detectedAt", "acknowledgedAt"}),
        ({"acknowledgedAt": "2001-01-01T00:00:00Z"}, 422, "times_not_chronological", {"detectedAt", "acknowledgedAt"}),
        ({"closedAt": "2026-01-01T00:00:00Z"}, 409, "milestone_not_reached", set()),
        ({}, 422, "validation_failed", {"body"}),
        ({"detectedAt": None}, 422, "validation_failed", {"detectedAt"}),
        ({"detectedAt": "2026-01-01T00:00:00"}, 422, "validation_failed", {"detectedAt"}),
        ({"createdAt": "2026-01-01T00:00:00Z"}, 422, "validation_failed", {"createdAt"}),
    ],
)
def test_corrections_that_cannot_be_are_refused(
    gw: GatewayUnderTest, two: Any, body: dict[str, Any], status: int, code: str, named: set[str]
):
    incident, _ = two
    gw.patch(path(incident), json={"status": "triage"})
    before = gw.get(path(incident)).json

    refused = gw.patch(path(incident, "milestones"), json={**body, **WHY})

    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert set(refused.json.get("errors", {})) >= named
    assert gw.get(path(incident)).json == before


def test_a_viewer_moves_nothing(gw: GatewayUnderTest, two: Any):
    incident, _ = two
    for method, part in (("POST", "merge"), ("POST", "split"), ("POST", "relations"), ("PATCH", "milestones")):
        assert gw.call(method, path(incident, part), role=Role.VIEWER, json={}).status_code == 403
    assert gw.call("DELETE", path(incident, "relations", "INC-2"), role=Role.VIEWER).status_code == 403


def test_closed_and_cancelled_incidents_are_still_written_to(gw: GatewayUnderTest):
    for status in ("closed", "cancelled"):
        incident = gw.open_incident()
        for step in ("resolved", "closed") if status == "closed" else (status,):
            assert gw.patch(path(incident), json={"status": step, **WHY}).status_code == 200
        assert gw.post(path(incident, "timeline"), json={"message": "for the postmortem"}).status_code == 201
        assert gw.patch(path(incident), json={"owner": "ann"}).status_code == 200
