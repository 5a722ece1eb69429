"""Look after a data folder from outside a gateway: the process behind ``faultline store``.

Run as ``python -m services.gateway.store_tool VERB [ARCHIVE] --data-dir DIR [--json]``. With ``--json`` standard
output is one JSON document a line: ``{"step", "done", "total"}`` while it works, then ``{"result": {…}}``, or
``{"problem": {…}}`` where it was refused. It exits with 0, 1 (refused), 2 (usage), 5 (no such folder or archive)
or 6 (damaged).
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from services.gateway.adapters.json_store.archive import export, import_
from services.gateway.adapters.json_store.check import CheckReport, check, rebuild_index
from services.gateway.adapters.json_store.recovery import Progress
from services.gateway.errors import RecordNotFound, StoreDamaged
from shared.errors import AppError

OK, REFUSED, NOT_FOUND, DAMAGED = 0, 1, 5, 6
_WITH_ARCHIVE = ("export", "import")
_LINES_A_SECOND = 10

JsonObject = dict[str, Any]


class Reporter:
    """Writes what happens to standard output: lines for a program, or a few words for a person."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._step = ""
        self._next_at = 0.0

    def progress(self, step: str, done: int, total: int) -> None:
        """Tell how far a step is, of 0 when nobody knows; most calls cost a look at the clock."""
        now = time.monotonic()
        if not self._as_json or (step == self._step and done != total and now < self._next_at):
            return
        self._step, self._next_at = step, now + 1 / _LINES_A_SECOND
        self._write({"step": step, "done": done, "total": total or None})

    def result(self, result: JsonObject) -> None:
        """Tell what came of it."""
        if self._as_json:
            self._write({"result": result})
            return
        for name, value in result.items():
            for line in value if isinstance(value, list) else [value]:
                sys.stdout.write(f"{name}\t{line}\n")

    def problem(self, error: AppError) -> None:
        """Tell why it was refused."""
        if self._as_json:
            self._write({"problem": {"title": error.title, "detail": error.detail, "code": error.code}})
        else:
            sys.stderr.write(f"{error.title}: {error.detail}\n")

    def _write(self, message: JsonObject) -> None:
        sys.stdout.write(msgspec.json.encode(message).decode() + "\n")
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Do one thing to one folder and return the exit code."""
    wanted = _read_arguments(arguments)
    reporter = Reporter(as_json=wanted.json)
    try:
        result = run(wanted.verb, wanted.data_dir, wanted.archive, reporter.progress)
    except AppError as error:
        reporter.problem(error)
        return _exit_code(error)
    except OSError as error:
        reporter.problem(AppError(f"{error.filename or wanted.data_dir}: {error.strerror}"))
        return REFUSED
    reporter.result(result)
    return DAMAGED if result.get("problems") else OK


def run(verb: str, data_dir: Path, archive: Path | None, progress: Progress) -> JsonObject:
    """Return what came of ``verb``. Raises ``AppError`` when it is refused, ``OSError`` as the disk does."""
    if verb != "import" and not data_dir.is_dir():
        raise RecordNotFound(f"there is no data folder {data_dir}")
    if verb == "check":
        return _describe(check(data_dir, progress))
    if verb == "rebuild":
        return {"dataDir": str(data_dir), "commits": rebuild_index(data_dir, progress)}
    if archive is None:
        raise RecordNotFound("no archive was named")
    if verb == "export":
        files = export(data_dir, archive, progress)
        return {"archive": str(archive), "files": files, "bytes": archive.stat().st_size}
    if not archive.is_file():
        raise RecordNotFound(f"there is no archive {archive}")
    return {"dataDir": str(data_dir), **_describe(import_(archive, data_dir, progress))}


def _describe(report: CheckReport) -> JsonObject:
    return {
        "commits": report.commits,
        "records": report.records,
        "incidents": report.incidents,
        "entries": report.entries,
        "problems": list(report.problems),
    }


def _exit_code(error: AppError) -> int:
    if isinstance(error, RecordNotFound):
        return NOT_FOUND
    return DAMAGED if isinstance(error, StoreDamaged) else REFUSED


def _read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="store_tool", description=__doc__)
    parser.add_argument("verb", choices=("check", "rebuild", *_WITH_ARCHIVE))
    parser.add_argument("archive", nargs="?", type=Path, help="for export and import")
    parser.add_argument("--data-dir", required=True, type=Path)
    parser.add_argument("--json", action="store_true", help="lines for a program")
    wanted = parser.parse_args(arguments)
    if (wanted.archive is None) == (wanted.verb in _WITH_ARCHIVE):
        parser.error("export and import take one ARCHIVE, the others none")
    return wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
