"""Playing the demo: what is accepted, when it is worked on, and that a repeat is none."""

import pytest

from services.gateway.domain.records import Role
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest


def deliveries(gw: GatewayUnderTest):
    return gw.get("/api/deliveries?limit=100").json["items"]


def test_each_step_is_a_delivery_of_its_source_in_the_order_told(gw: GatewayUnderTest):
    answer = gw.post("/api/demo", role=Role.RESPONDER)

    steps = answer.json["steps"]
    kept = {one["id"]: one for one in deliveries(gw)}
    assert answer.status_code == 202
    assert [kept[step["deliveryId"]]["source"] for step in steps] == [step["source"] for step in steps]
    assert {one["sender"] for one in kept.values()} == {"token:responder"}
    order = [kept[step["deliveryId"]]["acceptedSeq"] for step in steps]
    assert order == sorted(set(order))


def test_each_step_waits_for_the_one_before(gw: GatewayUnderTest):
    steps = gw.post("/api/demo", json={"paceSeconds": 2}).json["steps"]

    waits = [gw.get(f"/api/jobs/{step['jobId']}").json["notBefore"] for step in steps]
    assert waits[:3] == [None, "2026-11-01T12:00:02Z", "2026-11-01T12:00:04Z"]


def test_a_repeat_under_its_key_plays_nothing_twice(gw: GatewayUnderTest):
    first, second = (gw.post("/api/demo", headers={"Idempotency-Key": "demo-1"}) for _ in range(2))

    assert second.json == first.json
    assert len(deliveries(gw)) == len(first.json["steps"])


def test_without_a_key_it_is_played_again(gw: GatewayUnderTest):
    steps = [gw.post("/api/demo").json["steps"] for _ in range(2)]

    assert len(deliveries(gw)) == sum(map(len, steps))


@pytest.mark.parametrize(("known", "named"), [([], "demo"), (["shop", "prod"], "shop"), (["prod"], "demo")])
def test_it_names_the_demo_cluster_as_workers_call_it_and_no_other(gw: GatewayUnderTest, known, named):
    know_clusters(gw, *known)
    steps = gw.post("/api/demo").json["steps"]

    assert f'"cluster":"{named}"' in gw.get(f"/api/deliveries/{steps[1]['deliveryId']}/body").text


def test_a_viewer_may_not_and_intake_may_be_busy(gw: GatewayUnderTest):
    assert gw.post("/api/demo", role=Role.VIEWER).status_code == 403
    assert gw.post("/api/demo", json={"paceSeconds": 61}).status_code == 422
    gw.relay.waiting = 10**6
    assert gw.post("/api/demo").json["code"] == "intake_busy"
