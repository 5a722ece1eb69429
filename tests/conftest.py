"""What every test gets: sockets that reach this machine only, its place in a parallel run, a word if it did not run."""

import gc
import os
import shutil
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parent
# These start processes, and take longest.
_FIRST = ("ui", "fuzz", "e2e", "integration", "architecture", "contract")
# A run starts some hundred processes. With the second variable each would compile all it imports anew.
_NOT_HANDED_ON = ("FAULTLINE_", "PYTHONDONTWRITEBYTECODE")

# As the gateway has it: with Python's own, a fifth of the time of a run goes into looking through what is no garbage.
_GC_THRESHOLD = (50_000, 20, 100)

# More of one file that did not run for one reason are counted.
_MOST_NAMED = 3


# No test may fail because the machine is busy.
hypothesis.settings.register_profile("faultline", deadline=None)
hypothesis.settings.load_profile("faultline")


def pytest_configure(config: pytest.Config) -> None:
    """Forget variables of whoever runs the tests: settings of Faultline, and the wish to keep no compiled code."""
    for name in [name for name in os.environ if name.startswith(_NOT_HANDED_ON)]:
        del os.environ[name]
    gc.set_threshold(*_GC_THRESHOLD)


def pytest_collection_finish() -> None:
    """Take the tests themselves, which live to the end, out of what is looked through for garbage."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first, so that neither of two processes ends with it while the other has nothing to do.

    `make test` deals whole modules out (--dist loadfile): what a module starts, it starts once.
    """
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    folder = item.path.relative_to(ROOT).parts[0]
    return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, saying so, a test that needs a program this machine lacks."""
    for mark in item.iter_markers("system_package"):
        names = [name.strip() for text in mark.args for name in text.split(",")]
        missing = [name for name in names if shutil.which(name) is None]
        if missing:
            pytest.skip(f"needs {' and '.join(missing)}: scripts/system-packages.sh installs it where it may")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every skipped test at the end, so that a green run never hides one; a whole file by its name."""
    skipped = terminalreporter.stats.get("skipped", [])
    names: dict[tuple[str, str], list[str]] = {}
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        names.setdefault((report.nodeid.partition("::")[0], reason.removeprefix("Skipped: ")), []).append(report.nodeid)
    if names:
        terminalreporter.section("did not run")
    for (file, reason), tests in names.items():
        shown = tests if len(tests) <= _MOST_NAMED else [f"{file}, {len(tests)} tests"]
        for name in shown:
            terminalreporter.line(f"{name}: {reason}")
