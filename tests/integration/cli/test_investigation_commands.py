"""Investigations on the command line, against a real gateway over HTTP; the worker's part is played by the test."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from services.cli.main import cli
from services.gateway.domain.records import Job, JobState, Role
from services.gateway.ports import RecordQuery
from services.gateway.server import AppServer
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.investigations import an_investigation, report_investigation
from tests.support.waiting import wait_until


@pytest.fixture
def served() -> Iterator[tuple[GatewayUnderTest, str]]:
    # Both ends are in one process here: what the gateway logs is no output of the command.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    gw = a_gateway()
    know_clusters(gw, "prod", "staging", is_automatic=False)
    server = AppServer(gw.app, "127.0.0.1", 0, threads=2, max_body_bytes=4 << 20, name="test")
    server.start(on_failure=lambda: None)
    yield gw, f"http://127.0.0.1:{server.port}"
    server.stop()
    structlog.reset_defaults()


@pytest.fixture
def gw(served: tuple[GatewayUnderTest, str]) -> GatewayUnderTest:
    return served[0]


@pytest.fixture
def run(served: tuple[GatewayUnderTest, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    gw, url = served
    monkeypatch.setenv("FAULTLINE_URL", url)
    monkeypatch.setenv("FAULTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FAULTLINE_TOKEN", gw.secrets[Role.RESPONDER])
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(cli, ["incidents", *words])

    return invoke


@pytest.fixture
def incident(gw: GatewayUnderTest) -> str:
    incident: str = gw.open_incident(labels={"cluster": "prod"})["id"]
    return incident


def waiting_job(gw: GatewayUnderTest) -> Job | None:
    found = gw.store.list_records(Job, RecordQuery(states=(JobState.PENDING,))).records
    return found[0] if found else None


def test_it_waits_for_what_is_found_and_shows_it(gw: GatewayUnderTest, run: Any, incident: str) -> None:
    def work() -> None:
        wait_until(lambda: waiting_job(gw) is not None, "the job")
        job = waiting_job(gw)
        assert job is not None
        report_investigation(gw, job.id, an_investigation(incident, observed_at=gw.clock.now()))

    worker = threading.Thread(target=work)
    worker.start()
    shown = run("investigate", "INC-1")
    worker.join()

    assert shown.exit_code == 0, shown.output
    assert "0.90\thigh\tConfigMap shop/checkout-config\tconfig-key-missing" in shown.stdout
    assert "key DB_HOST was removed" in shown.stdout


def test_it_can_be_asked_for_and_left(gw: GatewayUnderTest, run: Any, incident: str) -> None:
    asked = json.loads(run("investigate", "INC-1", "--no-wait", "--max-entities", "20", "--json").stdout)
    listed = run("investigations", "INC-1").stdout

    assert asked["state"] == "queued"
    assert asked["id"] in listed
    assert "prod" in listed


def test_a_job_that_is_cancelled_is_said_to_be(gw: GatewayUnderTest, run: Any, incident: str) -> None:
    asked = json.loads(run("investigate", "INC-1", "--no-wait", "--json").stdout)
    gw.post(f"/api/jobs/{asked['jobId']}/cancel")
    again = run("evidence", "INC-1")

    assert again.exit_code == 5
    assert "investigate" in again.stderr


def test_one_that_takes_too_long_says_how_to_follow_it(run: Any, incident: str) -> None:
    late = run("investigate", "INC-1", "--timeout", "1")

    assert late.exit_code == 1
    assert "faultline jobs show job_" in late.stderr


def test_a_cluster_nobody_reads_is_refused_with_those_there_are(run: Any, incident: str) -> None:
    refused = run("investigate", "INC-1", "--cluster", "moon")

    assert refused.exit_code != 0
    assert "prod, staging" in refused.stderr


def test_the_graph_is_shown_by_layer(gw: GatewayUnderTest, run: Any, incident: str) -> None:
    asked = json.loads(run("investigate", "INC-1", "--no-wait", "--json").stdout)
    report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now()))
    whole, part = run("graph", "INC-1").stdout, run("graph", "INC-1", "--layer", "app").stdout
    layers = {one["layer"] for one in json.loads(run("graph", "INC-1", "--json").stdout)["entities"]}

    assert "Deployment/shop/checkout\tUSES_CONFIG\tConfigMap/shop/checkout-config\tpresent" in whole
    assert "ConfigMap/shop/checkout-config" not in part.partition("seed")[2]
    assert layers == {"app", "platform"}


def test_an_incident_shows_what_is_suspected(gw: GatewayUnderTest, run: Any, incident: str) -> None:
    asked = json.loads(run("investigate", "INC-1", "--no-wait", "--json").stdout)
    waiting = run("show", "INC-1").stdout
    report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now()))
    shown = run("show", "INC-1").stdout

    assert "investigated\tqueued in prod" in waiting
    assert "investigated\tdone in prod" in shown
    assert "suspected\t90% A key that the container needs" in shown
