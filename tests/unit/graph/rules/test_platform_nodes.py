"""Nodes, their pods and usage: every rule finds its fault, and is silent about what is healthy."""

import pytest

from services.graph.domain.k8s.cluster import Taint
from services.graph.domain.k8s.pods import Toleration
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import node_access, node_pods, nodes
from tests.support.cluster import an_object
from tests.support.cluster_parts import a_condition, a_deployment, a_node, a_pod, ago, an_event
from tests.support.rule_trials import Clean, Found, by_id, confidence, expect, expect_humble, try_rule

RULES = by_id((*nodes.RULES, *node_access.RULES, *node_pods.RULES))
FORBIDDEN = CoverageState.FORBIDDEN
WEB = {"app": "web"}
NODE = Ref("Node", None, "worker-1")


def a_lease(node, **since):
    spec = {"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": ago(**since)}
    return an_object("Lease", node, "kube-node-lease", spec=spec)


def a_waiting_pod(message, **spec):
    scheduled = a_condition("PodScheduled", "False", "Unschedulable", message)
    return a_pod("web-2", WEB, ready=False, node=None, phase="Pending", conditions=[scheduled], **spec)


def tainted(name="worker-1", key="dedicated"):
    return a_node(name, spec={"taints": [{"key": key, "value": "gpu", "effect": "NoSchedule"}]})


def cordoned(name="worker-1"):
    return a_node(name, spec={"unschedulable": True})


def use_of_node(**usage):
    return an_object("NodeMetrics", "worker-1", None, timestamp=ago(seconds=30), window="20s", usage=usage)


def use_of_pod(**usage):
    return an_object("PodMetrics", "web-1", timestamp=ago(seconds=30), containers=[{"name": "app", "usage": usage}])


def a_limited_pod():
    limits = {"cpu": "500m", "memory": "128Mi"}
    return a_pod("web-1", WEB, containers=[{"name": "app", "resources": {"limits": limits}}])


pod = a_pod("web-1", WEB)
# A pod on a dead node: Running, its containers ready as of before, the pod not.
stale = a_pod("web-1", WEB, ready=False, containers_ready=True)
dead = a_node(ready="Unknown")
short = a_condition("MemoryPressure", "True", "KubeletHasInsufficientMemory")
fine = a_condition("MemoryPressure", "False", "KubeletHasSufficientMemory")
no_network = a_condition("NetworkUnavailable", "True", "NoRouteCreated")
no_room = a_waiting_pod("0/2 nodes are available: 2 node(s) were unschedulable. preemption: not helpful.")
no_taint = a_waiting_pod("0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}.")
tolerant = a_pod("gpu-1", WEB, tolerations=[{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}])
node_event = an_event(stale, "NodeNotReady", "Node is not ready")
held = {"deletionTimestamp": ago(minutes=9), "finalizers": ["shop.example/archive"]}

FOUND = {
    "node-not-ready": Found([dead, stale], says="has stopped reporting"),
    "node-pressure": Found([a_node(conditions=[short])], says="short of memory"),
    "node-problem": Found([a_node(conditions=[a_condition("ReadonlyFilesystem", "True", "FilesystemIsReadOnly")])]),
    "node-network-unavailable": Found([a_node(conditions=[no_network])]),
    "node-lease-stale": Found([a_node(), a_lease("worker-1", minutes=3), a_lease("worker-2", seconds=5)]),
    "node-cordon-blocks": Found([cordoned(), no_room]),
    "node-taint-blocks": Found([tainted(), no_taint], says="Every open node is tainted"),
    "node-cordoned": Found([cordoned()]),
    "node-taint-unused": Found([tainted(), pod], says="dedicated"),
    "pod-on-dead-node": Found([stale, dead], NODE, says="which is not ready"),
    "pod-node-gone": Found([pod]),
    "pod-node-not-ready-event": Found([stale, node_event], NODE, unread={"Node": FORBIDDEN}),
    "pod-held-by-finalizers": Found([a_pod("web-1", WEB, ready=False, phase="Succeeded", metadata=held)]),
    "node-hot": Found([use_of_node(cpu="3700m", memory="1Gi"), a_node()], subject=NODE, says="its cpu"),
    "container-near-limit": Found(
        [use_of_pod(cpu="450m", memory="1Mi"), a_limited_pod()], subject=Ref("Pod", "shop", "web-1"), says="cpu limit"
    ),
    "container-memory-exhausted": Found(
        [use_of_pod(cpu="1m", memory="127Mi"), a_limited_pod()],
        subject=Ref("Pod", "shop", "web-1"),
        says="memory limit",
    ),
}

