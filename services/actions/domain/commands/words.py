"""Take a command apart into flags and arguments, more strictly than any program, so that none reads it otherwise."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.actions.domain.commands.policy import Flag, Refusal, RefusalCode

MOST_WORDS = 64
LONGEST_WORD = 4_096
LONGEST_COMMAND = 16_384
_C = RefusalCode
_READABLE = re.compile(r"[ -~]+")
_SAYABLE = re.compile(r"--?[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_HINTS = {
    "--kubeconfig": "The worker's own configuration is used; the target names the context.",
    "--token": "The worker has its own credentials.",
    "--as": "Nobody is impersonated.",
    "--raw": "Ask for objects by their kind.",
    "-f": "Nothing is read from files; `-f` also follows, and what follows has no end.",
    "--filename": "Nothing is read from files.",
    "--follow": "What follows has no end.",
}


@dataclass(slots=True)
class Parts:
    """What a command says after its subcommand; flags by their first spelling."""

    flags: dict[str, list[str | None]] = field(default_factory=dict)
    arguments: list[tuple[int, str]] = field(default_factory=list)


def check_words(argv: Sequence[str]) -> None:
    """Raise ``Refusal`` if a command cannot be read at all.

    Words are printable ASCII: whatever is not may look like something else to the person who approves it.
    """
    if not argv or not argv[0]:
        raise Refusal(_C.EMPTY, "there is no program")
    if len(argv) > MOST_WORDS or sum(map(len, argv)) > LONGEST_COMMAND:
        raise Refusal(_C.TOO_LONG, f"has more than {MOST_WORDS} words or {LONGEST_COMMAND} characters")
    for place, word in enumerate(argv):
        if len(word) > LONGEST_WORD:
            raise Refusal(_C.TOO_LONG, f"argv[{place}] has more than {LONGEST_WORD} characters")
        if not _READABLE.fullmatch(word):
            what = "is empty" if not word else "holds more than the printable characters of ASCII"
            raise Refusal(_C.UNREADABLE, f"argv[{place}] {what}")


def take_apart(argv: Sequence[str], begin: int, flags: Mapping[str, Flag], *, takes_separator: bool) -> Parts:
    """Return the flags and arguments of ``argv`` from ``begin`` on; raise ``Refusal`` if they may not be."""
    parts = Parts()
    place = begin
    is_plain = False
    while place < len(argv):
        word = argv[place]
        if is_plain or not word.startswith("-"):
            parts.arguments.append((place, word))
        elif word == "--":
            if not takes_separator:
                raise Refusal(_C.SEPARATOR, f"argv[{place}] is `--`, which this command does not take")
            is_plain = True
        else:
            place = _take_flag(argv, place, flags, parts)
        place += 1
    return parts


def _take_flag(argv: Sequence[str], place: int, flags: Mapping[str, Flag], parts: Parts) -> int:
    """Put one flag into ``parts``; return the place of its last word."""
    name, joint, value = argv[place].partition("=")
    flag = flags.get(name)
    if flag is None:
        raise _unknown(place, name, flags)
    if flag.names[0] in parts.flags and not flag.may_repeat:
        raise Refusal(_C.FLAG_REPEATED, f"argv[{place}] gives {flag.names[0]} again", "Give every flag once.")
    given: str | None = None
    if flag.value is not None:
        if not joint:
            place += 1
            value = _next_word(argv, place, name, flag)
        if not flag.value.fullmatch(value) or not value:
            raise Refusal(_C.FLAG_VALUE, f"the value of {name} in argv[{place}] is not one that is allowed")
        given = value
    elif joint:
        raise Refusal(_C.FLAG_VALUE, f"argv[{place}] gives {name} a value, and it takes none")
    parts.flags.setdefault(flag.names[0], []).append(given)
    return place


def _next_word(argv: Sequence[str], place: int, name: str, flag: Flag) -> str:
    if flag.is_joined:
        raise Refusal(_C.FLAG_VALUE_MISSING, f"argv[{place - 1}] must be written {name}=value")
    if place == len(argv):
        raise Refusal(_C.FLAG_VALUE_MISSING, f"{name} needs a value")
    # A program might take it for the next flag, or the one before for a flag without a value.
    if argv[place].startswith("-"):
        raise Refusal(_C.FLAG_VALUE, f"argv[{place}] follows {name} and begins with a dash")
    return argv[place]


def _unknown(place: int, name: str, flags: Mapping[str, Flag]) -> Refusal:
    is_short = not name.startswith("--")
    if is_short and len(name) > len("-x") and name[:2] in flags:
        hint = "Write each flag by itself, and its value as a word of its own."
        return Refusal(_C.COMBINED_FLAGS, f"argv[{place}] puts more than a flag into one word", hint)
    # A short one may have its value joined to it: only what is a name and nothing else is said.
    said = f": {name}" if _SAYABLE.fullmatch(name) and (len(name) == len("-x") or not is_short) else ""
    return Refusal(_C.UNKNOWN_FLAG, f"argv[{place}] gives a flag that is not allowed{said}", _hint(name))


def _hint(name: str) -> str:
    return next((hint for flag, hint in _HINTS.items() if name == flag or name.startswith(f"{flag}-")), "")
