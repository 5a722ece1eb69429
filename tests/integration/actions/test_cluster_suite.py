"""`make test-cluster-actions` itself works, on a stand-in API server, and leaves nothing behind, however it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.kube_api import READER, TOKEN, Account, serve
from tests.support.kube_controllers import ControlledKube
from tests.support.kube_rights import Rights, Rule, all_rights
from tests.support.kube_world import Place, a_world
from tests.support.kube_write_faults import WriteFault, WriteFaultKind
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
NAMESPACES, NODES = Place("", "v1", "namespaces"), Place("", "v1", "nodes")
DEPLOYMENTS = Place("apps", "v1", "deployments")
NODES_SEEN = "cordons the node"


@contextmanager
def a_cluster(rights: Rights | None = None, *, starts_pods: bool = True) -> Iterator[ControlledKube]:
    """Serve a cluster with a node of the control plane, one that was cordoned before, and one that takes pods."""
    world = a_world()
    labels = {"labels": {"node-role.kubernetes.io/control-plane": ""}}
    world.add("Node", "a-control", metadata=labels, spec={"podCIDR": "10.0.0.0/24"})
    world.add("Node", "b-cordoned", spec={"unschedulable": True})
    world.add("Node", "c-free", spec={"podCIDR": "10.0.1.0/24"})
    accounts = {TOKEN: Account(READER, rights or all_rights())}
    with serve(ControlledKube(world, accounts, starts_pods=starts_pods)) as kube:
        yield kube


def make(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-s", "test-cluster-actions", f"PY={sys.executable}", "READY="],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def run_on(kube: ControlledKube, tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the suite and hold it to what it promises however it ends: nothing of it is left."""
    config = kube.write_kubeconfig(tmp_path / "config")
    done = make(KUBECONFIG=str(config), CONTEXT="test", **environ)
    assert is_clean(kube), done.stdout + done.stderr
    return done


def is_clean(kube: ControlledKube) -> bool:
    cordoned = [one["metadata"]["name"] for one in kube.world.lists[NODES] if one["spec"].get("unschedulable")]
    return not kube.world.lists[NAMESPACES] and not kube.world.lists[DEPLOYMENTS] and cordoned == ["b-cordoned"]


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    last = done.stdout.strip().splitlines()[-1]
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", last)}


def without(*resources: str) -> Rights:
    return all_rights().without(*resources)


def test_all_of_it_passes_on_a_whole_cluster(tmp_path):
    with a_cluster() as kube:
        done = run_on(kube, tmp_path)

        assert counts(done) == {"passed": 8}, done.stdout + done.stderr
        assert done.returncode == 0
        # It says beforehand what it does to whom, and how to undo it by hand.
        assert "cordons the node c-free; should this be killed: kubectl --context test uncordon c-free" in done.stdout
        assert "kubectl --context test delete namespace faultline-test-" in done.stdout
        named = {one.path.split("/")[4] for one in kube.applied() if one.path.startswith("/api/v1/nodes/")}
        assert named == {"c-free"}
        images = re.findall(r'"image": ?"([^"]+)"', str([one.body for one in kube.applied()]).replace("'", '"'))
        assert images == ["registry.k8s.io/pause:3.9"]


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        pytest.param(without("nodes"), "nodes are left alone: the account may not list nodes", id="no-nodes"),
        pytest.param(
            Rights((Rule(("*",), ("", "apps", "autoscaling"), ("namespaces", "deployments", "deployments/scale",
                          "horizontalpodautoscalers")), Rule(("get", "list"), ("",), ("nodes",)))),
            "the node c-free is left alone: the account may not patch nodes",
            id="nodes-only-read",
        ),
    ],
)  # fmt: skip
def test_nodes_are_left_alone_with_a_word_where_the_account_may_not(rights, said, tmp_path):
    with a_cluster(rights) as kube:
        done = run_on(kube, tmp_path)

        assert counts(done) == {"passed": 7, "skipped": 1}, done.stdout + done.stderr
        assert done.returncode == 0
        assert said in done.stdout
        assert NODES_SEEN not in done.stdout


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ("none", "NODE=none: all nodes are left alone"),
        ("b-cordoned", "no node is left that takes pods"),
        ("a-control", "cordons the node a-control"),
    ],
)
def test_which_node_can_be_chosen(node, said, tmp_path):
    with a_cluster() as kube:
        done = run_on(kube, tmp_path, NODE=node)

        assert done.returncode == 0, done.stdout + done.stderr
        assert said in done.stdout


