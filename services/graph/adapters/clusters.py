"""The clusters a worker can read: the contexts of a kubeconfig, and snapshots by the names they were given."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from services.graph.adapters.kube_config import IN_CLUSTER
from services.graph.ports import ClusterSource
from shared.errors import AppError


class ClusterUnusable(AppError):
    """There is no cluster of this name, or it cannot be opened; no retry mends that."""

    code = "cluster_unusable"
    title = "This cluster cannot be read"


class Clusters:
    """Opens clusters by name. What reads them is imported only then: without any, it need not be installed."""

    def __init__(
        self,
        kubeconfig: Path | None = None,
        snapshots: Mapping[str, Path] | None = None,
        own_name: str = IN_CLUSTER,
    ) -> None:
        """``own_name`` is what the cluster is called whose pod this is, where there is no kubeconfig."""
        self._kubeconfig = kubeconfig
        self._own_name = own_name
        self._snapshots = dict(snapshots or {})

    def names(self) -> list[str]:
        """Return the names of snapshots and contexts, sorted. Raises ``ClusterUnusable`` for a bad kubeconfig."""
        return sorted({*self._snapshots, *self._contexts()})

    def snapshots(self) -> list[str]:
        """Return the names of the snapshots, sorted; a kubeconfig that cannot be read leaves these."""
        return sorted(self._snapshots)

    def open(self, name: str) -> ClusterSource:
        """Return the cluster of this name, a snapshot before a context. Raises ``ClusterUnusable``."""
        try:
            if name in self._snapshots:
                module = import_module("services.graph.adapters.snapshot")
                return cast("ClusterSource", module.open_snapshot(self._snapshots[name]))
            module = import_module("services.graph.adapters.live_cluster")
            context = IN_CLUSTER if name == self._own_name and IN_CLUSTER in self._listed() else name
            return cast("ClusterSource", module.open_live_cluster(context, self._kubeconfig, name))
        except AppError as error:
            raise ClusterUnusable(f"{name}: {error.detail}") from error
        except (ImportError, OSError, ValueError) as error:
            raise ClusterUnusable(f"{name}: it cannot be opened ({_word(error)})") from error

    def _contexts(self) -> list[str]:
        return [self._own_name if name == IN_CLUSTER else name for name in self._listed()]

    def _listed(self) -> list[str]:
        try:
            module = import_module("services.graph.adapters.live_cluster")
            return list(module.list_contexts(self._kubeconfig))
        except AppError as error:
            raise ClusterUnusable(error.detail) from error
        except (ImportError, OSError, ValueError) as error:
            raise ClusterUnusable(f"the contexts cannot be listed ({_word(error)})") from error


def _word(error: Exception) -> str:
    """Word a failure without what it read: a kubeconfig holds secrets."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if isinstance(error, ImportError) else type(error).__name__
