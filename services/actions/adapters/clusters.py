"""The clusters this worker may change: contexts of the one kubeconfig it was given, or the cluster its pod runs in.

The kubeconfig a person's tools would use is never taken: what can change a cluster is given on purpose.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.actions.adapters.kube_account import IN_CLUSTER, is_in_pod, list_contexts
from services.actions.adapters.kube_writes import KubeCluster, open_cluster
from services.actions.errors import NoCluster


class Clusters:
    """Opens clusters by name. ``allowed`` narrows the contexts; empty allows all of the kubeconfig."""

    def __init__(self, kubeconfig: Path | None, allowed: Sequence[str] = (), own_name: str = IN_CLUSTER) -> None:
        """``own_name`` is what the cluster is called whose pod this is, where there is no kubeconfig."""
        self._kubeconfig, self._allowed, self._own_name = kubeconfig, frozenset(allowed), own_name

    def names(self) -> tuple[str, ...]:
        """Return the names of the clusters that may be changed, sorted. Raises ``NoCluster`` for a bad kubeconfig."""
        if self._kubeconfig is None:
            known = [self._own_name] if is_in_pod() else []
        else:
            known = list_contexts(self._kubeconfig)
        return tuple(sorted(name for name in known if not self._allowed or name in self._allowed))

    @contextmanager
    def opened(self, name: str) -> Iterator[KubeCluster]:
        """Open the cluster of this name for the block. Raises ``NoCluster``."""
        if name not in self.names():
            raise NoCluster(f"this worker may not change a cluster {name!r}")
        cluster = open_cluster(IN_CLUSTER if self._kubeconfig is None else name, self._kubeconfig)
        try:
            yield cluster
        finally:
            cluster.close()
