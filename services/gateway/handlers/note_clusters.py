"""Remember which clusters graph workers can read, so that incidents are investigated there also after a restart."""

import threading
import time
from collections.abc import Callable, Iterable

import msgspec

from services.gateway.domain.records import KNOWN_CLUSTERS, GraphClusters
from services.gateway.ports import Store, Transaction
from shared.contracts.messages import Hello

_MOST_CLUSTERS = 1_000
# Workers say hello every ten seconds; the clusters of one that was not heard for this long are its own no more.
_GONE_AFTER_SECONDS = 120.0


class ClusterNotes:
    """Keeps the clusters of all workers that were heard lately. Safe to use from many threads."""

    def __init__(self, store: Store, *, is_automatic: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._is_automatic, self._monotonic = store, is_automatic, monotonic
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[tuple[str, ...], float]] = {}

    def note(self, hello: Hello) -> None:
        """Note a hello; it writes only when the clusters are others than before."""
        if not hello.clusters:
            return
        now = self._monotonic()
        with self._lock:
            self._heard[hello.worker] = (hello.clusters, now)
            self._heard = {name: heard for name, heard in self._heard.items() if now - heard[1] < _GONE_AFTER_SECONDS}
            names = {name for clusters, _ in self._heard.values() for name in clusters}
        note_clusters(self._store, names, is_automatic=self._is_automatic)


def note_clusters(store: Store, names: Iterable[str], *, is_automatic: bool) -> None:
    """Keep ``names`` in place of those before; nothing is written where they are the same, or there are none."""
    wanted = tuple(sorted(set(names)))[:_MOST_CLUSTERS]
    known = store.find(GraphClusters, KNOWN_CLUSTERS)
    if not wanted or (known is not None and known.names == wanted and known.is_automatic == is_automatic):
        return

    def note(tx: Transaction) -> None:
        before = tx.find(GraphClusters, KNOWN_CLUSTERS) or GraphClusters(updated_at=tx.now)
        tx.put(msgspec.structs.replace(before, names=wanted, is_automatic=is_automatic, updated_at=tx.now))

    store.transact(note)
