"""The hook, on a small repository of its own: a change of behaviour needs its docs, anything else does not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.docs_hook import undocumented
from scripts.surface import dump_surface

ROOT = Path(__file__).resolve().parents[2]
NEW_SETTING = '    Setting("FAULTLINE_COLOUR", as_text, "red", "Colour of the page."),\n'


class Repository:
    """A git repository with the project's scripts and shared code, and a page a kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "shared", folder / "shared", ignore=shutil.ignore_patterns("__pycache__"))
        self.write("services/__init__.py", "")
        self.write("docs/configuration.md", (ROOT / "docs/configuration.md").read_text())
        self.write("docs/cli.md", "# CLI\n")
        self.write("CHANGELOG.md", "# Changelog\n")
        self.generate()
        codes = json.loads((folder / "docs/surface.json").read_text())["errorCodes"]
        self.write("docs/api.md", "# API\n\n" + " ".join(f"`{code}`" for code in codes) + "\n")
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "First.")

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def append(self, path: str, text: str) -> None:
        self.write(path, (self.folder / path).read_text() + text)

    def add_a_setting(self) -> None:
        table = (self.folder / "shared/settings/product.py").read_text()
        mark = "    # --- everyone\n"
        assert mark in table
        self.write("shared/settings/product.py", table.replace(mark, mark + NEW_SETTING))

    def generate(self) -> None:
        done = self.python("-m", "scripts.docs_pages")
        assert done.returncode == 0, done.stderr

    def git(self, *words: str) -> str:
        # Neither the settings of whoever runs the tests nor those of a git hook around them.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        return subprocess.run(
            ["git", *identity, *words], cwd=self.folder, check=True, capture_output=True, text=True, env=environ
        ).stdout

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder, env={**environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def run_hook(self, *words: str) -> subprocess.CompletedProcess[str]:
        self.git("add", "--all")
        return self.python("-m", "scripts.docs_hook", *words)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def test_a_change_without_new_behaviour_passes(repository: Repository) -> None:
    repository.append("shared/ids.py", "\n# A comment.\n")

    assert repository.run_hook().returncode == 0


def test_a_new_setting_without_docs_is_refused_with_the_way_out(repository: Repository) -> None:
    repository.add_a_setting()

    refused = repository.run_hook()

    assert refused.returncode == 1
    assert "alters behaviour without its docs" in refused.stderr
    assert "docs/configuration.md does not say what the code says: run `make docs`" in refused.stderr


def test_a_new_setting_without_a_word_in_the_changelog_is_refused(repository: Repository) -> None:
    repository.add_a_setting()
    repository.generate()

    refused = repository.run_hook()

    assert refused.returncode == 1
    assert "CHANGELOG.md says nothing of: setting FAULTLINE_COLOUR" in refused.stderr


def test_a_new_setting_with_its_docs_passes(repository: Repository) -> None:
    repository.add_a_setting()
    repository.generate()
    repository.append("CHANGELOG.md", "- Added: `FAULTLINE_COLOUR`.\n")

    passed = repository.run_hook()

    assert (passed.returncode, passed.stderr) == (0, "")


def test_only_what_is_staged_is_judged(repository: Repository) -> None:
    repository.add_a_setting()

    assert repository.python("-m", "scripts.docs_hook").returncode == 0


def test_a_new_error_code_must_be_named_in_the_api_page(repository: Repository) -> None:
    repository.append("shared/errors.py", '\n\nclass TooLoud(AppError):\n    """Loud."""\n\n    code = "too_loud"\n')
    repository.generate()
    repository.append("CHANGELOG.md", "- Added: an error.\n")

    refused = repository.run_hook()

    assert refused.returncode == 1
    assert "error code too_loud: docs/api.md does not name too_loud" in refused.stderr


def test_a_range_of_commits_is_judged_as_one_change(repository: Repository) -> None:
    repository.add_a_setting()
    repository.generate()
    repository.git("commit", "--quiet", "--all", "--message", "Code.")

    assert repository.run_hook("--range", "HEAD~1..HEAD").returncode == 1

    repository.append("CHANGELOG.md", "- Added: `FAULTLINE_COLOUR`.\n")
    repository.git("commit", "--quiet", "--all", "--message", "Docs.")

    assert repository.run_hook("--range", "HEAD~2..HEAD").returncode == 0


@pytest.mark.parametrize("base", ["HEAD~9", "0" * 40])
def test_a_history_that_ends_too_soon_is_no_error(repository: Repository, base: str) -> None:
    passed = repository.run_hook("--range", f"{base}..HEAD")

    assert (passed.returncode, passed.stderr) == (0, "")


@pytest.mark.parametrize("spelling", ["{incident_id}", "{incidentId}", ":incidentId", "<incident_id>"])
def test_a_path_is_named_however_its_parameter_is_spelt(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/api.md").write_text(f"`GET /api/incidents/{spelling}`")
    after = {"operations": {"GET /api/incidents/{incident_id}": "a1"}}

    assert undocumented(None, after, tmp_path, None) == []


def test_a_longer_path_does_not_name_a_shorter_one(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/api.md").write_text("`POST /api/jobs/{job_id}/retry`")

    problems = undocumented(None, {"operations": {"GET /api/jobs/{job_id}": "a1"}}, tmp_path, None)

    assert len(problems) == 1


def test_what_was_removed_must_be_in_the_changelog(tmp_path: Path) -> None:
    before = {"commands": {"faultline demo": ""}}

    problems = undocumented(before, {"commands": {}}, tmp_path, "")

    assert problems == ["CHANGELOG.md says nothing of: command faultline demo (removed)"]


def test_the_surface_is_written_an_item_a_line() -> None:
    assert len(dump_surface({"settings": {"A": "1", "B": "2"}}).splitlines()) == 6
