"""docs/cli.md names every command, and every exit code."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from services.cli.exit_codes import ExitCode
from services.cli.main import cli

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "cli.md").read_text()


def commands(group: click.Group, path: str = "faultline") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_every_command_is_documented_and_no_other() -> None:
    there = {path for path, _ in commands(cli)}
    named = {
        " ".join(re.findall(r"^[a-z]+(?: +[a-z]+(?:-[a-z]+)*)*", cell)[0].split())
        for cell in re.findall(r"^\| `(faultline [^`]*)`", PAGE, re.MULTILINE)
    }

    assert named == there


def test_every_exit_code_is_documented() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)} == set(ExitCode)


def test_every_command_but_up_speaks_json() -> None:
    silent = {path for path, command in commands(cli) if not any("--json" in param.opts for param in command.params)}

    assert silent == {"faultline up"}
