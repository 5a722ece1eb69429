"""`faultline snapshot` against a server: what it writes, what it prints, and how it ends."""

import json
import sys

import pytest
from click.testing import CliRunner

from services.cli.exit_codes import ExitCode
from services.cli.main import cli
from services.graph.adapters.snapshot import open_snapshot
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import get_kind
from services.graph.ports import Limits
from tests.support.kube_api import serve_kube_api
from tests.support.kube_faults import Fault, FaultKind
from tests.support.kube_rights import all_rights, no_rights
from tests.support.kube_world import a_world

LIMITS = Limits()
POD = get_kind("Pod")


@pytest.fixture
def world():
    world = a_world()
    world.add("Namespace", "shop")
    world.add("Pod", "web", "shop", spec={"containers": [{"name": "app"}]})
    world.add("Pod", "teller", "bank", spec={"containers": [{"name": "app"}]})
    world.logs["shop", "web", "app", False] = (200, "started\n")
    return world


@pytest.fixture
def run(tmp_path):
    def run(world, *words, rights=None, faults=None):
        with serve_kube_api(world, rights or all_rights()) as api:
            api.faults.update(faults or {})
            kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig")
            return CliRunner().invoke(
                cli, ["snapshot", "--kubeconfig", str(kubeconfig), "--out", str(tmp_path / "out"), *words]
            )

    return run


def test_it_writes_what_can_be_opened_and_says_what_it_read(run, world, tmp_path):
    result = run(world, "--json")
    assert result.exit_code == ExitCode.OK, result.output
    report = json.loads(result.stdout)
    assert report["cluster"] == "test"
    assert {row["kind"]: row["count"] for row in report["coverage"]}["Pod"] == 2
    source = open_snapshot(tmp_path / "out")
    assert source.read_log("shop", "web", "app", previous=False, limits=LIMITS).lines == ("started",)


def test_without_logs_there_are_none(run, world, tmp_path):
    assert run(world, "--no-logs").exit_code == ExitCode.OK
    assert not (tmp_path / "out" / "logs").exists()


def test_piped_it_prints_a_line_for_each_list_and_no_bar(run, world):
    result = run(world)
    assert "Pod\t\tok\t2" in result.stdout
    assert result.stderr == ""


def test_of_the_namespaces_asked_for_only(run, world, tmp_path):
    assert run(world, "-n", "shop", "--namespace", "shop").exit_code == ExitCode.OK
    assert len(open_snapshot(tmp_path / "out").read_kind(POD, None, LIMITS).objects) == 1


def test_rights_that_lack_are_named_and_no_failure(run, world):
    result = run(world, rights=all_rights().without("secrets"))
    assert result.exit_code == ExitCode.OK
    assert "list secrets" in result.stdout


def test_an_account_without_rights_ends_as_not_authorised(run, world):
    assert run(world, rights=no_rights()).exit_code == ExitCode.NOT_AUTHORISED


def test_a_server_that_does_not_answer_ends_as_unreachable(tmp_path, world):
    with serve_kube_api(world, all_rights()) as api:
        kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig")
    out = str(tmp_path / "out")
    result = CliRunner().invoke(cli, ["snapshot", "--kubeconfig", str(kubeconfig), "--out", out])
    assert result.exit_code == ExitCode.UNREACHABLE, result.output


def test_a_list_that_failed_is_tried_again_by_resume(run, world, tmp_path):
    first = run(world, faults={"/api/v1/pods": Fault(FaultKind.BROKEN_JSON)})
    assert first.exit_code == ExitCode.FAILED
    assert "Pod" in first.stderr
    again = run(world)
    assert again.exit_code == ExitCode.USAGE
    resumed = run(world, "--resume")
    assert resumed.exit_code == ExitCode.OK, resumed.output
    assert open_snapshot(tmp_path / "out").read_kind(POD, None, LIMITS).coverage.state is CoverageState.OK


def test_a_context_that_does_not_exist_is_not_found(run, world):
    result = run(world, "--context", "elsewhere")
    assert result.exit_code == ExitCode.NOT_FOUND
    assert "elsewhere" in result.stderr


def test_without_the_extra_it_says_what_to_install(run, world, monkeypatch):
    for name in [name for name in sys.modules if name == "kubernetes" or name.startswith("kubernetes.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    result = run(world)
    assert result.exit_code == ExitCode.FAILED
    assert "faultline[graph]" in result.stderr
