"""Which clusters are known, by what workers say they can read."""

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from services.gateway.domain.records import KNOWN_CLUSTERS, GraphClusters
from services.gateway.handlers.note_clusters import ClusterNotes
from shared.contracts.messages import Hello
from tests.support.gateway import GatewayUnderTest


class Workers:
    """Workers that say hello to the gateway, at a time of their own."""

    def __init__(self, gw: GatewayUnderTest) -> None:
        self.gw, self.now = gw, 0.0
        self.notes = ClusterNotes(gw.store, is_automatic=True, monotonic=lambda: self.now)

    def hello(self, worker: str, *clusters: str, is_leaving: bool = False) -> tuple[str, ...]:
        """Let ``worker`` say hello, or that it leaves; return what is known then."""
        said = Hello(service="graph", worker=worker, version="0", queues=("graph",), clusters=clusters)
        self.notes.note(structs.replace(said, is_leaving=is_leaving))
        return self.gw.store.get(GraphClusters, KNOWN_CLUSTERS).names


@pytest.fixture
def workers(gw: GatewayUnderTest) -> Workers:
    return Workers(gw)


def test_they_are_written_once(gw: GatewayUnderTest, workers: Workers):
    assert workers.hello("a", "staging", "prod") == ("prod", "staging")
    written = gw.store.last_seq

    assert workers.hello("a", "prod", "staging") == ("prod", "staging")
    assert gw.store.last_seq == written


def test_a_worker_that_reads_none_draws_jobs_all_the_same(workers: Workers):
    assert workers.hello("a", "prod") == ("prod",)
    assert workers.hello("b") == ()


def test_workers_of_other_queues_have_no_say(gw: GatewayUnderTest, workers: Workers):
    workers.hello("a", "prod")
    workers.notes.note(Hello(service="intake", worker="i", version="0", queues=("intake",)))

    assert gw.store.get(GraphClusters, KNOWN_CLUSTERS).names == ("prod",)


def test_only_what_every_worker_reads_is_known_since_any_may_draw_the_job(workers: Workers):
    assert workers.hello("a", "prod", "staging") == ("prod", "staging")
    assert workers.hello("b", "prod", "lab") == ("prod",)
    assert workers.hello("c", "moon") == ()


def test_a_worker_that_left_counts_no_more(workers: Workers):
    workers.hello("old", "prod")
    assert workers.hello("new", "prod", "lab") == ("prod",)
    assert workers.hello("old", is_leaving=True) == ("lab", "prod")


def test_what_the_last_worker_could_read_stays_known_until_another_says_what_it_can(workers: Workers):
    workers.hello("old", "prod")
    assert workers.hello("old", is_leaving=True) == ("prod",)
    assert workers.hello("new", "lab") == ("lab",)


def test_a_worker_that_is_silent_counts_no_more(workers: Workers):
    workers.hello("a", "prod", "staging")
    workers.now = 1.0
    assert workers.hello("b", "staging") == ("staging",)
    workers.now = 100.0
    workers.hello("a", "prod", "staging")
    workers.now = 120.9
    assert workers.hello("a", "prod", "staging") == ("staging",)
    workers.now = 121.0
    assert workers.hello("a", "prod", "staging") == ("prod", "staging")


def test_clusters_that_only_some_read_are_named_in_the_log_once(workers: Workers):
    with capture_logs() as logs:
        workers.hello("a", "prod", "staging")
        for _ in range(3):
            workers.hello("b", "prod")
        workers.hello("b", "prod", "staging")
        workers.hello("b", "prod")

    assert [line["clusters"] for line in logs] == [["staging"], ["staging"]]
    assert logs[0]["workers"] == ["a", "b"]


@pytest.mark.parametrize("is_automatic", [True, False])
def test_a_setting_that_changed_holds_before_any_worker_says_hello(gw: GatewayUnderTest, is_automatic: bool):
    ClusterNotes(gw.store, is_automatic=not is_automatic).note(
        Hello(service="graph", worker="a", version="0", queues=("graph",), clusters=("prod",))
    )
    ClusterNotes(gw.store, is_automatic=is_automatic).begin()

    known = gw.store.get(GraphClusters, KNOWN_CLUSTERS)
    assert (known.names, known.is_automatic) == (("prod",), is_automatic)


def test_nothing_is_written_at_a_first_start(gw: GatewayUnderTest):
    before = gw.store.last_seq
    ClusterNotes(gw.store, is_automatic=True).begin()

    assert gw.store.last_seq == before
