"""Names that a graph worker listed, as a gateway under test is told of them."""

from typing import Any

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from shared.contracts.cluster_names import ClusterNames, NamedCluster, NamedObjects, encode_cluster_names
from shared.contracts.messages import InventoryTaken, Results
from tests.support.gateway import GatewayUnderTest


def report(gw: GatewayUnderTest, *results: Any) -> None:
    """Have these results recorded."""
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=results), gw.gateway.blobs)


def list_names(gw: GatewayUnderTest, *clusters: NamedCluster) -> None:
    """Have an inventory asked for and taken, or the one that is asked for already."""
    asked = gw.post("/api/quickdx/inventory").json
    assert asked is not None
    names = ClusterNames(taken_at=gw.clock.now(), clusters=clusters, kinds=("Deployment", "Pod"))
    report(gw, InventoryTaken(job_id=asked["jobId"], attempt=1, text=encode_cluster_names(names).decode()))


def cluster(context: str, *namespaces: str) -> NamedCluster:
    """Return a cluster with two Deployments in each namespace, whose pods could not be listed."""
    objects = [NamedObjects(namespace=one, kind="Deployment", names=("checkout", f"only-{one}")) for one in namespaces]
    return NamedCluster(context=context, namespaces=namespaces, objects=tuple(objects), unread={"Pod": "forbidden"})
