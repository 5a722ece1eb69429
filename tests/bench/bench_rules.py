"""Measure what a diagnosis of a namespace costs where half of it is broken; ends with 1 when it does not grow linearly.

The objects are in memory: it is the rules and the ranking that are measured, each size in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from services.graph.domain.k8s.shape import KubeObject
from services.graph.handlers.diagnose_scope import diagnose_scope
from shared.contracts.diagnosis import Diagnosis
from tests.support.clock import FixedClock
from tests.support.cluster import NOW, an_object
from tests.support.cluster_parts import owned_by
from tests.support.memory_cluster import MemoryCluster

GOAL_GROWTH = 4.4
_SIZES = (2_500, 10_000)
_PODS_EACH = 20
_LONG_AGO, _NOW = "2026-01-01T00:00:00Z", "2026-11-01T11:59:00Z"


def broken_namespace(pods: int) -> list[KubeObject]:
    """Return Deployments of twenty pods with a Service each; every other one crashes, every fourth Service is lost."""
    found = [an_object("Namespace", "shop"), an_object("ServiceAccount", "default", "shop")]
    for number in range(pods // _PODS_EACH):
        found += _workload(number, is_broken=number % 2 == 1)
    return found


def _workload(number: int, *, is_broken: bool) -> list[KubeObject]:
    name, labels = f"app-{number}", {"app": f"app-{number}"}
    made = {"labels": labels, "creationTimestamp": _LONG_AGO}
    spec = {"containers": [{"name": "app", "image": f"registry.example/{name}:1"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    ready = 0 if is_broken else _PODS_EACH
    deployment = an_object(
        "Deployment",
        name,
        "shop",
        metadata={**made, "generation": 1},
        spec={"replicas": _PODS_EACH, "selector": {"matchLabels": labels}, "template": template},
        status={"replicas": _PODS_EACH, "readyReplicas": ready, "observedGeneration": 1},
    )
    replica_set = an_object(
        "ReplicaSet",
        f"{name}-1",
        "shop",
        metadata={**made, **owned_by(deployment)},
        spec={"replicas": _PODS_EACH, "template": template},
    )
    selector = {"app": "nobody"} if number % 4 == 3 else labels
    service = an_object("Service", name, "shop", metadata=made, spec={"selector": selector, "ports": [{"port": 80}]})
    pods = [
        an_object(
            "Pod",
            f"{name}-1-{index}",
            "shop",
            metadata={**made, **owned_by(replica_set)},
            spec=spec,
            status=_status(is_broken=is_broken),
        )
        for index in range(_PODS_EACH)
    ]
    return [deployment, replica_set, service, *pods, *(_back_off(pod) for pod in pods if is_broken)]


def _status(*, is_broken: bool) -> dict[str, Any]:
    state = {"waiting": {"reason": "CrashLoopBackOff"}} if is_broken else {"running": {"startedAt": _LONG_AGO}}
    last = {"terminated": {"exitCode": 1, "reason": "Error"}} if is_broken else {}
    container = {"name": "app", "ready": not is_broken, "restartCount": 9 * is_broken, "state": state}
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": str(not is_broken)}, {"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [{**container, "lastState": last}],
    }


def _back_off(pod: KubeObject) -> KubeObject:
    about = {"kind": "Pod", "namespace": "shop", "name": pod.metadata.name, "uid": pod.metadata.uid}
    said = {"reason": "BackOff", "message": "Back-off restarting failed container", "type": "Warning", "count": 30}
    return an_object("Event", f"{pod.metadata.name}.1", "shop", involvedObject=about, lastTimestamp=_NOW, **said)


def measure(pods: int) -> dict[str, float]:
    """Diagnose a namespace of so many pods in a process of its own; return CPU seconds and how many causes."""
    command = [sys.executable, "-m", "tests.bench.bench_rules", "--child", str(pods)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run_child(pods: int) -> None:
    """Diagnose once, and print what it cost."""
    source = MemoryCluster(broken_namespace(pods), name="bench")
    began = time.process_time()
    last = list(diagnose_scope(source, ["shop"], clock=FixedClock(NOW)))[-1]
    if not isinstance(last, Diagnosis) or not last.hypotheses:
        raise SystemExit("nothing was found")
    print(json.dumps({"cpu": time.process_time() - began, "causes": len(last.hypotheses)}))


def main() -> int:
    """Measure each size; return 1 if the larger costs more than its share."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--child", type=int)
    arguments = parser.parse_args()
    if arguments.child:
        run_child(arguments.child)
        return 0
    costs = {pods: measure(pods) for pods in _SIZES}
    console = Console()
    table = Table(title="All rules on a namespace of which half is broken", title_justify="left")
    for head in ("pods", "CPU s", "causes shown"):
        table.add_column(head, justify="right")
    for pods, cost in costs.items():
        table.add_row(f"{pods:,}", f"{cost['cpu']:.2f}", f"{cost['causes']:.0f}")
    console.print(table)
    growth = costs[_SIZES[1]]["cpu"] / costs[_SIZES[0]]["cpu"]
    is_met = growth <= GOAL_GROWTH
    console.print(f"  {'met' if is_met else 'MISSED':8} four times the pods cost <= {GOAL_GROWTH} times: {growth:.2f}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
