"""Rules for DaemonSets: nodes that lack a pod, and sets that run nowhere."""

from collections.abc import Iterator

from services.graph.domain.evidence.missing_replicas import is_settling, workload_hit
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.workloads import DaemonSet
from services.graph.domain.rules.base import Hit, Rule, View
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_OF_EVERY_NODE = {"kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch"}


def _daemon(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, DaemonSet):
        return
    wanted, ready = thing.status.desired_number_scheduled or 0, thing.status.number_ready or 0
    if ready < wanted and not is_settling(view, thing):
        yield workload_hit(view, thing, f"Only {ready} of {wanted} nodes have a ready pod of it.", "status.numberReady")


def _misplaced(_view: View, thing: KubeObject) -> Iterator[Hit]:
    count = thing.status.number_misscheduled if isinstance(thing, DaemonSet) else None
    if count:
        summary = f"{count} of its pods run on nodes that it should not run on any more."
        yield Hit(thing.ref, summary, (seen(thing, "status.numberMisscheduled", summary),))


def _nowhere(view: View, thing: KubeObject) -> Iterator[Hit]:
    wish = _unmet_value(view, thing)
    if wish:
        summary = f"It runs nowhere: nodes have {wish[0]}, none with the value {wish[1]}."
        yield Hit(thing.ref, summary, (seen(thing, "spec.template.spec.nodeSelector", summary),))


def _nowhere_on_purpose(view: View, thing: KubeObject) -> Iterator[Hit]:
    if isinstance(thing, DaemonSet) and _is_nowhere(view, thing) and not _unmet_value(view, thing):
        summary = "It runs on no node."
        yield Hit(thing.ref, summary, (seen(thing, "status.desiredNumberScheduled", "0"),))


def _is_nowhere(view: View, thing: DaemonSet) -> bool:
    observed = thing.status.observed_generation is not None
    return observed and not thing.status.desired_number_scheduled and bool(view.inventory.all(Node))


def _unmet_value(view: View, thing: KubeObject) -> tuple[str, str] | None:
    """Return a label its selector asks for that nodes have with other values only: likelier an error than a wish."""
    if not isinstance(thing, DaemonSet) or not thing.spec.template.spec or not _is_nowhere(view, thing):
        return None
    nodes = view.inventory.all(Node)
    for key, value in (thing.spec.template.spec.node_selector or {}).items():
        values = {node.labels[key] for node in nodes if key in node.labels}
        if key not in _OF_EVERY_NODE and values and value not in values:
            return key, value
    return None


RULES: tuple[Rule, ...] = (
    Rule(
        id="daemonset-pods-missing",
        shows_only=True,
        title="Nodes lack a ready pod of it",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(DaemonSet,),
        condition="numberReady is below desiredNumberScheduled for more than two minutes",
        explanation="What it does for each node is not done on some.",
        remediation="Look at the pods that are not ready, and their nodes.",
        base=0.78,
        check=_daemon,
        conditions=(34,),
    ),
    Rule(
        id="daemonset-misplaced",
        title="Runs where it should not",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=(DaemonSet,),
        condition="numberMisscheduled is above 0",
        explanation="Selector or taints changed after its pods were made.",
        remediation="Look at selector and tolerations.",
        base=0.7,
        check=_misplaced,
        conditions=(34,),
        is_advice=True,
    ),
    Rule(
        id="daemonset-selects-no-node",
        title="Selects no node",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(DaemonSet,),
        condition="it wants no pod, and nodes have the label it selects with other values only",
        explanation="Likely an error in the value.",
        remediation="Mend the node selector.",
        base=0.65,
        check=_nowhere,
        conditions=(34,),
    ),
    Rule(
        id="daemonset-on-no-node",
        title="Runs on no node",
        layer=Layer.APP,
        severity=Severity.INFO,
        kinds=(DaemonSet,),
        condition="it wants no pod",
        explanation="Often on purpose: nodes of this sort may come later.",
        remediation="Nothing, if it is on purpose.",
        base=0.6,
        check=_nowhere_on_purpose,
        conditions=(34,),
        is_advice=True,
    ),
)
