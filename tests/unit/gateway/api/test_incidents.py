from itertools import pairwise
from typing import Any

import pytest

from services.gateway.domain.records import Role
from shared.contracts.signal import SignalStatus
from tests.support.builders import a_signal, an_activity, an_incident, the_hints
from tests.support.gateway import GatewayUnderTest


def test_an_incident_opened_by_hand_is_found_by_id_and_by_number(gw: GatewayUnderTest):
    made = gw.open_incident(severity="high", services=["checkout", "checkout"], labels={"team": "payments"})

    assert made["ref"] == "INC-1"
    assert made["services"] == ["checkout"]
    assert gw.get(f"/api/incidents/{made['id']}").json == made
    assert gw.get("/api/incidents/INC-1").json == made
    assert gw.get("/api/incidents/inc-1").json == made


def test_a_number_is_found_among_incidents_that_mention_it(gw: GatewayUnderTest):
    for number in range(1, 13):
        gw.open_incident(title=f"Follows INC-12, INC-{number}")

    assert gw.get("/api/incidents/INC-12").json["number"] == 12
    assert gw.get("/api/incidents/INC-99").json["code"] == "not_found"


def test_the_actor_is_the_token_and_never_a_field(gw: GatewayUnderTest):
    made = gw.call("POST", "/api/incidents", role=Role.RESPONDER, json={"title": "x"}).json

    assert made["createdBy"] == "token:responder"
    assert made["timeline"]["entries"][0]["actor"] == "token:responder"
    refused = gw.post("/api/incidents", json={"title": "x", "createdBy": "boss"})
    assert refused.json["errors"] == {"createdBy": ["is not a field of this request"]}


def test_warning_is_read_as_medium(gw: GatewayUnderTest):
    assert gw.open_incident(severity="warning")["severity"] == "medium"
    assert gw.get("/api/incidents?severity=warning").json["total"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": None}, "title"),
        ({"title": "x", "description": "y" * (64 * 1024 + 1)}, "description"),
        ({"title": "x", "severity": "bad"}, "severity"),
        ({"title": "x", "labels": {f"k{n}": "v" for n in range(51)}}, "labels"),
        ({"title": "x", "labels": {"k" * 64: "v"}}, f"labels.{'k' * 64}"),
        ({"title": "x", "labels": {"k": "v" * 501}}, "labels.k"),
        ({"title": "x", "services": ["s"] * 51}, "services"),
        ({"title": "x", "detectedAt": "2026-01-01T00:00:00"}, "detectedAt"),
        ({"title": "x", "detectedAt": "0001-01-01T00:00:00+14:00"}, "detectedAt"),
        ({"title": "x", "nope": 1}, "nope"),
    ],
)
def test_input_that_is_not_valid_is_refused_by_the_name_of_its_field(gw: GatewayUnderTest, body: dict, field: str):
    response = gw.post("/api/incidents", json=body)

    assert (response.status_code, response.json["code"]) == (422, "validation_failed")
    assert list(response.json["errors"]) == [field]
    assert gw.get("/api/incidents").json["total"] == 0


def test_patch_changes_fields_and_says_so_on_the_timeline(gw: GatewayUnderTest):
    made = gw.open_incident()
    patched = gw.patch(f"/api/incidents/{made['id']}", json={"title": "Payments are down", "owner": "ann"}).json

    assert (patched["title"], patched["owner"], patched["version"]) == ("Payments are down", "ann", 2)
    entry = patched["timeline"]["entries"][-1]
    assert entry["type"] == "fields_changed"
    assert entry["payload"]["changes"]["owner"] == {"from": None, "to": "ann"}


def test_a_patch_that_changes_nothing_writes_nothing(gw: GatewayUnderTest):
    made = gw.open_incident(owner="ann")
    again = gw.patch(f"/api/incidents/{made['id']}", json={"owner": "ann", "status": "new", "title": made["title"]})

    assert again.json == made
    assert gw.patch(f"/api/incidents/{made['id']}", json={}).json == made


def test_fields_and_status_change_in_one_version(gw: GatewayUnderTest):
    made = gw.open_incident()
    patched = gw.patch(f"/api/incidents/{made['id']}", json={"status": "triage", "owner": "ann"}).json

    assert (patched["version"], patched["timeline"]["count"]) == (2, 3)
    assert patched["milestones"]["acknowledgedAt"] is not None


def test_the_same_status_again_is_fine_and_writes_no_entry(gw: GatewayUnderTest):
    made = gw.open_incident()
    gw.patch(f"/api/incidents/{made['id']}", json={"status": "triage"})
    again = gw.patch(f"/api/incidents/{made['id']}", json={"status": "triage"})

    assert (again.status_code, again.json["timeline"]["count"]) == (200, 2)


