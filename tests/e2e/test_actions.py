"""Actions on the whole product, against a cluster over HTTP and with programs that run: from proposal to proof."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.support.commands import CHECKER_POLICY, write_program
from tests.support.kube_changes import CONTEXT
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import SHOP, a_cluster, item_of
from tests.support.kube_writes import WritableKube, serve_writable_kube
from tests.support.product import Product, running_product

SECONDS = 90.0
PASSWORD = "hunter2hunter2"


@pytest.fixture(scope="module")
def kube() -> Iterator[WritableKube]:
    with serve_writable_kube(a_cluster(), all_rights()) as kube:
        yield kube


@pytest.fixture(scope="module")
def product(kube: WritableKube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("actions")
    policy = folder / "commands.toml"
    policy.write_text(CHECKER_POLICY.format(folder=folder))
    write_program(folder, "checker", f"print('checked'); print('password={PASSWORD}')")
    settings = {
        "FAULTLINE_ACTIONS_KUBECONFIG": str(kube.write_kubeconfig(folder / "kubeconfig")),
        "FAULTLINE_ACTIONS_COMMANDS": str(policy),
    }
    with running_product(folder, **settings) as product:
        yield product


class Desk:
    """A person at the API."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.incident: str = self.ok("POST", "/api/incidents", {"title": "node trouble", "severity": "high"})["id"]

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, self.product.url + path, json=body, headers=self.product.headers, timeout=30)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + SECONDS
        while not holds(shown := self.ok("GET", path)):
            assert time.monotonic() < deadline, f"not in time: {shown}\n{self.product.logs()}"
            time.sleep(0.1)
        return shown

    def propose(self, **fields: Any) -> str:
        """Propose an action once a worker is there for it; return its path."""
        given = {"type": "kubernetes", "title": "Mend it", "risk": "medium"} | fields
        action = self.ok("POST", f"/api/incidents/{self.incident}/actions", given)
        return f"/api/incidents/{self.incident}/actions/{action['id']}"

    def change(self, verb: str, kind: str, name: str, **parameters: Any) -> str:
        """Propose a change, and return its path once a worker has previewed it."""
        namespace = {} if kind == "Node" else {"namespace": SHOP}
        payload = {"verb": verb, "context": CONTEXT, "kind": kind, "name": name, "parameters": parameters, **namespace}
        path = self.propose(payload=payload)
        if self.ok("GET", path)["previewJobId"] is None:
            # The worker has not said hello yet.
            deadline = time.monotonic() + SECONDS
            while self.call("POST", f"{path}/dry-run").status_code != 202:
                assert time.monotonic() < deadline, self.product.logs()
                time.sleep(0.1)
        self.until(path, lambda one: one["previews"])
        return path

    def approve(self, path: str) -> None:
        action = self.ok("GET", path)
        self.ok("POST", f"{path}/approve", {"approved": True, "digest": action["reviewDigest"]})

    def execute(self, path: str) -> Any:
        """Approve and execute; return the action at its end."""
        self.approve(path)
        deadline = time.monotonic() + SECONDS
        while (begun := self.call("POST", f"{path}/execute", {}).json()).get("code") == "execution_unavailable":
            # The worker has not said hello yet.
            assert time.monotonic() < deadline, self.product.logs()
            time.sleep(0.1)
        assert begun["state"] == "executing", begun
        return self.until(path, lambda one: one["state"] != "executing")

    def told(self) -> list[str]:
        page = self.ok("GET", f"/api/incidents/{self.incident}/timeline?limit=200")
        return [entry["type"] for entry in page["items"]]


@pytest.fixture
def desk(product: Product) -> Desk:
    return Desk(product)


def test_a_change_is_previewed_approved_done_once_and_verified(desk: Desk, kube: WritableKube) -> None:
    path = desk.change("cordon", "Node", "n1")
    preview = desk.ok("GET", desk.ok("GET", path)["previews"][0]["href"])
    written = len(kube.applied())
    desk.execute(path)
    action = desk.until(path, lambda one: one["state"] != "executed")

    assert "+  unschedulable: true" in preview["output"]
    assert "Way back" in preview["output"]
    assert (action["state"], action["execution"]["succeeded"]) == ("verified", True)
    assert "+  unschedulable: true" in desk.ok("GET", action["execution"]["outputHref"])["output"]
    assert action["execution"]["rollback"]["verb"] == "uncordon"
    assert len(kube.applied()) == written + 1
    assert [type_ for type_ in desk.told() if type_.startswith("action")] == [
        "action_proposed",
        "action_approval_requested",
        "action_previewed",
        "action_approved",
        "action_started",
        "action_executed",
        "action_verified",
    ]


def test_a_target_that_changed_is_stale_and_asks_again(desk: Desk, kube: WritableKube) -> None:
    path = desk.change("scale", "Deployment", "checkout", replicas=5)
    deployment = item_of(kube.world, "Deployment", "checkout")
    assert deployment is not None
    deployment["spec"]["replicas"] = 4
    kube.touch(deployment)
    written = len(kube.applied())
    stale = desk.execute(path)

    assert (stale["state"], stale["approvalsGiven"], stale["execution"]) == ("stale", 0, None)
    assert len(kube.applied()) == written
    assert "action_stale" in desk.told()
    assert "replicas: 4" in desk.ok("GET", stale["previews"][-1]["href"])["output"]
    assert desk.execute(path)["state"] == "executed"
    assert len(kube.applied()) == written + 1


def test_a_command_runs_by_the_policy_and_its_output_is_kept_without_secrets(desk: Desk) -> None:
    action = desk.execute(desk.propose(type="command", payload={"argv": ["checker", "status"], "target": "here"}))
    output = desk.ok("GET", action["execution"]["outputHref"])["output"]

    assert (action["state"], action["execution"]["result"][:11]) == ("executed", "exit code 0")
    assert "checked" in output
    assert PASSWORD not in output


def test_a_command_the_policy_does_not_know_is_refused_though_it_was_approved(desk: Desk) -> None:
    action = desk.execute(desk.propose(type="command", payload={"argv": ["/bin/rm", "-rf", "/"], "target": "here"}))

    assert action["state"] == "failed"
    assert action["execution"]["code"] == "program_not_allowed"
    assert "nothing was run" in action["execution"]["result"]
