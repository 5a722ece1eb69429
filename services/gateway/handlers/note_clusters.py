"""Remember which clusters graph workers can read, so that incidents are investigated there also after a restart."""

import msgspec

from services.gateway.domain.records import KNOWN_CLUSTERS, GraphClusters
from services.gateway.ports import Store, Transaction
from shared.contracts.messages import Hello

_MOST_CLUSTERS = 1_000


def note_clusters(store: Store, hello: Hello, *, is_automatic: bool) -> None:
    """Keep the names of ``hello``; it writes only what is new.

    A worker names all it can read, so its names replace those before. Where several workers have different clusters
    the queue cannot tell them apart either: they are to be given the same.
    """
    if not hello.clusters:
        return
    names = tuple(sorted(set(hello.clusters)))[:_MOST_CLUSTERS]
    known = store.find(GraphClusters, KNOWN_CLUSTERS)
    if known is not None and known.names == names and known.is_automatic == is_automatic:
        return

    def note(tx: Transaction) -> None:
        before = tx.find(GraphClusters, KNOWN_CLUSTERS) or GraphClusters(updated_at=tx.now)
        tx.put(msgspec.structs.replace(before, names=names, is_automatic=is_automatic, updated_at=tx.now))

    store.transact(note)
