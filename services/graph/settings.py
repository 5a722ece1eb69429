"""The graph worker's settings, read once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.settings import read_settings
from shared.worker_settings import WORKER_MUST_HAVE, WORKER_SETTINGS, WorkerSettings, worker_settings

_NAMES = (
    *WORKER_SETTINGS,
    "FAULTLINE_GRAPH_CLUSTER_NAME",
    "FAULTLINE_GRAPH_CONCURRENCY",
    "FAULTLINE_GRAPH_KUBECONFIG",
    "FAULTLINE_GRAPH_SNAPSHOTS",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the setting of the same name, ``worker`` those that every worker has.

    ``docs/configuration.md`` says what they mean.
    """

    worker: WorkerSettings
    cluster_name: str
    concurrency: int
    kubeconfig: Path | None
    snapshots: Mapping[str, Path]

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"Settings(worker={self.worker!r}, concurrency={self.concurrency})"


def read_graph_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; raise ``SettingsInvalid`` naming every problem.

    That there is no kubeconfig, or no such snapshot, is none: whoever asks for that cluster is told.
    """
    values = read_settings(environ, _NAMES, required=WORKER_MUST_HAVE)
    kubeconfig: Path | None = values["graph_kubeconfig"]
    return Settings(
        worker=worker_settings(values),
        cluster_name=values["graph_cluster_name"],
        concurrency=values["graph_concurrency"],
        kubeconfig=kubeconfig.expanduser() if kubeconfig is not None else None,
        snapshots=values["graph_snapshots"] or {},
    )
