"""What the files of the images say twice agrees; `make compose-test` looks at the images themselves."""

import importlib.metadata
import re
import runpy
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def defaults() -> dict[str, str]:
    text = (ROOT / "deploy/docker/service.Dockerfile").read_text("utf-8")
    return dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))


def test_an_image_built_by_hand_is_labelled_with_the_version_of_the_project() -> None:
    assert defaults()["VERSION"] == PROJECT["version"]


def test_an_image_built_by_hand_is_made_from_what_compose_makes_it_from() -> None:
    lines = (ROOT / ".env").read_text("utf-8").splitlines()
    pinned = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    for name in ("PYTHON_IMAGE", "UV_VERSION"):
        assert defaults()[name] == pinned[name]


def test_an_image_knows_the_version_of_the_code_it_holds(tmp_path: Path) -> None:
    program = runpy.run_path(str(ROOT / "deploy/docker/name_distribution.py"))
    program["name_distribution"](ROOT / "pyproject.toml", tmp_path)

    (found,) = importlib.metadata.distributions(path=[str(tmp_path)])
    assert (found.name, found.version) == ("faultline", PROJECT["version"])
