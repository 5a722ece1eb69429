import hashlib
import json

import pytest

from services.gateway.domain.records import Delivery, Job, Role
from services.gateway.errors import StoreFull
from tests.support.clock import FixedClock
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.memory_store import MemoryStore

PATHS = {
    "/api/incidents/intake/webhook": "webhook",
    "/api/intake/alertmanager": "alertmanager",
    "/api/intake/pagerduty": "pagerduty",
}


@pytest.mark.parametrize("path", PATHS)
def test_a_delivery_is_kept_with_its_job_before_it_is_acknowledged(gw: GatewayUnderTest, path: str):
    answer = gw.call("POST", path, role=Role.SERVICE, data=b'{"a": 1}', headers={"User-Agent": "Alertmanager/0.28"})

    assert answer.status_code == 202
    delivery = gw.store.get(Delivery, answer.json["deliveryId"])
    job = gw.store.get(Job, answer.json["jobId"])
    assert answer.headers["Location"] == f"/api/jobs/{job.id}"
    assert (delivery.source, delivery.sender, delivery.accepted_seq > 0) == (PATHS[path], "token:service", True)
    assert (job.queue, job.delivery_id, delivery.job_id) == ("intake", delivery.id, job.id)
    assert delivery.headers == {"User-Agent": "Alertmanager/0.28"}


@pytest.mark.parametrize(
    "body", [b"", b'{"a": 1}', b"\xff\xfe no text", b"x" * 20_000, "ümläut\0".encode(), b'["' + b"y" * 100_000]
)
def test_whatever_the_bytes_they_come_back_verbatim(gw: GatewayUnderTest, body: bytes):
    made = gw.post("/api/intake/alertmanager", data=body).json
    back = gw.get(f"/api/deliveries/{made['deliveryId']}/body")

    assert back.data == body
    assert back.content_type == "application/octet-stream"
    assert gw.get(f"/api/deliveries/{made['deliveryId']}").json["digest"] == hashlib.sha256(body).hexdigest()


def test_no_credential_is_kept_with_a_delivery(gw: GatewayUnderTest):
    made = gw.post("/api/intake/alertmanager", data=b"{}", headers={"Cookie": "c=1", "X-Api-Key": "k"}).json
    kept = gw.get(f"/api/deliveries/{made['deliveryId']}").text

    assert gw.secrets[Role.ADMIN] not in kept
    assert "c=1" not in kept
    assert "X-Api-Key" not in kept


def test_a_repeated_key_gives_the_first_delivery_again(gw: GatewayUnderTest):
    headers = {"Idempotency-Key": "group-1"}
    first = gw.post("/api/intake/alertmanager", data=b"{}", headers=headers)
    again = gw.post("/api/intake/alertmanager", data=b"{}", headers=headers)

    assert again.status_code == 202
    assert again.json == {**first.json, "replayed": True}
    assert gw.get("/api/deliveries").json["total"] == 1
    other = gw.post("/api/intake/alertmanager", data=b"[]", headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


def test_too_many_waiting_deliveries_push_back(gw: GatewayUnderTest):
    gw.relay.waiting = gw.gateway.settings.backlog_limit
    refused = gw.post("/api/intake/alertmanager", data=b"{}")

    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (503, "intake_busy", "5")
    assert gw.get("/api/deliveries").json["total"] == 0


def test_a_full_disk_is_507_and_acknowledges_nothing():
    class FullStore(MemoryStore):
        full = False

        def transact(self, work):
            if self.full:
                raise StoreFull
            return super().transact(work)

    store = FullStore(FixedClock())
    gw = a_gateway(store=store)
    store.full = True
    refused = gw.post("/api/intake/alertmanager", data=b"{}")

    assert (refused.status_code, refused.json["code"]) == (507, "storage_full")
    assert "Retry-After" in refused.headers


def test_a_body_above_the_limit_is_413():
    gw = a_gateway(max_body_bytes=2_000)

    assert gw.post("/api/intake/alertmanager", data=b"x" * 2_000).status_code == 202
    refused = gw.post("/api/intake/alertmanager", data=b"x" * 2_001)
    assert (refused.status_code, refused.json["code"]) == (413, "body_too_large")
    assert gw.post("/api/incidents", json={"title": "x", "description": "y" * 2_000}).status_code == 413


def test_a_replay_is_a_new_delivery_of_the_same_bytes(gw: GatewayUnderTest):
    first = gw.post("/api/intake/alertmanager", data=json.dumps({"x": "y" * 20_000}).encode()).json
    answer = gw.post(f"/api/deliveries/{first['deliveryId']}/replay")

    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/jobs/{answer.json['jobId']}")
    again = gw.get(f"/api/deliveries/{answer.json['deliveryId']}").json
    assert (again["replayOf"], again["sender"], again["source"]) == (first["deliveryId"], "token:admin", "alertmanager")
    bodies = {gw.get(f"/api/deliveries/{one['deliveryId']}/body").data for one in (first, answer.json)}
    assert len(bodies) == 1


def test_deliveries_are_filtered_by_state_source_and_outcome(gw: GatewayUnderTest):
    for path in PATHS:
        gw.post(path, data=b"{}")

    assert gw.get("/api/deliveries?source=webhook").json["total"] == 1
    assert gw.get("/api/deliveries?state=accepted,processed").json["total"] == len(PATHS)
    assert gw.get("/api/deliveries?outcome=opened").json["total"] == 0
    assert gw.get("/api/deliveries/nope").status_code == 404
    assert gw.get("/api/deliveries/nope/body").status_code == 404
    assert gw.post("/api/deliveries/nope/replay").status_code == 404
