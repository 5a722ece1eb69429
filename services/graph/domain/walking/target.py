"""Read how people name an object, as kubectl takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.graph.domain.reading.kinds import Kind, find_kind

_PARTS = 2


class NoSuchTarget(ValueError):
    """The words name no object."""


@dataclass(frozen=True, slots=True)
class TargetName:
    """A kind, and the name of one of it."""

    kind: Kind
    name: str


def parse_target(words: Sequence[str]) -> TargetName | None:
    """Return what ``deploy/checkout``, ``deployments.apps/checkout`` or ``pod checkout-1`` name; None for no words.

    Raises ``NoSuchTarget``.
    """
    if not words:
        return None
    kind, _, name = words[0].partition("/")
    if len(words) == _PARTS and not name:
        name = words[1]
    elif len(words) > 1:
        raise NoSuchTarget("Name one object: KIND/NAME or KIND NAME.")
    if not kind or not name or "/" in name:
        raise NoSuchTarget(f"{' '.join(words)!r} is no KIND/NAME, such as deploy/checkout.")
    return TargetName(_kind(kind), name)


def _kind(word: str) -> Kind:
    # deployment.apps and deployments.v1.apps are names of kubectl, too.
    plain, _, rest = word.partition(".")
    kind = find_kind(word) or find_kind(plain)
    group = rest.partition(".")[2] if rest[:1] == "v" and rest[1:2].isdigit() else rest
    if kind is None or (rest and group not in {kind.group, kind.instead.group if kind.instead else kind.group}):
        raise NoSuchTarget(f"{word!r} is no kind that is read.")
    return kind