CLEAN = {
    "node-not-ready": [
        Clean("it is ready", [a_node(), pod]),
        Clean("nothing is known of it", [an_object("Node", "worker-1", None)]),
        Clean(
            "it has just come",
            [
                an_object(
                    "Node",
                    "worker-9",
                    None,
                    metadata={"creationTimestamp": ago(seconds=20)},
                    status={"conditions": [a_condition("Ready", "False", "KubeletNotReady")]},
                )
            ],
        ),
    ],
    "node-pressure": [
        Clean("it has enough", [a_node(conditions=[fine])]),
        Clean(
            "nobody knows, since it is silent",
            [
                a_node(ready="Unknown", conditions=[a_condition("MemoryPressure", "Unknown", "NodeStatusUnknown")]),
            ],
        ),
    ],
    "node-problem": [
        Clean(
            "there is none",
            [a_node(conditions=[a_condition("ReadonlyFilesystem", "False", "FilesystemIsNotReadOnly")])],
        ),
        Clean(
            "nobody knows what a condition of somebody's means", [a_node(conditions=[a_condition("Painted", "True")])]
        ),
    ],
    "node-network-unavailable": [
        Clean(
            "its network is set up", [a_node(conditions=[a_condition("NetworkUnavailable", "False", "RouteCreated")])]
        ),
    ],
    "node-lease-stale": [
        Clean("all were read an hour ago", [a_node(), a_lease("worker-1", hours=1), a_lease("worker-2", hours=1)]),
        Clean("it is the only one", [a_node(), a_lease("worker-1", hours=1)]),
        Clean("leases could not be read", [a_node()], {"Lease": FORBIDDEN}),
        Clean("it is known as dead already", [dead, a_lease("worker-1", hours=1), a_lease("worker-2", seconds=1)]),
    ],
    "node-cordon-blocks": [
        Clean("no pod waits", [cordoned(), pod]),
        Clean(
            "a pod waits for another reason",
            [cordoned(), a_waiting_pod("0/1 nodes are available: 1 Insufficient cpu.")],
        ),
        Clean(
            "the pod wants another node",
            [
                cordoned(),
                a_waiting_pod(
                    "0/2 nodes are available: 1 node(s) were unschedulable.",
                    nodeSelector={"disk": "ssd"},
                ),
            ],
        ),
    ],
    "node-taint-blocks": [
        Clean("another node is open to all", [tainted(), a_node("worker-2"), no_taint]),
        Clean("no pod waits", [tainted(), pod]),
        Clean("not all nodes were read", [tainted(), no_taint], {"Node": CoverageState.TRUNCATED}),
    ],
    "node-cordoned": [Clean("it is open", [a_node()])],
    "node-taint-unused": [
        Clean("a pod tolerates it", [tainted(), tolerant]),
        Clean("it is the cluster's own", [tainted(key="node.kubernetes.io/not-ready"), pod]),
        Clean("pods could not be read", [tainted()], {"Pod": FORBIDDEN}),
    ],
    "pod-on-dead-node": [
        Clean("its node is ready", [pod, a_node()]),
        Clean("nodes could not be read", [stale], {"Node": FORBIDDEN}),
        Clean("it ended before", [a_pod("web-1", WEB, ready=False, phase="Succeeded"), dead]),
    ],
    "pod-node-gone": [
        Clean("the node is there", [pod, a_node()]),
        Clean("nodes could not be read", [pod], {"Node": FORBIDDEN}),
    ],
    "pod-node-not-ready-event": [
        Clean("the node was read", [stale, node_event, a_node()]),
        Clean("it is ready again", [pod, an_event(pod, "NodeNotReady", "Node is not ready")], {"Node": FORBIDDEN}),
        Clean(
            "its container is not ready by itself",
            [
                (broken := a_pod("web-1", WEB, ready=False)),
                an_event(broken, "NodeNotReady", "Node is not ready"),
            ],
            {"Node": FORBIDDEN},
        ),
    ],
    "pod-held-by-finalizers": [
        Clean("it is not to be deleted", [a_pod("web-1", WEB, metadata={"finalizers": ["shop.example/archive"]})]),
        Clean("it still runs", [a_pod("web-1", WEB, metadata=held)]),
    ],
    "node-hot": [
        Clean("there is room", [use_of_node(cpu="587437641n", memory="1805583Ki"), a_node()]),
        Clean("the node could not be read", [use_of_node(cpu="4")], {"Node": FORBIDDEN}),
    ],
    "container-near-limit": [
        Clean("there is room", [use_of_pod(cpu="100m", memory="64Mi"), a_limited_pod()]),
        Clean("it has no limit", [use_of_pod(cpu="4", memory="9Gi"), pod]),
    ],
    "container-memory-exhausted": [Clean("there is room", [use_of_pod(cpu="1", memory="100Mi"), a_limited_pod()])],
}


