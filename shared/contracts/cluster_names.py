"""Which objects there are, by name only: what a person may choose from when asking for a diagnosis."""

from datetime import datetime
from typing import Literal

import msgspec

from shared.contracts.base import Contract


class NamedObjects(Contract, frozen=True, kw_only=True):
    """The names of one kind in one namespace, sorted; ``namespace`` is None for what belongs to the whole cluster.

    ``is_cut``: there are more than are named.
    """

    namespace: str | None = None
    kind: str
    names: tuple[str, ...]
    is_cut: bool = False


class NamedCluster(Contract, frozen=True, kw_only=True):
    """One context. ``problem`` says why nothing, or ``unread`` which kinds, could not be listed; they may exist.

    ``is_skipped``: nobody tried, so that the problem says nothing of the cluster.
    """

    context: str
    namespaces: tuple[str, ...] = ()
    objects: tuple[NamedObjects, ...] = ()
    problem: str = ""
    unread: dict[str, str] = {}
    is_skipped: bool = False


class ClusterNames(Contract, frozen=True, kw_only=True):
    """All contexts a worker knows, and the kinds that can be diagnosed."""

    taken_at: datetime
    clusters: tuple[NamedCluster, ...]
    kinds: tuple[str, ...]
    # Where not even the contexts could be read.
    problem: str = ""
    schema_version: Literal[1] = 1


encode_cluster_names = msgspec.json.Encoder().encode
decode_cluster_names = msgspec.json.Decoder(ClusterNames).decode
