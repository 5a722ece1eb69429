"""Check what the shape of a policy's file cannot say: ranges, spellings, and parts that must fit each other."""

import re
from collections.abc import Iterator

from services.actions.domain.commands.file_shape import (
    CommandTable,
    FlagTable,
    PolicyTable,
    ProgramTable,
    ResourceTable,
)

LONGEST_SECONDS = 3_600
_OUTPUT_RANGE = (1_024, 4 << 20)
_MOST_ARGUMENTS = 60
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FLAG = re.compile(r"-[A-Za-z0-9]|--[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# The worker sets these itself, or they would make a program run something else; the last are the worker's own.
_NEVER_GRANTED = re.compile(
    r"PATH|HOME|LANG|SHELL|IFS|ENV|BASH_ENV|TMPDIR|(?:LD|DYLD|PYTHON|FAULTLINE|BASH_FUNC)_.*|PYTHON.*"
)
_RESOURCE_RANGES = {
    "cpu_seconds": (1, LONGEST_SECONDS),
    "memory_bytes": (16 << 20, 1 << 40),
    "file_bytes": (0, 1 << 40),
    "open_files": (16, 65_536),
    "processes": (1, 1 << 20),
}


def check_search_path(table: PolicyTable) -> Iterator[str]:
    """Yield what is wrong with the folders programs are looked for in."""
    if not table.search_path:
        yield "search_path: names no folder"
    for number, folder in enumerate(table.search_path):
        if not folder.startswith("/") or ":" in folder or ".." in folder.split("/"):
            yield f"search_path[{number}]: must be an absolute folder"


def check_resources(table: ResourceTable) -> Iterator[str]:
    """Yield what is wrong with the limits."""
    for name, (low, high) in _RESOURCE_RANGES.items():
        yield from _check_range(f"resources.{name}", getattr(table, name), low, high)


def check_program(table: ProgramTable, place: str) -> Iterator[str]:
    """Yield what is wrong with a program and its commands."""
    if not _NAME.fullmatch(table.name):
        yield f"{place}.name: must be the plain name of a program"
    if table.path is not None and not table.path.startswith("/"):
        yield f"{place}.path: must be absolute; leave it out to look for the name"
    for number, name in enumerate(table.env):
        if not _VARIABLE.fullmatch(name) or _NEVER_GRANTED.fullmatch(name):
            yield f"{place}.env[{number}]: {name[:64]!r} is no variable that may be granted"
    yield from _check_range(f"{place}.timeout_seconds", table.timeout_seconds, 1, LONGEST_SECONDS)
    yield from _check_range(f"{place}.output_bytes", table.output_bytes, *_OUTPUT_RANGE)
    yield from _check_flags(table.flags, f"{place}.flags")
    yield from _check_place_flags(table, place)
    if not table.contexts:
        yield f"{place}.contexts: names none; '*' stands for any"
    if not table.commands:
        yield f"{place}.commands: lists none"
    for number, command in enumerate(table.commands):
        yield from _check_command(table, command, f"{place}.commands[{number}]")


def _check_place_flags(table: ProgramTable, place: str) -> Iterator[str]:
    flags = {name: flag for flag in table.flags for name in flag.names}
    for member in ("context_flag", "namespace_flag"):
        name = getattr(table, member)
        if name is not None and (name not in flags or flags[name].value is None or flags[name].repeat):
            yield f"{place}.{member}: must be one of the program's flags, with a value, given once"
    if table.everywhere_flag is not None:
        own = [flag for command in table.commands for flag in command.flags if table.everywhere_flag in flag.names]
        if any(
            flag.value is not None or flag.names[0] != table.everywhere_flag
            for flag in (*own, *table.flags)
            if table.everywhere_flag in flag.names
        ):
            yield f"{place}.everywhere_flag: must be the first spelling of a flag without a value"
    if table.namespaces and table.namespace_flag is None:
        yield f"{place}.namespaces: needs namespace_flag, or nothing would hold it"


def _check_command(program: ProgramTable, table: CommandTable, place: str) -> Iterator[str]:
    if not table.words:
        yield f"{place}.words: lists none; [''] is a program without subcommands"
    for number, words in enumerate(table.words):
        if not all(map(_WORD.fullmatch, words.split())):
            yield f"{place}.words[{number}]: must be words with spaces between them"
    yield from _check_flags(table.flags, f"{place}.flags")
    taken = {name for flag in program.flags for name in flag.names}
    for number, flag in enumerate(table.flags):
        if not taken.isdisjoint(flag.names):
            yield f"{place}.flags[{number}]: the program has that flag for all its commands"
    yield from _check_arguments(table, place)
    yield from _check_scope(program, table, place)
    if table.timeout_seconds is not None:
        yield from _check_range(f"{place}.timeout_seconds", table.timeout_seconds, 1, LONGEST_SECONDS)
    if table.output_bytes is not None:
        yield from _check_range(f"{place}.output_bytes", table.output_bytes, *_OUTPUT_RANGE)


def _check_arguments(table: CommandTable, place: str) -> Iterator[str]:
    if not 0 <= table.least <= table.most <= _MOST_ARGUMENTS:
        yield f"{place}: least and most must be 0 to {_MOST_ARGUMENTS}, and in that order"
    if (table.most > 0 and table.first is None) or (table.most > 1 and table.rest is None):
        yield f"{place}: takes arguments without saying which: first is for the first, rest for all others"


def _check_scope(program: ProgramTable, table: CommandTable, place: str) -> Iterator[str]:
    namespaces = program.namespaces if table.namespaces is None else table.namespaces
    if program.namespace_flag and table.namespace == "required" and not namespaces:
        yield f"{place}: needs namespaces, or namespace = 'none'; '*' stands for any"
    if table.contexts == ():
        yield f"{place}.contexts: names none; leave it out to take the program's"
    if table.secrets and not program.kubectl:
        yield f"{place}.secrets: is for kubectl alone"


def _check_flags(tables: tuple[FlagTable, ...], place: str) -> Iterator[str]:
    seen: set[str] = set()
    for number, flag in enumerate(tables):
        if not flag.names:
            yield f"{place}[{number}].names: lists none"
        for name in flag.names:
            if not _FLAG.fullmatch(name):
                yield f"{place}[{number}].names: {name[:64]!r} must be -x or --name"
            if name in seen:
                yield f"{place}[{number}].names: {name} is listed before"
            seen.add(name)
        if flag.joined and flag.value is None:
            yield f"{place}[{number}].joined: only with a value"


def _check_range(place: str, value: int, low: int, high: int) -> Iterator[str]:
    if not low <= value <= high:
        yield f"{place}: must be {low} to {high}"
