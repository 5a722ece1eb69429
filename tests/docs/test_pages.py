"""The pages say what the code says, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

from scripts.docs_hook import PAGE_OF, undocumented
from scripts.docs_pages import OPENAPI, SURFACE, settings_rows, stale_pages
from scripts.surface import read_surface

ROOT = Path(__file__).resolve().parents[2]
SEARCHED = ("*.md", "docs/**/*.md", "services/**/*.md", "data/samples/**/*.md")
# What is fetched to build the screens has pages of its own, which are not ours.
PAGES = sorted(page for pattern in SEARCHED for page in ROOT.glob(pattern) if "node_modules" not in page.parts)
# A link's target, without its anchor; links to other sites are not followed.
LINK = re.compile(r"\[[^\]]*\]\((?![a-z]+:)([^)#\s]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_setting_stands_in_the_configuration_page_with_its_default_and_sentence():
    page = (ROOT / "docs/configuration.md").read_text()

    assert [row for row in settings_rows() if row not in page] == []


@pytest.mark.parametrize("kind", sorted(PAGE_OF))
def test_every_item_of_the_surface_is_named_in_its_page(kind):
    surface = {kind: read_surface()[kind]}

    assert undocumented(None, surface, ROOT, None) == []


def test_generated_pages_are_fresh():
    assert [str(path) for path in stale_pages()] == [], "run `make docs`"


def test_generated_pages_exist():
    assert OPENAPI.exists()
    assert SURFACE.exists()


def test_every_decision_record_has_its_parts_and_its_own_number():
    records = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    numbers = [path.name[:4] for path in records]
    incomplete = [
        path.name
        for path in records
        if not all(f"## {part}" in path.read_text() for part in ("Context", "Decision", "Consequences"))
    ]

    assert incomplete == []
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page):
    text = FENCE.sub("", page.read_text())
    broken = [target for target in LINK.findall(text) if not (page.parent / target).exists()]

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_a_page_names_exists(page):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^\s*)make ([a-z][a-z0-9-]*)", page.read_text(), re.MULTILINE))

    assert named - targets == set()


def test_the_readme_opens_with_the_two_commands():
    top = (ROOT / "README.md").read_text().split("\n## ")[0]

    assert "make run" in top
    assert "make test" in top
