"""Remember which clusters graph workers can read, so that incidents are investigated there also after a restart."""

import threading
import time
from collections.abc import Callable, Iterable

import msgspec
import structlog

from services.gateway.domain.records import KNOWN_CLUSTERS, GraphClusters
from services.gateway.ports import Store, Transaction
from shared.contracts.messages import Hello
from shared.contracts.queues import Queue

log = structlog.get_logger(__name__)
_MOST_CLUSTERS = 1_000
# Workers say hello every ten seconds; the clusters of one that was not heard for this long count no more.
_GONE_AFTER_SECONDS = 120.0


class ClusterNotes:
    """Keeps the clusters that every worker heard lately can read. Safe to use from many threads.

    Workers share one queue: any of them may draw an investigation, so only what all of them read may be asked of it.
    """

    def __init__(self, store: Store, *, is_automatic: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._is_automatic, self._monotonic = store, is_automatic, monotonic
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[frozenset[str], float]] = {}
        self._warned_of: frozenset[str] = frozenset()

    def begin(self) -> None:
        """Let the setting hold from the start for the clusters that were known before."""
        known = self._store.find(GraphClusters, KNOWN_CLUSTERS)
        if known is not None:
            note_clusters(self._store, known.names, is_automatic=self._is_automatic)

    def note(self, hello: Hello) -> None:
        """Note a hello; it writes only when the clusters are others than before.

        What the last one that leaves could read is kept: as a rule another takes its place.
        """
        if Queue.GRAPH not in hello.queues:
            return
        now = self._monotonic()
        with self._lock:
            self._heard[hello.worker] = (frozenset(hello.clusters), now)
            if hello.is_leaving:
                del self._heard[hello.worker]
            self._heard = {name: heard for name, heard in self._heard.items() if now - heard[1] < _GONE_AFTER_SECONDS}
            read = [clusters for clusters, _ in self._heard.values()]
            if not read:
                return
            names = frozenset.intersection(*read)
            self._warn_of(frozenset[str]().union(*read) - names)
        note_clusters(self._store, names, is_automatic=self._is_automatic)

    def _warn_of(self, some_only: frozenset[str]) -> None:
        """Say once which clusters only some of the workers can read: nothing is investigated there."""
        if some_only and some_only != self._warned_of:
            log.warning(
                "clusters that only some graph workers can read are not investigated",
                clusters=sorted(some_only)[:_MOST_CLUSTERS],
                workers=sorted(self._heard),
            )
        self._warned_of = some_only


def note_clusters(store: Store, names: Iterable[str], *, is_automatic: bool) -> None:
    """Keep ``names`` in place of those before; nothing is written where they are the same, or none ever were."""
    wanted = tuple(sorted(set(names)))[:_MOST_CLUSTERS]
    known = store.find(GraphClusters, KNOWN_CLUSTERS)
    if known is None and not wanted:
        return
    if known is not None and known.names == wanted and known.is_automatic == is_automatic:
        return

    def note(tx: Transaction) -> None:
        before = tx.find(GraphClusters, KNOWN_CLUSTERS) or GraphClusters(updated_at=tx.now)
        tx.put(msgspec.structs.replace(before, names=wanted, is_automatic=is_automatic, updated_at=tx.now))

    store.transact(note)
