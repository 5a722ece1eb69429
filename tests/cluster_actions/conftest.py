"""Tests that change a real cluster: `KUBECONFIG=… CONTEXT=… make test-cluster-actions`. Nothing here runs otherwise."""

import os
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.actions.adapters.clusters import Clusters
from services.actions.adapters.kube_writes import KubeCluster
from services.actions.domain.kinds import NODE
from services.actions.domain.objects import KubeObject
from services.actions.errors import Forbidden, KubeError, NoCluster
from services.actions.ports import Selection
from shared.contracts.action import KubernetesPayload, KubernetesVerb, VerdictState
from tests.cluster_actions.doing import Doing
from tests.cluster_actions.stage import Stage, let_pods_come_again

KUBECONFIG = "CLUSTER_TO_CHANGE"
collect_ignore_glob = [] if os.environ.get(KUBECONFIG) else ["test_*.py"]
CONTEXT = os.environ.get("CONTEXT_TO_CHANGE", "")
IMAGE = os.environ.get("IMAGE_TO_RUN") or "registry.k8s.io/pause:3.9"
NODE_TO_CORDON = os.environ.get("NODE_TO_CORDON", "")
SECONDS = float(os.environ.get("SECONDS_TO_WAIT") or 120)
NO_NODE = "none"
_CANNOT_BEGIN = 2
Say = Callable[[str], None]


@pytest.fixture(scope="session", autouse=True)
def _clean_up_when_told_to_end() -> None:
    """Also when the terminal is closed: each ends pytest as Ctrl-C does, which gives back what its fixtures made.

    SIGINT itself too: what a script starts in the background begins with it ignored.
    """
    for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(one, signal.default_int_handler)


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Say:
    """Tells whoever runs it, at once, whatever pytest captures."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None

    def say(text: str) -> None:
        reporter.write_line(f"\n{text}")

    return say


@pytest.fixture(scope="session")
def client() -> Iterator[KubeCluster]:
    clusters = Clusters(Path(os.environ[KUBECONFIG]), (CONTEXT,))
    try:
        with clusters.opened(CONTEXT) as cluster:
            yield cluster
    except NoCluster as error:
        pytest.exit(f"CONTEXT={CONTEXT} cannot be used: {error}", _CANNOT_BEGIN)


@pytest.fixture(scope="session")
def stage(client: KubeCluster, say: Say) -> Iterator[Stage]:
    stage = Stage(client, f"faultline-test-{secrets.token_hex(3)}")
    say(f"makes the namespace {stage.namespace}; should this be killed: {_by_hand(stage)}")
    try:
        stage.make_namespace()
        stage.make_deployment(IMAGE)
        yield stage
    except KubeError as error:
        pytest.exit(f"nothing can be tried here: {error}", _CANNOT_BEGIN)
    finally:
        _clear(stage, say)


def _clear(stage: Stage, say: Say) -> None:
    if not stage.may_be_there:
        return
    try:
        stage.clear()
    except KubeError as error:
        say(f"STILL THERE, perhaps, since {error}: {_by_hand(stage)}")
    else:
        say(f"deleted the namespace {stage.namespace}")


def _by_hand(stage: Stage) -> str:
    return f"kubectl --context {CONTEXT} delete namespace {stage.namespace}"


@pytest.fixture(scope="session")
def doing(client: KubeCluster) -> Doing:
    return Doing(client, CONTEXT, SECONDS)


@pytest.fixture(scope="session")
def why_no_pods(doing: Doing, stage: Stage) -> str:
    """Why no pod starts here; empty where pods do. Without a kubelet, or the image, nobody can see a rollout end."""
    verdict = doing.settle(doing.rollout_of(stage))
    if verdict.state is VerdictState.HOLDS:
        return ""
    return f"no pod of {IMAGE} was ready within {SECONDS:g} seconds: {verdict.words}"


@pytest.fixture
def node(client: KubeCluster, doing: Doing, say: Say) -> Iterator[str]:
    """A node that may be cordoned; given back as it was."""
    name = _find_node(client)
    payload = KubernetesPayload(verb=KubernetesVerb.CORDON, context=CONTEXT, kind="Node", name=name)
    refused = doing.preview(payload).no_preview
    if refused is not None and refused.needs:
        pytest.skip(f"the node {name} is left alone: {refused.words}")
    say(f"cordons the node {name}; should this be killed: kubectl --context {CONTEXT} uncordon {name}")
    try:
        yield name
    finally:
        try:
            let_pods_come_again(client, name)
        except KubeError as error:
            say(f"STILL CORDONED, perhaps, since {error}: kubectl --context {CONTEXT} uncordon {name}")
        else:
            say(f"the node {name} takes pods again")


def _find_node(client: KubeCluster) -> str:
    if NODE_TO_CORDON == NO_NODE:
        pytest.skip("NODE=none: all nodes are left alone")
    try:
        nodes = (client.read(NODE, None, NODE_TO_CORDON),) if NODE_TO_CORDON else client.list(Selection(NODE))
    except Forbidden as error:
        pytest.skip(f"nodes are left alone: {error}" + ("" if NODE_TO_CORDON else "; NODE=name names one"))
    free = [one for one in nodes if one.at("spec", "unschedulable") is not True]
    if not free:
        pytest.skip(f"no node is left that takes pods, of {len(nodes)}")
    return min(free, key=lambda one: (_runs_control_plane(one), one.name)).name


def _runs_control_plane(node: KubeObject) -> bool:
    return any(key.endswith("/control-plane") for key in node.texts("metadata", "labels"))
