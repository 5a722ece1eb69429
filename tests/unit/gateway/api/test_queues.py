from services.gateway.domain.records import Role
from services.gateway.relay.stats import Worker
from tests.support.gateway import GatewayUnderTest, a_gateway


def test_queues_tell_what_waits_and_who_works(gw: GatewayUnderTest):
    gw.relay.waiting = 7
    gw.relay.workers = (
        Worker(service="graph", worker="graph@a", version="1", queues=("graph",), heard_seconds_ago=200.0),
    )

    told = gw.call("GET", "/api/queues", role=Role.VIEWER).json

    assert {one["queue"]: one["waiting"] for one in told["queues"]} == {"intake": 7, "graph": 7, "actions": 7}
    assert [(one["worker"], one["isHeard"]) for one in told["workers"]] == [("graph@a", False)]
    assert told["flowerUrl"] is None


def test_queues_lead_to_flower_where_its_address_is_known():
    gw = a_gateway(flower_url="http://127.0.0.1:5555")

    assert gw.get("/api/queues").json["flowerUrl"] == "http://127.0.0.1:5555"


def test_queues_are_not_for_senders(gw: GatewayUnderTest):
    assert gw.call("GET", "/api/queues", role=Role.SERVICE).status_code == 403
