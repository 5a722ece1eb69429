import msgspec
import pytest

from services.gateway.domain.records import ChainHead, audit_chain
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.ports import ChainedEntry
from services.gateway.relay.stats import Worker
from tests.support.clock import START, FixedClock
from tests.support.gateway import FakeRelay, GatewayUnderTest, a_gateway
from tests.support.memory_store import MemoryStore


def test_a_living_process_says_so(gw: GatewayUnderTest):
    assert gw.call("GET", "/healthz", role=None).json == {"status": "alive", "version": "0.1.0"}


def test_ready_when_store_broker_and_workers_are(gw: GatewayUnderTest):
    response = gw.call("GET", "/readyz", role=None)

    assert response.status_code == 200
    assert response.json["ready"] is True
    assert set(response.json["checks"]) == {
        "store",
        "broker",
        *(f"{what}:{queue}" for what in ("worker", "backlog") for queue in ("intake", "graph")),
        # Nobody need run an actions worker.
        "backlog:actions",
    }


def late(seconds: float) -> Worker:
    return Worker(service="intake", worker="w", version="1", queues=("intake",), heard_seconds_ago=seconds)


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({"problem": "the broker does not answer"}, "broker"),
        ({"workers": FakeRelay().workers[1:]}, "worker:intake"),
        ({"workers": FakeRelay().workers[:1]}, "worker:graph"),
        ({"workers": (late(91), *FakeRelay().workers[1:])}, "worker:intake"),
    ],
)
def test_not_ready_names_each_check_that_fails(gw: GatewayUnderTest, changes: dict, failing: str):
    for name, value in changes.items():
        setattr(gw.relay, name, value)
    response = gw.call("GET", "/readyz", role=None)

    assert response.status_code == 503
    assert [name for name, check in response.json["checks"].items() if not check["ok"]] == [failing]
    assert response.json["checks"][failing]["reason"]


def test_a_backlog_at_its_limit_is_named_for_each_queue(gw: GatewayUnderTest):
    gw.relay.waiting = 50_000
    checks = gw.call("GET", "/readyz", role=None).json["checks"]

    assert [name for name, check in checks.items() if not check["ok"]] == [
        "backlog:intake",
        "backlog:graph",
        "backlog:actions",
    ]


def test_one_worker_in_time_is_enough(gw: GatewayUnderTest):
    gw.relay.workers = (late(500), late(44), *FakeRelay().workers[1:])

    assert gw.call("GET", "/readyz", role=None).status_code == 200


def test_a_store_that_cannot_be_written_is_not_ready():
    class Unwritable(MemoryStore):
        def health(self):
            return "the disk is full"

    gw = a_gateway(store=Unwritable(FixedClock()))
    response = gw.call("GET", "/readyz", role=None)

    assert response.json["checks"]["store"] == {"ok": False, "reason": "the disk is full"}


def test_metrics_count_requests_by_route_and_deliveries_by_source(gw: GatewayUnderTest):
    gw.open_incident()
    gw.get("/api/incidents/INC-1")
    gw.get("/no/such/path")
    gw.post("/api/intake/alertmanager", data=b"{}")
    text = gw.call("GET", "/metrics", role=None).text

    assert 'faultline_http_requests_total{method="GET",route="/api/incidents/<incident_id>",status="200"} 1.0' in text
    assert 'route="(none)",status="404"' in text
    assert 'faultline_deliveries_accepted_total{repeat="no",source="alertmanager"} 1.0' in text
    assert 'faultline_incidents{status="new"} 1.0' in text
    assert 'faultline_jobs{queue="intake",state="waiting"} 0.0' in text
    assert "INC-1" not in text


def test_stats_count_by_status_and_severity(gw: GatewayUnderTest):
    gw.open_incident(severity="critical")
    gw.open_incident(severity="low")
    stats = gw.get("/api/stats").json

    assert (stats["total"], stats["byStatus"]["new"], stats["bySeverity"]["low"]) == (2, 2, 1)


def test_whole_chains_are_verified_in_parts(gw: GatewayUnderTest):
    for _ in range(3):
        gw.open_incident()
    gw.post("/api/incidents/INC-1/timeline", json={"message": "hi"})
    first = gw.get("/api/verify?limit=2").json
    rest = gw.get(f"/api/verify?limit=2&cursor={first['nextCursor']}").json

    assert (first["incidents"] + rest["incidents"], first["entries"] + rest["entries"]) == (3, 4)
    assert first["problems"] == rest["problems"] == []
    assert rest["nextCursor"] is None


def test_an_altered_entry_is_found(gw: GatewayUnderTest):
    made = gw.open_incident()
    for number in range(3):
        gw.post("/api/incidents/INC-1/timeline", json={"message": f"note {number}"})
    store = gw.store
    original = store.list_timeline

    class Altered:
        def __getattr__(self, name):
            return getattr(store, name)

        def list_timeline(self, incident_id, *, after=0, limit=100):
            return [
                ChainedEntry(one.entry, "0" * 64) if one.entry.sequence == 2 else one
                for one in original(incident_id, after=after, limit=limit)
            ]

    found = verify_chains(Altered(), limit=10)
    assert [(problem.chain_id, problem.sequence) for problem in found.problems] == [
        (audit_chain(START), 3),
        (made["id"], 3),
    ]


def test_a_missing_entry_and_a_wrong_head_are_found(gw: GatewayUnderTest):
    made = gw.open_incident()
    store = gw.store

    class Wrong:
        def __init__(self, head: ChainHead) -> None:
            self.head = head

        def __getattr__(self, name):
            return getattr(store, name)

        def find(self, kind, record_id):
            return self.head

    head = store.get(ChainHead, made["id"])
    missing = verify_chains(Wrong(msgspec.structs.replace(head, sequence=2)), limit=10)
    wrong = verify_chains(Wrong(msgspec.structs.replace(head, hash="f" * 64)), limit=10)
    assert [problem.problem for problem in missing.problems] == ["the entry is missing"]
    assert [problem.problem for problem in wrong.problems] == ["it is not what the chain's head says"]


def test_methods_that_clients_make_up_are_counted_together(gw: GatewayUnderTest):
    for method in ("BREW", "x" * 50, "get"):
        gw.app.test_client().open("/api/me", environ_overrides={"REQUEST_METHOD": method})

    text = gw.call("GET", "/metrics", role=None).text
    methods = {line.split('method="')[1].split('"')[0] for line in text.splitlines() if 'method="' in line}
    assert "other" in methods
    assert methods <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}
