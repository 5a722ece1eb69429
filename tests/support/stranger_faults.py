"""What a stranger breaks in the shop: a fault, the object asked about, and the one to be mended."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.support.stranger_shop import SHOP, StrangerShop

Key = tuple[str, str | None, str]
Inject = Callable[[StrangerShop], None]


@dataclass(frozen=True)
class Fault:
    """One fault. ``asked`` is the object a person asks about; ``words`` are parts of the evidence that shows it.

    ``also`` may be blamed behind it: the other side of it, or a second fault. ``needs_events``: nothing but Events
    tells of it.
    """

    id: str
    inject: Inject
    culprit: Key
    asked: Key
    words: tuple[str, ...] = ()
    also: tuple[Key, ...] = ()
    needs_events: bool = False


class FaultTable:
    """Collects faults: ``@table.of(culprit)`` on a function that breaks the shop; its name is the id of the fault."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def of(
        self, culprit: str, *words: str, asked: str = "", also: Iterable[str] = (), needs_events: bool = False
    ) -> Callable[[Inject], Inject]:
        """Return what adds the fault of a function; objects are written ``Kind/namespace/name`` or ``Kind//name``."""

        def add(inject: Inject) -> Inject:
            name, others = inject.__name__, tuple(map(key_of, also))
            one = Fault(name, inject, key_of(culprit), key_of(asked or culprit), words, others, needs_events)
            self._faults.append(one)
            return inject

        return add


def key_of(text: str) -> Key:
    """Return kind, namespace and name of ``Kind/namespace/name``; ``Kind/name`` is in the shop's namespace."""
    kind, *rest = text.split("/")
    return (kind, (rest[0] or None) if len(rest) > 1 else SHOP, rest[-1])
