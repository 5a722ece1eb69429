"""Each service imports with nothing but `shared`, its own folder and its own extra, as its image will hold them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
# Composition roots are called by one of these names.
ROOT_MODULES = ("main", "worker")
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/__init__.py"))

IMPORT_ALL = """
import importlib, pkgutil, sys
import services.{service} as package
root = "services.{service}.{root}"
importlib.import_module(root)
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert package.__file__.startswith({folder!r}), package.__file__
strangers = [name for name in sys.modules if name.startswith("services.") and name.split(".")[1] != "{service}"]
assert not strangers, strangers
"""


def composition_root(service: str) -> str:
    found = [name for name in ROOT_MODULES if (ROOT / "services" / service / f"{name}.py").exists()]
    assert found, f"services/{service} has no composition root ({' or '.join(ROOT_MODULES)})"
    return found[0]


def build_file_set(service: str, folder: Path) -> None:
    """Lay out what the image of a service holds."""
    # Nor what the screens are built from and with: an image has them built.
    without_caches = shutil.ignore_patterns("__pycache__", "node_modules", "web")
    shutil.copytree(ROOT / "shared", folder / "shared", ignore=without_caches)
    (folder / "services").mkdir()
    shutil.copy(ROOT / "services/__init__.py", folder / "services")
    shutil.copytree(ROOT / "services" / service, folder / "services" / service, ignore=without_caches)
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, folder)


def run(*command: str, folder: Path) -> None:
    # Neither this environment nor a setting of this shell may help the service along.
    kept = {"PATH", "HOME", "XDG_CACHE_HOME"}
    network = ("UV_", "SSL_", "HTTP_", "HTTPS_", "NO_PROXY", "http_", "https_", "no_proxy")
    passed_on = {name: value for name, value in os.environ.items() if name in kept or name.startswith(network)}
    passed_on.pop("UV_PROJECT_ENVIRONMENT", None)
    # What a worker must be told to be built; nothing is connected to by an import.
    told = {"FAULTLINE_BROKER_URL": "redis://127.0.0.1:1/0", "FAULTLINE_DOOR_KEY": "a-key-for-an-import-only"}
    environ = {**passed_on, **told, "UV_PYTHON_DOWNLOADS": "never", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", SERVICES)
def test_the_service_imports_with_only_its_own_extra(service: str, tmp_path: Path) -> None:
    root = composition_root(service)
    build_file_set(service, tmp_path)

    run(
        str(UV), "sync", "--frozen", "--no-dev", "--no-install-project", "--extra", service, "--quiet",
        "--python", f"{sys.version_info.major}.{sys.version_info.minor}",
        folder=tmp_path,
    )  # fmt: skip
    code = IMPORT_ALL.format(service=service, root=root, folder=str(tmp_path))
    run(str(tmp_path / ".venv/bin/python"), "-c", code, folder=tmp_path)
