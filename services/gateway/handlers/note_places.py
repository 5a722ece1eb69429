"""Remember which clusters actions workers can change and whether they run commands, so that nothing waits in vain."""

import threading
import time
from collections.abc import Callable

from services.gateway.domain.records import KNOWN_PLACES, ActionPlaces
from services.gateway.ports import Store, Transaction
from shared.contracts.messages import Hello
from shared.contracts.queues import Queue

_MOST_CLUSTERS = 1_000
_GONE_AFTER_SECONDS = 120.0


class PlaceNotes:
    """Keeps what every actions worker heard lately can do: they share a queue. Safe to use from many threads."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._monotonic = store, monotonic
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[Hello, float]] = {}

    def note(self, hello: Hello) -> None:
        """Note a hello of an actions worker; it writes only when they can do something else than before.

        What the last one that leaves could do is kept: as a rule another takes its place.
        """
        if Queue.ACTIONS not in hello.queues:
            return
        now = self._monotonic()
        with self._lock:
            self._heard[hello.worker] = (hello, now)
            if hello.is_leaving:
                del self._heard[hello.worker]
            self._heard = {name: heard for name, heard in self._heard.items() if now - heard[1] < _GONE_AFTER_SECONDS}
            said = [one for one, _ in self._heard.values()]
        if not said:
            return
        names = set.intersection(*(set(one.clusters) for one in said))
        note_places(self._store, tuple(names), runs_commands=all(one.runs_commands for one in said))


def note_places(store: Store, names: tuple[str, ...], *, runs_commands: bool) -> None:
    """Keep ``names`` in place of those before; nothing is written where all is the same."""
    wanted = tuple(sorted(names))[:_MOST_CLUSTERS]
    known = store.find(ActionPlaces, KNOWN_PLACES)
    if known is not None and known.names == wanted and known.runs_commands == runs_commands:
        return

    def note(tx: Transaction) -> None:
        tx.put(ActionPlaces(names=wanted, runs_commands=runs_commands, updated_at=tx.now))

    store.transact(note)
