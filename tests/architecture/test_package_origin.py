"""`services` and `shared` are names strangers own on PyPI: both must come from this repository and nowhere else."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

import services
import shared

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("package", [services, shared], ids=["services", "shared"])
def test_the_package_loads_from_this_repository(package):
    assert Path(package.__file__).parent.parent == ROOT


@pytest.mark.parametrize("name", ["services", "shared"])
def test_no_other_distribution_provides_the_package(name):
    providers = set(importlib.metadata.packages_distributions().get(name, []))

    assert providers <= {"faultline"}


def test_neither_name_is_ever_a_requirement():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    requirements = [
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *(line for group in project["dependency-groups"].values() for line in group),
    ]
    names = {re.split(r"[\[<>=!~ ;]", line)[0].lower() for line in requirements}

    assert names & {"services", "shared"} == set()


def test_the_lock_holds_neither_name():
    lock = tomllib.loads((ROOT / "uv.lock").read_text())

    assert {package["name"] for package in lock["package"]} & {"services", "shared"} == set()
