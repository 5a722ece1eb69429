"""Programs and policies for commands: a program that writes down how it was called, and others that misbehave."""

import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.actions.adapters.policy_file import locate
from services.actions.domain.commands.file import parse_policy
from services.actions.domain.commands.policy import Allowed, CommandPolicy, ResourceLimits

RECORDER = """
import json, os, sys
with open({calls!r}, "a") as file:
    print(json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ), "folder": os.getcwd()}}), file=file)
"""

POLICY = """
version = 1
search_path = [{folder!r}]

[patterns]
name = '[a-z][a-z0-9-]{{0,30}}'

[[programs]]
name = "recorder"
env = ["GRANTED", "GRANTED_TOKEN", "NOT_THERE"]
contexts = ["prod-*"]
namespaces = ["shop-*", "data"]
context_flag = "--context"
namespace_flag = "--namespace"
everywhere_flag = "--all-namespaces"
timeout_seconds = 20
output_bytes = 4096
flags = [
    {{ names = ["--context"], value = '[a-z0-9-]+' }},
    {{ names = ["--namespace", "-n"], value = '[a-z-]+' }},
    {{ names = ["--all-namespaces", "-A"] }},
]

[[programs.commands]]
words = ["get", "list all"]
first = '{{name}}(/{{name}})?'
rest = '{{name}}'
least = 1
most = 3
flags = [
    {{ names = ["--output", "-o"], value = 'json|wide' }},
    {{ names = ["--watch", "-w"], value = 'true|false', joined = true }},
    {{ names = ["--label", "-l"], value = '[a-z=-]+', repeat = true }},
    {{ names = ["--quiet", "-q"] }},
]

[[programs.commands]]
words = ["info"]
namespace = "none"
separator = true
first = '[a-z -]+'
most = 1
"""


def a_policy(folder: str = "/nowhere", text: str = POLICY) -> CommandPolicy:
    return parse_policy(text.format(folder=folder), "commands.toml", _locate_there if folder == "/nowhere" else locate)


def _locate_there(name: str, search_path: tuple[str, ...]) -> str | None:
    return name if name.startswith("/") else f"{search_path[0]}/{name}"


def write_program(folder: Path, name: str, source: str) -> Path:
    """Write an executable Python program and return its path."""
    program = folder / name
    program.write_text(f"#!{sys.executable} -IS\n{source}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


CHECKER_POLICY = """
version = 1
search_path = ["{folder}"]

[[programs]]
name = "checker"
contexts = ["*"]
timeout_seconds = 60
output_bytes = 65536

[[programs.commands]]
words = ["status"]
"""


@dataclass(frozen=True, slots=True)
class Recorder:
    """A program that writes down how it was called."""

    path: Path
    calls_file: Path

    def calls(self) -> list[dict[str, Any]]:
        if not self.calls_file.exists():
            return []
        return [json.loads(line) for line in self.calls_file.read_text().splitlines()]


def a_recorder(folder: Path) -> Recorder:
    calls = folder / "calls.jsonl"
    return Recorder(write_program(folder, "recorder", RECORDER.format(calls=str(calls))), calls)


def allow(*argv: str, timeout_seconds: int = 30, output_bytes: int = 65_536, env: tuple[str, ...] = ()) -> Allowed:
    return Allowed(
        argv=argv,
        env=env,
        search_path=("/usr/bin", "/bin"),
        timeout_seconds=timeout_seconds,
        output_bytes=output_bytes,
        resources=ResourceLimits(),
    )


def is_alive(process: int) -> bool:
    """Answer whether a process runs; one that ended and was not reaped does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")


def with_environ(**more: str) -> dict[str, str]:
    return {**os.environ, **more}
