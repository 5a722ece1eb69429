"""What a policy of commands says: which programs may run, with which words, flags and arguments, and where."""

import re
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag under all its spellings.

    ``value`` is what its value must be, all of it; None: it takes none. ``is_joined``: the value is taken only as
    `--flag=value`, because the program reads a word after it as an argument (a switch that may be given a value).
    """

    names: tuple[str, ...]
    value: re.Pattern[str] | None = None
    is_joined: bool = False
    may_repeat: bool = False


class NamespaceRule(StrEnum):
    """Whether a command names a namespace: it must, or it has none."""

    REQUIRED = "required"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CommandRule:
    """One way a program may be used.

    ``words`` are its spellings, each a row of words that come first; an empty row where there is no subcommand. The
    arguments after them that are no flags are ``arguments``, at least ``least`` and at most ``most``: the first must
    be ``first``, all others ``rest``. ``secrets`` says that a Secret may be named (kubectl alone).
    """

    words: tuple[tuple[str, ...], ...]
    flags: dict[str, Flag]
    first: re.Pattern[str] | None
    rest: re.Pattern[str] | None
    least: int
    most: int
    namespace: NamespaceRule
    takes_separator: bool
    secrets: bool
    contexts: tuple[str, ...]
    namespaces: tuple[str, ...]
    timeout_seconds: int
    output_bytes: int


@dataclass(frozen=True, slots=True)
class Program:
    """One program, by the ``name`` it is asked for.

    ``path`` is where it is; None: nowhere on the search path, so that it cannot run. ``context_flags`` and
    ``namespace_flags`` are those that say where it works; a program without the first is bound by the target alone.
    ``everywhere_flags`` stand for all namespaces.
    """

    name: str
    path: str | None
    is_kubectl: bool
    env: tuple[str, ...]
    context_flags: tuple[str, ...]
    namespace_flags: tuple[str, ...]
    everywhere_flags: tuple[str, ...]
    rules: tuple[CommandRule, ...]


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What a command may take of the machine. ``processes`` counts all of the worker's user, threads included."""

    cpu_seconds: int = 120
    memory_bytes: int = 4 << 30
    file_bytes: int = 64 << 20
    open_files: int = 256
    processes: int = 4096


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """What may run; what is not in it may not."""

    programs: dict[str, Program]
    search_path: tuple[str, ...]
    resources: ResourceLimits


class RefusalCode(StrEnum):
    """Why a command may not run. Never changed once released."""

    EMPTY = "command_empty"
    TOO_LONG = "command_too_long"
    UNREADABLE = "argument_unreadable"
    UNKNOWN_PROGRAM = "program_not_allowed"
    MISSING_PROGRAM = "program_missing"
    UNKNOWN_SUBCOMMAND = "subcommand_not_allowed"
    FLAG_FIRST = "flag_before_subcommand"
    UNKNOWN_FLAG = "flag_not_allowed"
    COMBINED_FLAGS = "flags_combined"
    FLAG_VALUE_MISSING = "flag_value_missing"
    FLAG_VALUE = "flag_value_not_allowed"
    FLAG_REPEATED = "flag_repeated"
    SEPARATOR = "separator_not_allowed"
    ARGUMENT = "argument_not_allowed"
    ARGUMENT_COUNT = "argument_count"
    SECRETS = "secrets_not_allowed"
    TARGET = "target_not_allowed"
    CONTEXT_MISSING = "context_missing"
    CONTEXT_DIFFERS = "context_differs_from_target"
    NAMESPACE_MISSING = "namespace_missing"
    NAMESPACE = "namespace_not_allowed"


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not run. ``reason`` names the place and repeats no value, which may be a secret; ``hint``: what to do."""

    code: RefusalCode
    reason: str
    hint: str = ""


class Refusal(Exception):
    """Raised inside of a judgement to end it."""

    def __init__(self, code: RefusalCode, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.said = Refused(code, reason, hint)


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may run: exactly ``argv``, whose first is the program's path, with these variables of the worker's own."""

    argv: tuple[str, ...]
    env: tuple[str, ...]
    search_path: tuple[str, ...]
    timeout_seconds: int
    output_bytes: int
    resources: ResourceLimits
