"""Tasks, diagnoses, reports and bundles on the command line, against a real gateway over HTTP."""

import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from services.cli.main import cli
from services.gateway.domain.records import Role
from services.gateway.server import AppServer
from tests.integration.cli.stand_in_gateway import Gateway
from tests.support.diagnoses import a_diagnosis
from tests.support.gateway import GatewayUnderTest, a_gateway


@pytest.fixture
def served() -> Iterator[tuple[GatewayUnderTest, str]]:
    # Both ends are in one process here: what the gateway logs is no output of the command.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    gw = a_gateway()
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

    def invoke(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli, list(words), input=stdin)

    return invoke


def test_a_task_goes_from_added_to_done(gw: GatewayUnderTest, run: Any) -> None:
    gw.open_incident()
    added = run("tasks", "add", "INC-1", "Raise the limit", "--owner", "ann", "--due", "2020-01-01T00:00:00Z", "--json")
    task = json.loads(added.stdout)["id"]

    overdue = run("tasks", "list", "--overdue").stdout
    changed = run("tasks", "change", "INC-1", task, "--owner", "nobody", "--due", "never", "--title", "Lower it")
    done = run("tasks", "done", "INC-1", task)

    assert "open, overdue" in overdue
    assert "owner\t" not in changed.stdout
    assert "due\t" not in changed.stdout
    assert "title\tLower it" in changed.stdout
    assert (done.exit_code, "Lower it" in done.stdout) == (0, True)
    assert "done" in run("tasks", "list", "--incident", "INC-1", "--state", "done").stdout
    assert "1, 0 open" in run("incidents", "show", "INC-1").stdout


def test_what_says_nothing_or_too_much_about_tasks_is_refused(gw: GatewayUnderTest, run: Any) -> None:
    gw.open_incident()

    assert run("tasks", "change", "INC-1", "task_1").exit_code == 2
    assert run("tasks", "list", "--incident", "INC-1", "--overdue").exit_code == 2
    assert run("tasks", "done", "INC-1", "task_nope").exit_code == 5
    assert run("tasks", "change", "INC-1", "task_1", "--due", "tomorrow").exit_code == 2


def test_a_diagnosis_is_attached_from_a_file(gw: GatewayUnderTest, run: Any) -> None:
    gw.open_incident()

    attached = run("incidents", "diagnose", "INC-1", "-", stdin=json.dumps(a_diagnosis()))
    again = run("incidents", "diagnose", "INC-1", "-", "--json", stdin=json.dumps(a_diagnosis()))

    assert "resource\tprod/shop/Deployment/checkout" in attached.stdout
    assert "90% The memory limit is too low" in attached.stdout
    assert json.loads(again.stdout)["id"] == "dx_1"
    assert "Deployment checkout" in run("incidents", "show", "INC-1").stdout
    assert run("incidents", "diagnose", "INC-1", "-", stdin="[]").exit_code == 2
    assert run("incidents", "diagnose", "INC-1", "-", stdin="{}").exit_code == 1


def test_an_incident_is_opened_from_a_diagnosis(gw: GatewayUnderTest, run: Any, tmp_path: Path) -> None:
    (tmp_path / "diagnosis.json").write_text(json.dumps(a_diagnosis()))

    opened = run("incidents", "create", "--diagnosis", "diagnosis.json")
    by_hand = run("incidents", "create", "Mine", "--json")

    assert "title\tDeployment shop/checkout: The memory limit is too low" in opened.stdout
    assert "severity\tcritical" in opened.stdout
    assert json.loads(by_hand.stdout)["severity"] == "medium"
    assert run("incidents", "create").exit_code == 2


def test_a_report_is_printed_or_written(gw: GatewayUnderTest, run: Any, tmp_path: Path) -> None:
    gw.open_incident(title="Checkout is down für alle")

    printed = run("incidents", "report", "INC-1")
    written = run("incidents", "report", "INC-1", "--output", "report.md")

    assert printed.stdout.startswith("# INC-1: Checkout is down für alle\n")
    assert written.stdout == ""
    assert (tmp_path / "report.md").read_text("utf-8") == printed.stdout
    assert json.loads(run("incidents", "report", "INC-1", "--json").stdout)["report"] == printed.stdout
    assert run("incidents", "report", "INC-7").exit_code == 5
    assert run("incidents", "report", "INC-1", "-o", "no/such/folder.md").exit_code == 1


def test_a_bundle_is_written_for_its_owner_alone_and_verifies(gw: GatewayUnderTest, run: Any, tmp_path: Path) -> None:
    gw.open_incident()
    exported = run("incidents", "export", "INC-1", "--json")
    said = json.loads(exported.stdout)

    target = tmp_path / said["file"]
    assert said["file"] == "INC-1.zip"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert said["chain"]["hash"] == gw.get("/api/incidents/INC-1").json["timeline"]["headHash"]
    with zipfile.ZipFile(target) as bundle:
        (tmp_path / "verify.py").write_bytes(bundle.read("verify.py"))
    head = ["--head", said["chain"]["hash"], "--sequence", str(said["chain"]["sequence"])]
    command = [sys.executable, "-I", "verify.py", said["file"], *head, "--manifest", said["manifest"]]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    assert run("incidents", "export", "INC-1").exit_code == 2
    assert run("incidents", "export", "INC-1", "--overwrite").exit_code == 0
    assert list(tmp_path.glob("*.tmp")) == []


def test_who_may_not_export_or_names_nothing_gets_no_file(
    gw: GatewayUnderTest, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gw.open_incident()
    assert run("incidents", "export", "INC-7", "-o", "x.zip").exit_code == 5

    monkeypatch.setenv("FAULTLINE_TOKEN", gw.secrets[Role.VIEWER])

    assert run("incidents", "export", "INC-1", "-o", "x.zip").exit_code == 4
    assert run("incidents", "export", "INC-1", "-o", "no/such/folder.zip").exit_code in {1, 4}
    assert not (tmp_path / "x.zip").exists()


def test_a_bundle_that_arrives_otherwise_than_it_was_sent_is_no_success(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Gateway()
    monkeypatch.setenv("FAULTLINE_URL", other.url)
    other.answer("GET", "/api/incidents/INC-1/export", (200, {"not": "a bundle"}))

    result = run("incidents", "export", "INC-1", "-o", "x.zip")
    other.close()

    assert result.exit_code == 6
