"""The shape of the file a policy of commands is written in; every member that is not here is refused."""

from typing import Literal

import msgspec


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class FlagTable(_Strict, frozen=True, kw_only=True):
    """``names`` are its spellings; ``value`` a pattern that its value must match as a whole, if it takes one."""

    names: tuple[str, ...]
    value: str | None = None
    joined: bool = False
    repeat: bool = False


class CommandTable(_Strict, frozen=True, kw_only=True):
    """One use of a program; ``words`` are spellings of the subcommand. What is left out is the program's."""

    words: tuple[str, ...]
    flags: tuple[FlagTable, ...] = ()
    first: str | None = None
    rest: str | None = None
    least: int = 0
    most: int = 0
    namespace: Literal["required", "none"] = "required"
    separator: bool = False
    secrets: bool = False
    contexts: tuple[str, ...] | None = None
    namespaces: tuple[str, ...] | None = None
    timeout_seconds: int | None = None
    output_bytes: int | None = None


class ProgramTable(_Strict, frozen=True, kw_only=True):
    """One program; ``flags`` go with all of its commands."""

    name: str
    path: str | None = None
    kubectl: bool = False
    env: tuple[str, ...] = ()
    contexts: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    context_flag: str | None = None
    namespace_flag: str | None = None
    everywhere_flag: str | None = None
    timeout_seconds: int = 60
    output_bytes: int = 256 << 10
    flags: tuple[FlagTable, ...] = ()
    commands: tuple[CommandTable, ...]


class ResourceTable(_Strict, frozen=True, kw_only=True):
    """What each command may take of the machine."""

    cpu_seconds: int = 120
    memory_bytes: int = 4 << 30
    file_bytes: int = 64 << 20
    open_files: int = 256
    processes: int = 4096


class PolicyTable(_Strict, frozen=True, kw_only=True):
    """The whole file. ``patterns`` are parts of patterns, to be named in braces in others."""

    version: Literal[1]
    search_path: tuple[str, ...] = ("/usr/local/bin", "/usr/bin", "/bin")
    patterns: dict[str, str] = {}
    resources: ResourceTable = ResourceTable()
    programs: tuple[ProgramTable, ...]
