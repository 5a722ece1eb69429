"""What every test gets: sockets that reach this machine only, and a word about tests that did not run."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# These start processes that fill the machine. In a parallel run they come one after the other, beside all others.
_FILLS_THE_MACHINE = frozenset({"architecture", "e2e", "fuzz", "integration"})


def pytest_configure(config: pytest.Config) -> None:
    """Forget the FAULTLINE_* variables of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("FAULTLINE_")]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what must not run beside its like: `make test` runs on two processes, with --dist loadgroup."""
    for item in items:
        if item.path.relative_to(ROOT).parts[0] in _FILLS_THE_MACHINE:
            item.add_marker(pytest.mark.xdist_group("fills the machine"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, saying so, a test that needs a program this machine lacks."""
    for mark in item.iter_markers("system_package"):
        names = [name.strip() for text in mark.args for name in text.split(",")]
        missing = [name for name in names if shutil.which(name) is None]
        if missing:
            pytest.skip(f"needs {' and '.join(missing)}: scripts/system-packages.sh installs it where it may")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every skipped test at the end, so that a green run never hides one."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("did not run")
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            terminalreporter.line(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")
