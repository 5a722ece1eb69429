"""An action is proposed, previewed, approved, executed at most once and verified, against a cluster over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.kube_changes import CONTEXT, SHOP, a_cluster
from tests.support.kube_rights import all_rights
from tests.support.kube_writes import WritableKube, serve_writable_kube
from tests.support.product import Product, running_product

_SECONDS = 60.0


@pytest.fixture(scope="module")
def kube() -> Iterator[WritableKube]:
    with serve_writable_kube(a_cluster(), all_rights()) as kube:
        yield kube


@pytest.fixture(scope="module")
def product(kube: WritableKube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("actions")
    kubeconfig = kube.write_kubeconfig(folder / "kubeconfig")
    with running_product(folder, FAULTLINE_ACTIONS_KUBECONFIG=str(kubeconfig)) as product:
        yield product


class Desk:
    """A person at the API."""

    def __init__(self, product: Product) -> None:
        self.product = product

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else self.product.headers
        return requests.request(method, self.product.url + path, json=body, headers=headers, timeout=30)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json()


def test_a_change_is_previewed_approved_done_once_and_verified(product: Product, kube: WritableKube) -> None:
    desk = Desk(product)
    incident = desk.ok("POST", "/api/incidents", {"title": "node trouble", "severity": "high"})["id"]
    proposal = {
        "type": "kubernetes",
        "title": "Keep pods off the node",
        "risk": "medium",
        "payload": {"verb": "cordon", "context": CONTEXT, "kind": "Node", "name": "n1"},
    }

    def propose() -> Any:
        answer = desk.call("POST", f"/api/incidents/{incident}/actions", proposal)
        assert answer.status_code == 201, answer.text
        return answer.json()

    action = propose()
    path = f"/api/incidents/{incident}/actions/{action['id']}"
    print(action)
    import time
    for _ in range(100):
        action = desk.ok("GET", path)
        if action["previews"] or not action["previewJobId"]:
            break
        time.sleep(0.3)
    print(action)
    if not action["previews"]:
        for _ in range(60):
            asked = desk.call("POST", f"{path}/dry-run")
            print(asked.status_code, asked.text)
            if asked.status_code == 202: break
            time.sleep(0.5)
        for _ in range(100):
            action = desk.ok("GET", path)
            if action["previews"]: break
            time.sleep(0.3)
    print(desk.ok("GET", action["previews"][0]["href"])["output"])
    approved = desk.ok("POST", f"{path}/approve", {"approved": True, "digest": action["reviewDigest"]})
    done = desk.ok("POST", f"{path}/execute", {})
    print(done["state"], done["execution"])
    for _ in range(100):
        action = desk.ok("GET", path)
        if action["state"] in ("verified", "failed", "unknown", "ineffective", "stale"): break
        time.sleep(0.3)
    print(action)
    for e in desk.ok("GET", f"/api/incidents/{incident}/timeline?limit=100")["items"]: print(e["type"], e["message"])
    assert action["state"] == "verified"