def test_an_illegal_move_says_what_is_allowed(gw: GatewayUnderTest):
    made = gw.open_incident()
    refused = gw.patch(f"/api/incidents/{made['id']}", json={"status": "closed"})

    assert (refused.status_code, refused.json["code"]) == (409, "transition_not_allowed")
    assert refused.json["current"] == "new"
    assert refused.json["requested"] == "closed"
    assert refused.json["allowed"] == made["allowedTransitions"]


def test_an_incident_is_not_detected_in_the_future(gw: GatewayUnderTest):
    refused = gw.post("/api/incidents", json={"title": "x", "detectedAt": "2999-01-01T00:00:00Z"})

    assert (refused.status_code, refused.json["code"]) == (422, "times_not_chronological")
    assert list(refused.json["errors"]) == ["detectedAt"]


def test_a_refused_move_leaves_the_fields_alone(gw: GatewayUnderTest):
    made = gw.open_incident()
    gw.patch(f"/api/incidents/{made['id']}", json={"status": "closed", "owner": "ann"})

    assert gw.get(f"/api/incidents/{made['id']}").json == made


def test_merging_by_patch_is_refused_with_a_clear_word(gw: GatewayUnderTest):
    made = gw.open_incident()
    refused = gw.patch(f"/api/incidents/{made['id']}", json={"status": "merged", "reason": "same"})

    assert made["allowedTransitions"] == ["triage", "investigating", "resolved", "cancelled", "merged"]
    assert (refused.status_code, refused.json["code"]) == (409, "merge_needs_target")
    assert "/merge" in refused.json["detail"]


def test_cancelling_needs_a_reason_that_stands_on_the_timeline(gw: GatewayUnderTest):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}"

    assert gw.patch(path, json={"status": "cancelled"}).json["code"] == "reason_required"
    assert gw.patch(path, json={"status": "cancelled", "reason": "  "}).json["code"] == "reason_required"
    done = gw.patch(path, json={"status": "cancelled", "reason": "a drill"}).json
    assert done["timeline"]["entries"][-1]["payload"] == {"from": "new", "to": "cancelled", "reason": "a drill"}


def test_resolving_while_signals_fire_needs_force_and_a_reason(gw: GatewayUnderTest):
    incident = an_incident()

    def put(tx):
        tx.put(incident)
        tx.put(an_activity(incident.id, firing=1))
        tx.put(a_signal(incident_id=incident.id))

    gw.store.transact(put)
    path = f"/api/incidents/{incident.id}"

    refused = gw.patch(path, json={"status": "resolved"})
    assert (refused.status_code, refused.json["code"], refused.json["firingCount"]) == (409, "signals_firing", 1)
    assert gw.patch(path, json={"status": "resolved", "force": True}).json["code"] == "reason_required"
    done = gw.patch(path, json={"status": "resolved", "force": True, "reason": "flapping"}).json
    assert (done["status"], done["firingCount"]) == ("resolved", 1)


def test_reopening_keeps_what_was_reached_on_the_timeline(gw: GatewayUnderTest):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}"
    gw.patch(path, json={"status": "resolved"})
    gw.patch(path, json={"status": "closed"})
    gw.clock.advance(60)
    again = gw.patch(path, json={"status": "investigating", "reason": "it is back"}).json

    assert again["milestones"]["resolvedAt"] is None
    assert again["milestones"]["closedAt"] is None
    payload = again["timeline"]["entries"][-1]["payload"]
    assert payload["resolvedAt"] == payload["closedAt"] == "2026-11-01T12:00:00Z"


def test_the_detail_shows_signals_entities_and_counts(gw: GatewayUnderTest):
    incident = an_incident()

    def put(tx):
        tx.put(incident)
        tx.put(an_activity(incident.id, firing=1, signals=2))
        tx.put(the_hints(incident.id))
        tx.put(a_signal(fingerprint="a:1", incident_id=incident.id))
        tx.put(a_signal(fingerprint="a:2", incident_id=incident.id, status=SignalStatus.RESOLVED))

    gw.store.transact(put)
    shown = gw.get(f"/api/incidents/{incident.id}").json

    assert (shown["signalCount"], shown["firingCount"]) == (2, 1)
    assert shown["entities"][0]["name"] == "checkout"
    assert {signal["fingerprint"] for signal in shown["signals"]} == {"a:1", "a:2"}
    firing = gw.get("/api/incidents/INC-1/signals?status=firing").json
    assert [signal["fingerprint"] for signal in firing["items"]] == ["a:1"]


def test_the_inbox_filters_by_repeated_and_by_comma_separated_values(gw: GatewayUnderTest):
    for severity in ("critical", "high", "low"):
        gw.open_incident(title=f"a {severity} case", severity=severity, owner="ann", labels={"team": severity})

    def total(query: str) -> int:
        return gw.get(f"/api/incidents?{query}").json["total"]

    assert total("severity=critical,high") == 2
    assert total("severity=critical&severity=low") == 2
    assert total("label=team:high") == 1
    assert total("owner=ann&q=low+case") == 1
    assert total("status=new&source=manual") == 3
    assert total("since=2027-01-01T00:00:00Z") == 0


