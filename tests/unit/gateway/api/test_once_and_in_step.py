"""ETags, If-Match, If-None-Match and Idempotency-Key."""

import threading

import msgspec
import pytest

from services.gateway.domain.records import Activity, Role
from tests.support.builders import an_activity
from tests.support.gateway import GatewayUnderTest

KEY = {"Idempotency-Key": "once"}


def test_a_read_that_is_known_is_answered_with_304(gw: GatewayUnderTest):
    made = gw.open_incident()
    for path in (f"/api/incidents/{made['id']}", "/api/incidents", "/api/me", "/api/tokens", "/api/openapi.json"):
        etag = gw.get(path).headers["ETag"]
        again = gw.get(path, headers={"If-None-Match": etag})

        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag), path
        assert gw.get(path, headers={"If-None-Match": f'"other", W/{etag}'}).status_code == 304
        assert gw.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_stale_if_match_is_refused_with_the_current_version(gw: GatewayUnderTest):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}"
    etag = gw.get(path).headers["ETag"]
    assert gw.patch(path, json={"owner": "ann"}, headers={"If-Match": etag}).status_code == 200

    stale = gw.patch(path, json={"owner": "bob"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json["code"], stale.json["currentVersion"]) == (412, "version_conflict", 2)
    assert gw.get(path).json["owner"] == "ann"


@pytest.mark.parametrize("header", ['"1"', "*", '"9", "1-abc"', "1"])
def test_if_match_takes_any_tag_of_this_version(gw: GatewayUnderTest, header: str):
    made = gw.open_incident()

    assert (
        gw.patch(f"/api/incidents/{made['id']}", json={"owner": "a"}, headers={"If-Match": header}).status_code == 200
    )


@pytest.mark.parametrize("header", ['"2"', '""', '"x-y"', "garbage", '"99999999999999999999"'])
def test_if_match_refuses_every_other_tag(gw: GatewayUnderTest, header: str):
    made = gw.open_incident()

    assert (
        gw.patch(f"/api/incidents/{made['id']}", json={"owner": "a"}, headers={"If-Match": header}).status_code == 412
    )


def test_a_storm_of_alerts_changes_the_etag_but_never_refuses_a_responder(gw: GatewayUnderTest):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}"
    etag = gw.get(path).headers["ETag"]
    for count in range(1, 4):
        gw.store.transact(lambda tx, count=count: tx.put(an_activity(made["id"], signals=count)))

    assert gw.get(path, headers={"If-None-Match": etag}).status_code == 200
    assert gw.patch(path, json={"owner": "ann"}, headers={"If-Match": etag}).status_code == 200
    assert gw.store.get(Activity, made["id"]).signal_count == 3


def test_a_repeated_key_has_one_effect_and_the_same_answer(gw: GatewayUnderTest):
    first = gw.post("/api/incidents", json={"title": "x"}, headers=KEY)
    gw.patch("/api/incidents/INC-1", json={"owner": "ann"})
    again = gw.post("/api/incidents", json={"title": "x"}, headers=KEY)

    assert (again.status_code, again.data) == (first.status_code, first.data)
    for name in ("ETag", "Location"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert gw.get("/api/incidents").json["total"] == 1


def test_a_key_with_another_request_is_refused(gw: GatewayUnderTest):
    gw.post("/api/incidents", json={"title": "x"}, headers=KEY)
    other = gw.post("/api/incidents", json={"title": "y"}, headers=KEY)
    elsewhere = gw.patch("/api/incidents/INC-1", json={"owner": "x"}, headers=KEY)

    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert elsewhere.json["code"] == "idempotency_key_reused"


def test_keys_of_two_subjects_never_meet(gw: GatewayUnderTest):
    for role in (Role.ADMIN, Role.RESPONDER):
        assert gw.call("POST", "/api/incidents", role=role, json={"title": "x"}, headers=KEY).status_code == 201

    assert gw.get("/api/incidents").json["total"] == 2


def test_a_refused_request_keeps_no_key(gw: GatewayUnderTest):
    gw.open_incident()
    path = "/api/incidents/INC-1"
    assert gw.patch(path, json={"status": "closed"}, headers=KEY).status_code == 409
    gw.patch(path, json={"status": "resolved"})

    assert gw.patch(path, json={"status": "closed"}, headers=KEY).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a\tb", "ü"])
def test_a_key_that_is_no_key_is_refused(gw: GatewayUnderTest, key: str):
    for path in ("/api/incidents", "/api/intake/alertmanager"):
        refused = gw.post(path, json={"title": "x"}, headers={"Idempotency-Key": key})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["Idempotency-Key"])


def test_a_repeated_patch_and_a_repeated_note_write_once(gw: GatewayUnderTest):
    gw.open_incident()
    patch = [gw.patch("/api/incidents/INC-1", json={"status": "triage"}, headers=KEY) for _ in range(2)]
    note_key = {"Idempotency-Key": "note"}
    note = [gw.post("/api/incidents/INC-1/timeline", json={"message": "hi"}, headers=note_key) for _ in range(2)]

    assert patch[0].data == patch[1].data
    assert note[0].data == note[1].data
    assert gw.get("/api/incidents/INC-1").json["timeline"]["count"] == 3


def test_repeats_at_the_same_time_have_one_effect_and_one_answer(gw: GatewayUnderTest):
    answers: list[bytes] = []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait()
        answers.append(gw.post("/api/incidents", json={"title": "x"}, headers=KEY).data)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(answers)) == 1
    assert msgspec.json.decode(answers[0])["number"] == 1
    assert gw.get("/api/incidents").json["total"] == 1
