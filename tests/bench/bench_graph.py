"""Measure what reading a cluster and drawing its graph costs; ends with 1 when a goal is missed.

A generated cluster is served over HTTP by a process of its own. Each way to read it runs in a process of its own too,
so that neither CPU nor peak memory of one is charged to another: Faultline's whole graph with an incident's
neighbourhood, orjson over the same bytes as the floor, and the lists of the official client as what others do.
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

GOAL_FLOOR, GOAL_MB, GOAL_GROWTH = 3.0, 270, 4.4
_SIZES = (1_000, 5_000, 20_000)
# At 20,000 pods the client's objects need gigabytes.
_MOST_PODS_OF_CLIENT = 5_000
_WAYS = ("faultline", "floor", "client")
_PAGE = 500
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds after all imports, of the process and of its steps, and the most memory it held."""

    cpu: float
    steps: dict[str, float]
    peak_mb: float
    objects: int
    megabytes: float


@contextmanager
def served(pods: int) -> Iterator[str]:
    """Serve a cluster; yield its address."""
    command = [sys.executable, "-m", "tests.bench.cluster_data", str(pods)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()


def measure(way: str, address: str) -> Cost:
    """Read the cluster one way, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_graph", "--child", way, address]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Cost(**json.loads(done.stdout))


def measure_all(sizes: list[int], ways: list[str], rounds: int) -> dict[tuple[str, int], Cost]:
    """Return what each way costs at each size: the least of the rounds, as what else runs on a machine only ever adds.

    Each round takes all sizes: what makes a machine slow for a minute must not stand between two of them.
    """
    costs: dict[tuple[str, int], Cost] = {}
    with ExitStack() as stack:
        addresses = {pods: stack.enter_context(served(pods)) for pods in sizes}
        for number in range(rounds):
            for pods, address in addresses.items():
                for way in ways:
                    if way == "client" and (number or pods > _MOST_PODS_OF_CLIENT):
                        continue
                    cost = measure(way, address)
                    costs[way, pods] = min(costs.get((way, pods), cost), cost, key=lambda one: one.cpu)
    return dict(sorted(costs.items(), key=lambda item: (item[0][1], ways.index(item[0][0]))))


def run_child(way: str, address: str) -> None:
    """Read the cluster one way, and print what it cost."""
    child = {"faultline": _read_faultline, "floor": _read_floor, "client": _read_client}[way]
    print(json.dumps(child(address)))


def _read_faultline(address: str) -> dict[str, Any]:
    from services.graph.adapters.live_cluster import open_live_cluster
    from services.graph.domain.k8s.shape import Ref
    from services.graph.domain.reading.kinds import KINDS
    from services.graph.domain.relations.build import build_graph
    from services.graph.domain.topology.neighbourhood import find_neighbourhood
    from services.graph.handlers.quiet_gc import quiet_gc
    from services.graph.handlers.read_cluster import ReadPlan, read_inventory
    from services.graph.ports import Limits

    with tempfile.TemporaryDirectory(prefix="faultline-bench-") as folder:
        source = open_live_cluster("bench", _kubeconfig(Path(folder), address))
    steps, began = {}, time.process_time()
    inventory = read_inventory(
        source, ReadPlan(KINDS, None, seconds=600.0), Limits(seconds=600.0), lambda: datetime.now(UTC)
    )
    steps["read"] = time.process_time() - began
    with quiet_gc():
        graph = build_graph(inventory)
    steps["graph"] = time.process_time() - began - steps["read"]
    middle = len(graph.entities) and Ref("Deployment", "team-1", "app-1")
    near = find_neighbourhood(graph, [middle], most=200)
    cpu = time.process_time() - began
    steps["near"] = cpu - steps["read"] - steps["graph"]
    bad = [entry for entry in inventory.coverage.gaps() if entry.state != "missing"]
    if bad or not graph.edges or not near:
        raise SystemExit(f"read badly: {bad[:3]}")
    source.close()
    return {"cpu": cpu, "steps": steps, "peak_mb": _peak(), "objects": len(inventory), "megabytes": 0}


def _read_floor(address: str) -> dict[str, Any]:
    import orjson

    gc.disable()
    cpu, objects, size = 0.0, 0, 0
    kept = []
    for page in _pages(address):
        began = time.process_time()
        found = orjson.loads(page)
        cpu += time.process_time() - began
        objects, size = objects + len(found["items"]), size + len(page)
        kept.append(found)
    return {"cpu": cpu, "steps": {}, "peak_mb": _peak(), "objects": objects, "megabytes": size / 1e6}


def _pages(address: str) -> Iterator[bytes]:
    import requests

    from tests.bench.cluster_data import BenchCluster

    session = requests.Session()
    for path in BenchCluster(100).lists:
        token = ""
        while token is not None:
            query = {"limit": str(_PAGE)} | ({"continue": token} if token else {})
            page = session.get(address + path, params=query, timeout=600).content
            yield page
            head = page[:400]
            token = head.split(b'"continue":"')[1].split(b'"')[0].decode() if b'"continue":"' in head else None


def _read_client(address: str) -> dict[str, Any]:
    from kubernetes import client

    api = client.ApiClient(client.Configuration(host=address))
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    lists = (
        core.list_pod_for_all_namespaces,
        core.list_service_for_all_namespaces,
        core.list_node,
        apps.list_deployment_for_all_namespaces,
        apps.list_replica_set_for_all_namespaces,
        client.DiscoveryV1Api(api).list_endpoint_slice_for_all_namespaces,
    )
    began, kept = time.process_time(), []
    for read in lists:
        token = ""
        while token is not None:
            found = read(limit=_PAGE, **({"_continue": token} if token else {}))
            kept += found.items
            token = found.metadata._continue or None
    cpu = time.process_time() - began
    return {"cpu": cpu, "steps": {}, "peak_mb": _peak(), "objects": len(kept), "megabytes": 0}


def _kubeconfig(folder: Path, address: str) -> Path:
    named = {"name": "bench"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "clusters": [{**named, "cluster": {"server": address}}],
        "users": [{**named, "user": {}}],
        "contexts": [{**named, "context": {"cluster": "bench", "user": "bench"}}],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config))
    return file


def _peak() -> float:
    """Return the most memory this process ever held: what `getrusage` tells includes what it was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def show(costs: dict[tuple[str, int], Cost], console: Console) -> None:
    """Print what each way costs at each size."""
    table = Table(title="Reading a cluster, after all imports", title_justify="left")
    for head in ("pods", "way", "objects", "CPU s", "of these", "peak MB"):
        table.add_column(head, justify="right" if head != "of these" else "left")
    for (way, pods), cost in costs.items():
        steps = ", ".join(f"{name} {seconds:.2f}" for name, seconds in cost.steps.items())
        table.add_row(f"{pods:,}", way, f"{cost.objects:,}", f"{cost.cpu:.2f}", steps, f"{cost.peak_mb:.0f}")
    console.print(table)
    for pods in _SIZES:
        if ("floor", pods) in costs:
            console.print(f"  {pods:,} pods are {costs['floor', pods].megabytes:.0f} MB of JSON")


def goals(costs: dict[tuple[str, int], Cost]) -> list[tuple[str, str, bool]]:
    """Return each goal: what it is, the figure, whether it is met."""
    found = []
    for pods in _SIZES:
        if ("faultline", pods) in costs and ("floor", pods) in costs:
            times = costs["faultline", pods].cpu / costs["floor", pods].cpu
            found.append((f"{pods:,} pods: complete graph <= 3 times the floor", f"{times:.2f}", times <= GOAL_FLOOR))
    large, small = costs.get(("faultline", 20_000)), costs.get(("faultline", 5_000))
    if large:
        found.append((f"20,000 pods: peak <= {GOAL_MB} MB", f"{large.peak_mb:.0f} MB", large.peak_mb <= GOAL_MB))
    if large and small:
        growth = large.cpu / small.cpu
        found.append(("20,000 pods cost <= 4.4 times 5,000", f"{growth:.2f}", growth <= GOAL_GROWTH))
    return found


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=2, metavar=("WAY", "ADDRESS"), help=argparse.SUPPRESS)
    parser.add_argument("--pods", type=int, nargs="*", choices=_SIZES, default=list(_SIZES))
    parser.add_argument("--ways", nargs="*", choices=_WAYS, default=list(_WAYS))
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="the least of so many counts")
    args = parser.parse_args()
    if args.child:
        run_child(*args.child)
        return 0
    costs = measure_all(args.pods, args.ways, args.rounds)
    console = Console()
    show(costs, console)
    results = goals(costs)
    for goal, figure, is_met in results:
        console.print(f"  {'met    ' if is_met else 'NOT MET'}  {goal}: {figure}")
    return 0 if all(is_met for _, _, is_met in results) else 1


if __name__ == "__main__":
    sys.exit(main())
