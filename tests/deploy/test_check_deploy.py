"""`make check-deploy` never calls good what it could not look at."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project without what was fetched, on a machine of a few plain programs."""
    project = tmp_path / "project"
    for name in ("docker-compose.yml", ".env", "deploy", "scripts", "data/demo/shop", "tests/deploy"):
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = ROOT / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (project / "scripts/system-packages.sh").write_text("#!/bin/sh\nexit 1\n")
    return project


def run(project: Path, *programs: str) -> "subprocess.CompletedProcess[str]":
    path = project.parent / "bin"
    path.mkdir()
    for name in ("bash", "dirname", "basename", "sed", "sha256sum", "cat", "grep", "mktemp", "rm", "sh", *programs):
        (path / name).symlink_to(str(shutil.which(name)))
    return subprocess.run(
        ["bash", "scripts/check-deploy.sh"],
        cwd=project,
        env={"PATH": str(path), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_what_cannot_be_had_is_named_and_fails_it(copy):
    done = run(copy)

    assert done.returncode == 1
    assert "Could not fetch" in done.stderr
    for name, program in (
        ("docker-compose.yml", "docker-compose"),
        ("deploy/docker/service.Dockerfile", "hadolint"),
        ("deploy/observability/alerts.yml", "promtool"),
        ("deploy/observability/alertmanager.yml", "amtool"),
    ):
        assert f"FAIL  {name}\n      not checked: there is no {program}" in done.stdout
    assert "ok " not in done.stdout


@pytest.mark.system_package("promtool, amtool")
def test_what_is_wrong_is_shown_and_fails_it(copy):
    rules, alertmanager = copy / "deploy/observability/alerts.yml", copy / "deploy/observability/alertmanager.yml"
    rules.write_text(rules.read_text().replace("faultline_store_writable == 0", "faultline_store_writable =="))
    alertmanager.write_text(alertmanager.read_text().replace("- name: people", "- name: nobody"))
    done = run(copy, "promtool", "amtool")

    assert done.returncode == 1
    for name in (
        "deploy/observability/alerts.yml",
        "tests/deploy/alerts.test.yml",
        "deploy/observability/alertmanager.yml",
    ):
        assert f"FAIL  {name}" in done.stdout
    assert 'undefined receiver "people"' in done.stdout
    assert "ok    deploy/observability/prometheus.yml" in done.stdout
