"""`faultline store`: look after the data folder itself, while no gateway runs on it."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from services.cli.api_client import describe_problem
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import json_option, read_connection
from services.cli.render import json_wanted, print_fields, print_json, print_table, progress

# Services never import each other: the gateway's own tool does the work, as a process.
_TOOL = "services.gateway.store_tool"


@click.group()
def store() -> None:
    """The data folder (FAULTLINE_DATA_DIR): check, rebuild, export, import. Stop Faultline first, except for export."""


@store.command("check")
@json_option
def check_store() -> None:
    """Read everything and name what is damaged; exits with 6 if anything is. Changes nothing."""
    result = _run_tool("check")
    _print(result)
    if result.get("problems"):
        raise CommandFailed(f"{len(result['problems'])} problems were found.", ExitCode.DAMAGED)


@store.command("rebuild")
@json_option
def rebuild_store() -> None:
    """Make the index and the views for people anew from the journal."""
    _print(_run_tool("rebuild"))


@store.command("export")
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def export_store(archive: Path) -> None:
    """Write everything to ARCHIVE."""
    _print(_run_tool("export", str(archive.resolve())))


@store.command("import")
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@json_option
def import_store(archive: Path) -> None:
    """Fill an empty data folder from ARCHIVE."""
    _print(_run_tool("import", str(archive.resolve())))


def _run_tool(*words: str) -> dict[str, Any]:
    data_dir = read_connection().data_dir
    command = [sys.executable, "-m", _TOOL, *words, "--data-dir", str(data_dir), "--json"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as tool:  # noqa: S603
        assert tool.stdout is not None  # noqa: S101 - it was asked for above.
        with progress(f"store {words[0]}") as report:
            last = follow(tool.stdout, report)
    if "result" in last:
        result: dict[str, Any] = last["result"]
        return result
    problem = last.get("problem") or {"title": f"`store {words[0]}` ended with {tool.returncode}"}
    raise CommandFailed(describe_problem(tool.returncode, problem), _exit_code(tool.returncode), problem=problem)


def _exit_code(code: int) -> ExitCode:
    return ExitCode(code) if code in (ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.DAMAGED) else ExitCode.FAILED


def follow(lines: Iterable[str], report: Callable[[str, float, float | None], None]) -> dict[str, Any]:
    """Show the tool's progress lines; return its last word, ``result`` or ``problem``, empty if it gave none."""
    last: dict[str, Any] = {}
    for line in lines:
        try:
            message = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            continue
        if "step" in message:
            report(str(message["step"]), message.get("done", 0), message.get("total"))
        else:
            last = message
    return last


def _print(result: dict[str, Any]) -> None:
    if json_wanted():
        print_json(result)
        return
    problems = result.get("problems") or []
    print_fields([(name, value) for name, value in result.items() if name != "problems"])
    if problems:
        print_table([("problem", _problem)], problems)


def _problem(item: str | dict[str, Any]) -> object:
    return item if isinstance(item, str) else {name: value for name, value in item.items() if value is not None}