def test_where_no_pod_starts_it_says_that_effects_were_not_seen(tmp_path):
    with a_cluster(starts_pods=False) as kube:
        done = run_on(kube, tmp_path, WAIT="0.1", IMAGE="registry.example.org/pause:1")

        assert counts(done) == {"passed": 7, "skipped": 1}, done.stdout + done.stderr
        assert done.returncode == 0
        assert "no pod of registry.example.org/pause:1 was ready within 0.1 seconds" in done.stdout


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        pytest.param(Rights(), "the account may not create namespaces", id="nobody"),
        pytest.param(without("deployments.apps"), "the account may not create deployments.apps", id="no-workloads"),
    ],
)
def test_an_account_that_may_not_even_begin_is_told_which_right_it_lacks(rights, said, tmp_path):
    with a_cluster(rights) as kube:
        done = run_on(kube, tmp_path)

        assert done.returncode != 0
        assert f"nothing can be tried here: {said}" in done.stdout


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(WriteFault(WriteFaultKind.ERROR, path="/deployments/web/scale", dry_run=False), id="a-change"),
        pytest.param(WriteFault(WriteFaultKind.CUT_AFTER, path="/nodes/c-free", dry_run=False, times=1), id="a-node"),
        pytest.param(WriteFault(WriteFaultKind.CUT_AFTER, path="/namespaces", dry_run=False, times=1), id="its-answer"),
    ],
)
def test_it_fails_where_the_cluster_does_and_cleans_up_all_the_same(fault, tmp_path):
    with a_cluster() as kube:
        kube.write_faults = [fault]
        done = run_on(kube, tmp_path)

        assert done.returncode != 0
        assert kube.applied()


@pytest.mark.parametrize("sort", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda one: one.name)
def test_it_cleans_up_when_it_is_told_to_end_in_the_middle(sort, tmp_path):
    with a_cluster(starts_pods=False) as kube:
        config = kube.write_kubeconfig(tmp_path / "config")
        # It waits for pods that never start.
        environ = {"PATH": "/usr/bin:/bin", "CLUSTER_TO_CHANGE": str(config), "CONTEXT_TO_CHANGE": "test"}
        options = ["-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:randomly"]
        suite = [sys.executable, "-m", "pytest", *options, "--force-enable-socket", "tests/cluster_actions"]
        # As a script starts what runs in its background.
        command = ["env", "--ignore-signal=INT", *suite]
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL) as running:
            try:
                wait_until(lambda: kube.lists_of("deployments") or kube.world.lists[DEPLOYMENTS], "the Deployment")
                os.kill(running.pid, sort)
                assert running.wait(60) != 0
            finally:
                running.kill()

        assert is_clean(kube)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({}, "KUBECONFIG=path names the cluster to change", id="no-kubeconfig"),
        pytest.param({"KUBECONFIG": "/nonexistent"}, "there is no file '/nonexistent'", id="no-file"),
        pytest.param({"KUBECONFIG": "/dev/null"}, "CONTEXT=name says which cluster is changed", id="no-context"),
    ],
)
def test_it_says_what_is_missing(environ, said):
    done = make(**environ)

    assert done.returncode != 0
    assert said in done.stderr


def test_a_context_that_is_not_there_is_named(tmp_path):
    with a_cluster() as kube:
        config = kube.write_kubeconfig(tmp_path / "config")
        done = make(KUBECONFIG=str(config), CONTEXT="prod")

        assert done.returncode != 0
        assert "CONTEXT=prod cannot be used: this worker may not change a cluster 'prod'" in done.stdout
        assert not kube.seen
