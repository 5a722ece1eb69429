"""Who may reach whom among the neighbours of an incident: one pod speaks for its workload, the nearest first."""

from collections.abc import Iterable
from typing import NamedTuple

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.netpol.book import PolicyBook
from services.graph.domain.netpol.edges import may_reach
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.topology.graph import Edge
from services.graph.domain.walking.owners import top_of

# This many make some 900 ordered pairs: more than anybody looks at, and little work.
MOST_WORKLOADS = 30

# Labels that tell the pods of a StatefulSet, or of an indexed Job, from each other.
_OF_ONE_POD = frozenset(
    {
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/job-completion-index",
    }
)


class Reach(NamedTuple):
    """The edges, and how many pods have none: ``spoken_for`` by another of their workload, ``left_out`` as too many."""

    edges: tuple[Edge, ...] = ()
    spoken_for: int = 0
    left_out: int = 0


def reach_among(inventory: Inventory, refs: Iterable[Ref]) -> Reach:
    """Return the edges between the pods of ``refs``, which are in the order of their nearness.

    Pods of one workload that bear the same labels are the same to every policy, so the first speaks for all. Openness
    is the default: only pairs a policy decides have an edge.
    """
    speakers: dict[tuple[Ref, frozenset[tuple[str, str]], str | None], Pod] = {}
    spoken_for = left_out = 0
    for ref in refs:
        pod = inventory.find_ref(ref)
        if not isinstance(pod, Pod) or pod.status.phase in {"Succeeded", "Failed"}:
            continue
        labels = frozenset(item for item in pod.labels.items() if item[0] not in _OF_ONE_POD)
        key = (top_of(inventory, ref), labels, pod.spec.node_name if pod.spec.host_network else None)
        if key in speakers:
            spoken_for += 1
        elif len(speakers) >= MOST_WORKLOADS:
            left_out += 1
        else:
            speakers[key] = pod
    edges = may_reach(PolicyBook(inventory), list(speakers.values()))
    return Reach(tuple(edges), spoken_for, left_out)
