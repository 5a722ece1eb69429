"""`make check-deploy` never calls good what it could not look at."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

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


PLAIN = ("bash", "dirname", "basename", "sed", "sha256sum", "cat", "grep", "mkdir", "mktemp", "mv", "rm", "sh")


def start(project: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["bash", "scripts/check-deploy.sh"],
        cwd=project,
        env={"PATH": str(project.parent / "bin"), "HOME": os.environ.get("HOME", "/")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def has_programs(project: Path, *programs: str) -> None:
    path = project.parent / "bin"
    path.mkdir()
    for name in (*PLAIN, *programs):
        (path / name).symlink_to(str(shutil.which(name)))


def end(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    with process:
        try:
            stdout, stderr = process.communicate(timeout=100)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run(project: Path, *programs: str) -> "subprocess.CompletedProcess[str]":
    has_programs(project, *programs)
    return end(start(project))


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


# What `uv pip install` does, as far as the check is concerned; $7 is the folder it is told to fill.
FETCH = """
echo fetched >>log
mkdir -p "$7/bin"
for name in docker-compose hadolint; do printf '#!/bin/sh\n' >"$7/bin/$name"; chmod +x "$7/bin/$name"; done
"""


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


def test_two_at_once_fetch_once(copy):
    has_programs(copy, "chmod")
    # The first is held in the middle of fetching until the second waits for it.
    os.mkfifo(copy / "gate")
    write_program(copy / ".venv/bin/uv", f"read -r _ <gate\n{FETCH}")
    write_program(copy.parent / "bin/flock", f'echo asked >>asked\nexec {shutil.which("flock")} "$@"')
    both = [start(copy), start(copy)]
    try:
        wait_until(lambda: (copy / "asked").exists() and len((copy / "asked").read_text().split()) == 2, "both to ask")
        (copy / "gate").write_text("go\n")
    finally:
        done = [end(one) for one in both]

    assert (copy / "log").read_text() == "fetched\n"
    for one in done:
        assert "ok    deploy/docker/service.Dockerfile" in one.stdout
        assert "Could not fetch" not in one.stderr


def test_what_was_fetched_in_part_is_not_used(copy):
    has_programs(copy, "chmod", "flock")
    write_program(copy / ".venv/bin/uv", f"{FETCH}\nexit 1")
    failed = end(start(copy))
    write_program(copy / ".venv/bin/uv", FETCH)
    again = end(start(copy))

    assert "FAIL  deploy/docker/service.Dockerfile\n      not checked: there is no hadolint" in failed.stdout
    assert "ok    deploy/docker/service.Dockerfile" in again.stdout
