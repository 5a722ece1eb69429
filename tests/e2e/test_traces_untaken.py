"""A collector that is away, or takes a connection and never answers, costs the traces and nothing else."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.product import ROOT, Product, running_product, stop
from tests.support.waiting import wait_until

FIRING = (ROOT / "data" / "samples" / "alertmanager" / "01_firing.json").read_bytes()
UNTAKEN = "traces are not taken, and are dropped"


@pytest.fixture(params=["closed", "mute"])
def collector(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where nobody listens, and where somebody does who never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if request.param == "closed":
            listener.close()
        yield url


def lines(product: Product, service: str) -> list[dict[str, Any]]:
    text = (product.data_dir / "logs" / f"{service}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_the_product_works_and_stops_as_ever(tmp_path: Path, collector: str) -> None:
    sdk = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    with running_product(tmp_path, FAULTLINE_TRACES="otlp", **sdk) as product:
        call = requests.Session()
        call.headers.update(product.headers)
        for _ in range(20):
            accepted = call.post(f"{product.url}/api/intake/alertmanager", data=FIRING, timeout=30)
            assert accepted.status_code == 202, accepted.text
        job = f"{product.url}/api/jobs/{accepted.json()['jobId']}"
        wait_until(lambda: call.get(job, timeout=30).json()["state"] == "succeeded", "the last job")
        for service in ("gateway", "intake"):
            wait_until(
                lambda service=service: any(line["event"] == UNTAKEN for line in lines(product, service)),
                f"a word of it from {service}",
            )
        assert requests.get(f"{product.url}/readyz", timeout=30).status_code == 200
        code = stop(product.process)

        said = [line["event"] for service in ("gateway", "intake") for line in lines(product, service)]
        assert code == 0
        assert said.count(UNTAKEN) == 2, "once for each process, however many batches were dropped"
        # What the supervisor says of a child that it had to end by force.
        assert "did not end in time" not in (tmp_path / "up.log").read_text()
