"""Whether the clusters can be read, as the metrics tell it from one inventory to the next."""

import pytest

from services.gateway.domain.records import Inventory
from shared.contracts.cluster_names import ClusterNames, NamedCluster, encode_cluster_names
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.metrics_page import shown


@pytest.fixture
def gw() -> GatewayUnderTest:
    return a_gateway()


def is_up(gw: GatewayUnderTest, context: str) -> float | None:
    return shown(gw, "faultline_connector_up", kind="cluster", name=context)


def take_inventory(gw: GatewayUnderTest, *clusters: NamedCluster, problem: str = "", blob: str | None = None) -> None:
    gw.clock.advance(1)
    now = gw.clock.now()
    text = encode_cluster_names(ClusterNames(taken_at=now, clusters=clusters, kinds=(), problem=problem)).decode()
    kept = Inventory(job_id="job_1", taken_at=now, text=None if blob else text, blob=blob)
    gw.store.transact(lambda tx: tx.put(kept))


def test_a_cluster_is_up_where_the_last_inventory_could_list_it(gw: GatewayUnderTest):
    take_inventory(gw, NamedCluster(context="prod"), NamedCluster(context="lab", problem="It does not answer."))
    assert is_up(gw, "prod") == 1
    assert is_up(gw, "lab") == 0

    take_inventory(gw, NamedCluster(context="lab"))
    assert is_up(gw, "lab") == 1
    assert is_up(gw, "prod") is None


def test_clusters_stay_as_not_working_while_no_context_can_be_read(gw: GatewayUnderTest):
    take_inventory(gw, NamedCluster(context="demo"), NamedCluster(context="prod"), NamedCluster(context="lab"))
    assert [is_up(gw, name) for name in ("demo", "prod", "lab")] == [1, 1, 1]

    for _ in range(2):
        take_inventory(gw, NamedCluster(context="demo"), problem="the kubeconfig cannot be read")
        assert [is_up(gw, name) for name in ("demo", "prod", "lab")] == [1, 0, 0]

    take_inventory(gw, NamedCluster(context="demo"), NamedCluster(context="prod"))
    assert [is_up(gw, name) for name in ("demo", "prod", "lab")] == [1, 1, None]


def test_nothing_is_said_of_a_cluster_that_an_inventory_skipped(gw: GatewayUnderTest):
    take_inventory(gw, NamedCluster(context="c21", problem="only the first 20 are listed", is_skipped=True))

    assert is_up(gw, "c21") is None


def test_an_inventory_that_cannot_be_read_costs_no_other_figure(gw: GatewayUnderTest):
    take_inventory(gw, NamedCluster(context="prod"))
    assert is_up(gw, "prod") == 1

    take_inventory(gw, blob="0" * 64)
    assert is_up(gw, "prod") is None
    assert shown(gw, "faultline_store_writable") == 1
