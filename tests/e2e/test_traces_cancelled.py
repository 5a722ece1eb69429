"""A job that a person cancels while a worker reads for it: its trace tells so, and of no error."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
import requests

from tests.support.kube_api import TOKEN, Account, KubeApi, serve
from tests.support.kube_config_file import write_kubeconfig
from tests.support.kube_rights import all_rights
from tests.support.kube_world import a_world
from tests.support.product import Product, running_product
from tests.support.trace_files import Span, read_spans
from tests.support.waiting import wait_until

TASK = "graph.take_inventory"


@pytest.fixture
def asked() -> Event:
    """Set once the cluster was asked for something."""
    return Event()


@pytest.fixture
def api(asked: Event) -> Iterator[KubeApi]:
    """A cluster that answers nothing as long as the test goes on."""
    with serve(KubeApi(a_world(), {TOKEN: Account("reader", all_rights())})) as api:

        def hold(_: object) -> None:
            asked.set()
            api.stopping.wait()

        api.answer = hold
        yield api


def spans_of(file: Path, job_id: str) -> list[Span]:
    return [span for span in read_spans(file) if span.get("job_id") == job_id and span.name == TASK]


def post(product: Product, path: str) -> dict[str, str]:
    answer = requests.post(product.url + path, headers=product.headers, json={}, timeout=30)
    assert answer.status_code < 300, answer.text
    body: dict[str, str] = answer.json()
    return body


def test_a_cancelled_job_is_no_error_in_its_trace(tmp_path: Path, api: KubeApi, asked: Event) -> None:
    file = tmp_path / "traces.jsonl"
    # After the first that does not answer there is another: the worker stops between the two.
    servers = {name: (api.url, {"token": TOKEN}) for name in ("mute", "mute-too")}
    settings = {
        "FAULTLINE_TRACES": f"file:{file}",
        "FAULTLINE_GATEWAY_LEASE_SECONDS": "1",
        "FAULTLINE_GRAPH_KUBECONFIG": str(write_kubeconfig(tmp_path / "kubeconfig", servers)),
    }
    with running_product(tmp_path, **settings) as product:
        job_id = post(product, "/api/quickdx/inventory")["jobId"]
        assert asked.wait(60), product.logs()
        assert post(product, f"/api/jobs/{job_id}/cancel")["state"] == "cancelled"
        wait_until(lambda: spans_of(file, job_id), "the end of the work")
        (worked,) = spans_of(file, job_id)

    assert (worked.get("result"), worked.is_error) == ("cancelled", False)