def test_every_rule_has_a_fault_it_finds_and_a_cluster_it_is_silent_about():
    assert set(FOUND) == set(CLEAN) == set(RULES)


@pytest.mark.parametrize("rule_id", RULES)
def test_the_rule_finds_its_fault(rule_id):
    expect(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize("rule_id", RULES)
def test_what_cannot_be_read_is_never_called_absent_and_makes_nothing_surer(rule_id):
    expect_humble(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize(("rule_id", "trial"), [(one, trial) for one in CLEAN for trial in CLEAN[one]])
def test_the_rule_is_silent(rule_id, trial):
    assert try_rule(RULES[rule_id], trial.objects, trial.unread) == [], trial.why


def test_a_dead_node_explains_the_pods_that_are_not_ready_and_no_others():
    (hit,) = try_rule(RULES["node-not-ready"], [dead, stale, a_pod("db-1", WEB, node="worker-2", ready=False)])
    assert hit.explains == (stale.ref,)


def test_evicted_pods_are_explained_by_the_pressure_of_their_node():
    evicted = an_object("Pod", "web-9", spec={"nodeName": "worker-1"}, status={"phase": "Failed", "reason": "Evicted"})
    (hit,) = try_rule(RULES["node-pressure"], [a_node(conditions=[short]), evicted])
    assert hit.explains == (evicted.ref,)


def test_a_cordoned_node_is_surely_to_blame_where_no_other_is_open():
    rule = RULES["node-cordon-blocks"]
    (alone,) = try_rule(rule, [cordoned(), no_room])
    (beside,) = try_rule(rule, [cordoned(), a_node("worker-2"), no_room])
    assert confidence(rule, alone) > rule.base > confidence(rule, beside)


def test_usage_names_the_workload_to_change():
    deployment = a_deployment("web", WEB)
    limited = [{"name": "app", "resources": {"limits": {"memory": "128Mi"}}}]
    owned = a_pod("web-1", WEB, owner=deployment, containers=limited)
    (hit,) = try_rule(RULES["container-memory-exhausted"], [use_of_pod(memory="127Mi"), owned, deployment])
    assert hit.culprit == deployment.ref


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"key": "dedicated", "value": "gpu"}, True),
        ({"key": "dedicated", "value": "cpu"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_a_toleration_is_for_a_taint_by_key_value_and_effect(toleration, fits):
    taint = Taint(key="dedicated", value="gpu", effect="NoSchedule")
    assert node_access.tolerates([Toleration(**toleration)], taint) is fits


def test_a_static_pod_is_mended_itself_and_not_the_node_that_owns_it():
    node, limited = a_node("worker-1"), [{"name": "app", "resources": {"limits": {"memory": "128Mi"}}}]
    static = a_pod("web-1", WEB, owner=node, containers=limited)
    (hit,) = try_rule(RULES["container-memory-exhausted"], [use_of_pod(memory="127Mi"), static, node])
    assert hit.culprit == static.ref
