"""Workers that were given a kubeconfig as docs/operations.md says: one reads the cluster, the other changes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.cluster import HOST, PORT
from tests.compose.stack import Caller, Stack
from tests.support.action_desk import Desk
from tests.support.kube_config_file import write_kubeconfig
from tests.support.kube_small_cluster import SHOP
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(2_400)
CONTEXT = "live"
OVERRIDES = ("deploy/docker/graph-kubeconfig.yml", "deploy/docker/actions-kubeconfig.yml")
CHECKOUT = {"context": CONTEXT, "namespace": SHOP, "kind": "Deployment", "name": "checkout"}


@pytest.fixture(scope="module")
def connected(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with both overrides and a cluster; afterwards as it was before."""
    file = tmp_path_factory.mktemp("cluster") / "kubeconfig"
    write_kubeconfig(file, {CONTEXT: (f"http://{HOST}:{PORT}", {"token": "of-nobody"})})
    file.chmod(0o444)
    connected = stack.with_settings(
        COMPOSE_FILE=":".join(("docker-compose.yml", *OVERRIDES, "tests/compose/cluster.yml")),
        FAULTLINE_GRAPH_KUBECONFIG=str(file),
        FAULTLINE_ACTIONS_KUBECONFIG=str(file),
        FAULTLINE_ACTIONS_CONTEXTS=CONTEXT,
    )
    connected.up()
    yield connected
    connected.compose("rm", "-sf", "cluster")
    stack.up()


@pytest.mark.parametrize("file", OVERRIDES)
def test_an_override_says_what_it_needs(stack: Stack, tmp_path: Path, file: str) -> None:
    files = f"docker-compose.yml:{file}"
    given = {"FAULTLINE_ACTIONS_CONTEXTS": CONTEXT}
    for service in ("GRAPH", "ACTIONS"):
        given[f"FAULTLINE_{service}_KUBECONFIG"] = str(tmp_path / "kubeconfig")

    stack.with_settings(COMPOSE_FILE=files, **given).compose("config", "-q")
    with pytest.raises(AssertionError, match=r"(KUBECONFIG|CONTEXTS) is missing a value"):
        stack.with_settings(COMPOSE_FILE=files).compose("config", "-q")


def test_the_graph_worker_reads_the_cluster(connected: Stack, admin: Caller) -> None:
    asked = admin.ok("POST", "/api/quickdx", json=CHECKOUT)
    found = admin.until(f"/api/quickdx/{asked['id']}", lambda one: one["state"] in {"done", "failed"}, "a diagnosis")

    assert found["state"] == "done", found


def test_the_actions_worker_shows_and_makes_a_change_and_looks_whether_it_helped(
    connected: Stack, admin: Caller
) -> None:
    desk = Desk(connected.url, admin.token)
    payload = {"verb": "cordon", "context": CONTEXT, "kind": "Node", "name": "n1", "parameters": {}}
    path = desk.propose(desk.open_incident(), payload)
    # A worker that was killed says no goodbye, and counts for two minutes.
    wait_until(lambda: is_previewed(desk, path), "a preview", seconds=180)
    preview = desk.get(desk.get(path)["previews"][0]["href"])
    desk.approve(path)
    desk.execute(path)

    assert "+  unschedulable: true" in preview["output"]
    assert desk.ended(path)["state"] == "verified"
    assert desk.told_types(path)[-3:] == ["action_started", "action_executed", "action_verified"]


def test_an_actions_worker_that_is_stopped_in_a_drain_says_how_far_it_got(connected: Stack, admin: Caller) -> None:
    desk, path = draining(connected, admin)
    connected.compose("stop", "actions")
    # By itself, and long before it would be killed.
    assert connected.inspect("actions")["State"]["ExitCode"] == 0, connected.logs("actions")
    connected.up()
    ended = desk.ended(path)

    assert (ended["state"], ended["execution"]["code"]) == ("failed", "worker_stopped"), ended["execution"]
    assert "1 of 2 pods evicted; not evicted: shop/checkout-2" in ended["execution"]["result"]
    assert desk.told_types(path).count("action_started") == 1


def test_an_actions_worker_that_is_killed_in_a_drain_leaves_it_unknown_and_nobody_goes_on_with_it(
    connected: Stack, admin: Caller
) -> None:
    desk, path = draining(connected, admin)
    connected.kill("actions")
    connected.await_healthy("actions")
    wait_until(lambda: desk.get(path)["state"] != "executing", "an end", seconds=180)
    ended = desk.ended(path)

    assert ended["state"] == "unknown", ended["execution"]
    assert "kubectl" in ended["execution"]["look"]
    assert desk.told_types(path).count("action_started") == 1


def draining(stack: Stack, admin: Caller) -> tuple[Desk, str]:
    """Return an action that empties a node and waits for a budget, which never lets it."""
    desk = Desk(stack.url, admin.token)
    payload = {"verb": "drain", "context": CONTEXT, "kind": "Node", "name": "n1", "parameters": {"timeoutSeconds": 600}}
    path = desk.propose(desk.open_incident(), payload)
    wait_until(lambda: is_previewed(desk, path), "a preview", seconds=180)
    desk.approve(path)
    job = f"/api/jobs/{desk.execute(path)}"
    # Of three steps two, and the second time one of two.
    wait_until(lambda: ((desk.get(job)["progress"] or {}).get("share") or 0) >= 0.5, "all that can go", seconds=60)
    return desk, path


def is_previewed(desk: Desk, path: str) -> bool:
    """Answer whether it is previewed; ask for that where nobody did."""
    desk.call("POST", f"{path}/dry-run")
    return bool(desk.get(path)["previews"])


def test_a_context_that_may_not_be_changed_is_left_alone(connected: Stack, admin: Caller) -> None:
    desk = Desk(connected.url, admin.token)
    payload = {"verb": "cordon", "context": "demo", "kind": "Node", "name": "n1", "parameters": {}}
    path = desk.propose(desk.open_incident(), payload)
    desk.approve(path)

    assert desk.call("POST", f"{path}/execute").json()["code"] == "execution_unavailable"