def test_the_inbox_pages_by_cursor_without_gap_or_repeat(gw: GatewayUnderTest):
    for number in range(7):
        gw.open_incident(title=f"case {number}")
    seen, path = [], "/api/incidents?limit=3&sort=number"
    while path:
        page = gw.get(path).json
        assert page["total"] == 7
        seen += [item["number"] for item in page["items"]]
        path = page["nextCursor"] and f"/api/incidents?limit=3&sort=number&cursor={page['nextCursor']}"

    assert seen == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("limit=1&limit=2", "limit"),
        ("nope=1", "nope"),
        ("status=wrong", "status.0"),
        ("label=team", "label.0"),
        ("sort=title", "sort"),
        ("since=yesterday", "since"),
        ("q=%00", "q"),
    ],
)
def test_a_query_that_is_not_valid_is_refused_by_name(gw: GatewayUnderTest, query: str, field: str):
    response = gw.get(f"/api/incidents?{query}")

    assert (response.status_code, list(response.json["errors"])) == (422, [field])


def test_a_cursor_that_is_not_ours_is_a_bad_cursor(gw: GatewayUnderTest):
    for path in ("/api/incidents", "/api/jobs", "/api/signals", "/api/deliveries", "/api/tokens"):
        response = gw.get(f"{path}?cursor=made-up")

        assert (response.status_code, response.json["code"]) == (400, "bad_cursor"), path


def test_an_unknown_incident_is_not_found_under_every_path(gw: GatewayUnderTest):
    for path in ("", "/timeline", "/signals", "/jobs"):
        assert gw.get(f"/api/incidents/inc_nope{path}").json["code"] == "not_found"
    assert gw.patch("/api/incidents/inc_nope", json={"owner": "ann"}).status_code == 404
    assert gw.post("/api/incidents/inc_nope/timeline", json={"message": "hi"}).status_code == 404


def test_a_note_stands_on_the_timeline_with_its_place_and_hash(gw: GatewayUnderTest):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}/timeline"
    note = gw.post(path, json={"message": "Rolled back.", "occurredAt": "2026-11-01T11:00:00+01:00"})

    assert note.status_code == 201
    assert (note.json["sequence"], note.json["occurredAt"]) == (2, "2026-11-01T10:00:00Z")
    assert gw.get(note.headers["Location"]).json["items"] == [note.json]


def test_the_timeline_is_read_in_order_from_where_one_left_off(gw: GatewayUnderTest):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}/timeline"
    for number in range(4):
        gw.post(path, json={"message": f"note {number}"})

    first = gw.get(f"{path}?limit=3").json
    rest = gw.get(f"{path}?limit=3&after={first['nextAfter']}").json
    assert [entry["sequence"] for entry in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
    assert (rest["nextAfter"], rest["total"], rest["headHash"]) == (None, 5, rest["items"][-1]["hash"])
    chain = first["items"] + rest["items"]
    assert all(after["previousHash"] == before["hash"] for before, after in pairwise(chain))


def test_the_detail_embeds_the_newest_twenty_entries(gw: GatewayUnderTest):
    made = gw.open_incident()
    for number in range(25):
        gw.post(f"/api/incidents/{made['id']}/timeline", json={"message": f"note {number}"})
    timeline = gw.get(f"/api/incidents/{made['id']}").json["timeline"]

    assert (timeline["count"], timeline["headSequence"], len(timeline["entries"])) == (26, 26, 20)
    assert timeline["entries"][-1]["message"] == "note 24"
    assert timeline["headHash"] == timeline["entries"][-1]["hash"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"reason": "because"}, ["reason"]),
        ({"force": True}, ["force"]),
        ({"title": "New", "reason": "because", "force": True}, ["force", "reason"]),
    ],
)
def test_what_belongs_to_a_move_is_refused_without_a_status(
    gw: GatewayUnderTest, body: dict[str, Any], named: list[str]
):
    made = gw.open_incident()

    refused = gw.patch(f"/api/incidents/{made['id']}", json=body)

    assert (refused.status_code, refused.json["code"]) == (422, "validation_failed")
    assert sorted(refused.json["errors"]) == named
    assert gw.get(f"/api/incidents/{made['id']}").json["title"] == made["title"]


def test_only_a_severity_that_is_given_is_pinned(gw: GatewayUnderTest):
    left_out, given = gw.open_incident(), gw.open_incident(severity="medium")

    assert (left_out["severity"], left_out["severityPinned"]) == ("medium", False)
    assert (given["severity"], given["severityPinned"]) == ("medium", True)
