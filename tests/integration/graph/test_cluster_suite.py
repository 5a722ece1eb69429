"""`make test-cluster` itself works, against a stand-in API server, for accounts from cluster reader to nobody."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kube_api import serve_kube_api
from tests.support.kube_rights import Rights, all_rights, rights_in
from tests.support.kube_world import read_world

ROOT = Path(__file__).parents[3]
WRITES = {"PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    "rights",
    [
        pytest.param(all_rights(), id="cluster-reader"),
        pytest.param(all_rights().without("secrets", "nodes", "deployments.apps"), id="some-kinds-missing"),
        pytest.param(rights_in("shop"), id="one-namespace"),
        pytest.param(Rights(), id="nobody"),
        pytest.param(Rights(may_discover=False, may_review=False), id="not-even-discovery"),
    ],
)
def test_the_suite_passes_and_only_reads(rights: Rights, tmp_path: Path):
    with serve_kube_api(read_world(ROOT / "data" / "demo" / "shop"), rights) as api:
        done = subprocess.run(
            ["make", "-s", "test-cluster", f"PY={sys.executable}", "READY="],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "KUBECONFIG": str(api.write_kubeconfig(tmp_path / "config"))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert " passed" in done.stdout
        assert not {one.method for one in api.seen} & WRITES
        assert {one.path for one in api.seen if one.method == "POST"} <= {
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        }


def test_without_a_kubeconfig_it_says_what_is_missing():
    done = subprocess.run(
        ["make", "-s", "test-cluster", f"PY={sys.executable}", "READY="],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "KUBECONFIG" in done.stderr + done.stdout
