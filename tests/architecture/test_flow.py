"""The rules of flow that import-linter cannot say."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py")])


def imports_of(path: Path) -> Iterator[str]:
    """Every module a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def importers_of(module: str) -> set[Path]:
    return {
        path.relative_to(ROOT)
        for path in SOURCES
        if any(name == module or name.startswith(f"{module}.") for name in imports_of(path))
    }


def test_only_the_gateway_imports_the_store():
    outsiders = {
        path
        for path in importers_of("services.gateway.adapters.json_store")
        if not path.is_relative_to("services/gateway")
    }

    assert outsiders == set()


def test_only_the_store_opens_a_database():
    outsiders = {path for path in importers_of("sqlite3") if not path.is_relative_to("services/gateway/adapters")}

    assert outsiders == set()


def test_one_module_knows_open_telemetry():
    assert importers_of("opentelemetry") == {Path("shared/adapters/open_telemetry.py")}


def test_handlers_and_domain_know_the_store_by_its_port_only():
    inside = {
        path
        for path in importers_of("services.gateway.adapters")
        if path.is_relative_to("services/gateway/handlers") or path.is_relative_to("services/gateway/domain")
    }

    assert inside == set()


@pytest.mark.parametrize("word", ["task_always_eager", "task_eager_propagates"])
def test_celery_never_runs_eagerly(word):
    here = Path(__file__)
    files = [path for path in [*SOURCES, *ROOT.glob("tests/**/*.py")] if path != here]

    assert [path for path in files if word in path.read_text("utf-8")] == []


def test_no_module_is_a_drawer_for_anything():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

    assert [path for path in SOURCES if path.stem in drawers or path.parent.name in drawers] == []


def test_every_service_has_an_extra_of_its_name():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    folders = {path.parent.name for path in ROOT.glob("services/*/__init__.py")}

    assert folders <= set(extras)
