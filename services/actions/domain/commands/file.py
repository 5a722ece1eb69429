"""Read a policy of commands from the text of its file, strictly, naming all that is wrong with it at once."""

import re
import tomllib
from collections.abc import Callable, Iterable

import msgspec

from services.actions.domain.commands.file_checks import check_program, check_resources, check_search_path
from services.actions.domain.commands.file_shape import CommandTable, FlagTable, PolicyTable, ProgramTable
from services.actions.domain.commands.policy import (
    CommandPolicy,
    CommandRule,
    Flag,
    NamespaceRule,
    Program,
    ResourceLimits,
)
from shared.errors import AppError

LARGEST_FILE = 1 << 20
_LONGEST_PATTERN = 4_000
_NAMED = re.compile(r"\{([a-z][a-z_]*)\}")
Problems = list[str]


class PolicyInvalid(AppError):
    """The file cannot be used; ``detail`` has every problem on a line of its own, each with its place."""

    code = "command_policy_invalid"
    title = "The policy of commands is not usable"


def parse_policy(text: str, source: str, locate: Callable[[str, tuple[str, ...]], str | None]) -> CommandPolicy:
    """Return the policy that ``text`` says; ``source`` names the file in problems.

    ``locate`` finds a program by its name on a search path, or says None. Raises ``PolicyInvalid``.
    """
    table = _decode(text, source)
    problems: Problems = [*check_search_path(table), *check_resources(table.resources)]
    patterns = _Patterns(table.patterns, problems)
    programs: dict[str, Program] = {}
    for number, program in enumerate(table.programs):
        place = f"programs[{number}]"
        problems += check_program(program, place)
        if program.name in programs:
            problems.append(f"{place}.name: {program.name} is listed before; put its commands there")
        programs[program.name] = _program(
            program, place, patterns, locate(program.path or program.name, table.search_path)
        )
    if problems:
        raise PolicyInvalid("\n".join(f"{source}: {problem}" for problem in problems))
    limits = ResourceLimits(**{name: getattr(table.resources, name) for name in table.resources.__struct_fields__})
    return CommandPolicy(programs=programs, search_path=table.search_path, resources=limits)


def _decode(text: str, source: str) -> PolicyTable:
    if len(text) > LARGEST_FILE:
        raise PolicyInvalid(f"{source}: is larger than {LARGEST_FILE} characters")
    try:
        return msgspec.convert(tomllib.loads(text), type=PolicyTable)
    except tomllib.TOMLDecodeError as error:
        raise PolicyInvalid(f"{source}: {error}") from None
    except RecursionError:
        raise PolicyInvalid(f"{source}: is nested too deeply") from None
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        raise PolicyInvalid(f"{source}: {place.rstrip('`') or 'the file'}: {problem}") from None


class _Patterns:
    """Compiles patterns, with the named parts put in; what cannot be is a problem."""

    def __init__(self, named: dict[str, str], problems: Problems) -> None:
        self._named, self._problems = named, problems
        for name, text in named.items():
            self.compile(text, f"patterns.{name}")

    def compile(self, text: str | None, place: str) -> re.Pattern[str] | None:
        if text is None:
            return None
        unknown = [name for name in _NAMED.findall(text) if name not in self._named]
        if unknown:
            self._problems.append(f"{place}: there is no pattern named {unknown[0]}")
            return None
        # Once only: a named part that names others could grow without end.
        whole = _NAMED.sub(lambda found: f"(?:{self._named[found[1]]})", text)
        try:
            if len(whole) > _LONGEST_PATTERN or _NAMED.search(whole):
                self._problems.append(f"{place}: is longer than {_LONGEST_PATTERN}, or names a part that names another")
            return re.compile(whole, re.ASCII)
        except (re.error, RecursionError, OverflowError) as error:
            self._problems.append(f"{place}: is no pattern: {error}")
            return None


def _program(table: ProgramTable, place: str, patterns: _Patterns, path: str | None) -> Program:
    shared = _flags(table.flags, f"{place}.flags", patterns)
    return Program(
        name=table.name,
        path=path,
        is_kubectl=table.kubectl,
        env=table.env,
        context_flags=_spelt(shared, table.context_flag),
        namespace_flags=_spelt(shared, table.namespace_flag),
        everywhere_flags=() if table.everywhere_flag is None else (table.everywhere_flag,),
        rules=tuple(
            _rule(table, command, f"{place}.commands[{number}]", shared, patterns)
            for number, command in enumerate(table.commands)
        ),
    )


def _spelt(flags: dict[str, Flag], name: str | None) -> tuple[str, ...]:
    return () if name is None or name not in flags else (flags[name].names[0],)


def _rule(
    program: ProgramTable, table: CommandTable, place: str, shared: dict[str, Flag], patterns: _Patterns
) -> CommandRule:
    return CommandRule(
        words=tuple(tuple(words.split()) for words in table.words),
        flags=shared | _flags(table.flags, f"{place}.flags", patterns),
        first=patterns.compile(table.first, f"{place}.first"),
        rest=patterns.compile(table.rest, f"{place}.rest"),
        least=table.least,
        most=table.most,
        namespace=NamespaceRule(table.namespace),
        takes_separator=table.separator,
        secrets=table.secrets,
        contexts=program.contexts if table.contexts is None else table.contexts,
        namespaces=program.namespaces if table.namespaces is None else table.namespaces,
        timeout_seconds=table.timeout_seconds or program.timeout_seconds,
        output_bytes=table.output_bytes or program.output_bytes,
    )


def _flags(tables: Iterable[FlagTable], place: str, patterns: _Patterns) -> dict[str, Flag]:
    flags: dict[str, Flag] = {}
    for number, table in enumerate(tables):
        value = patterns.compile(table.value, f"{place}[{number}].value")
        flag = Flag(names=table.names, value=value, is_joined=table.joined, may_repeat=table.repeat)
        flags |= dict.fromkeys(table.names, flag)
    return flags
