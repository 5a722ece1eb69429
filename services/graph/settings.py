"""The graph worker's settings, read once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.settings import read_settings

_NAMES = (
    "FAULTLINE_BROKER_URL",
    "FAULTLINE_DOOR_URL",
    "FAULTLINE_DOOR_KEY",
    "FAULTLINE_HEARD_FILE",
    "FAULTLINE_LOG_LEVEL",
    "FAULTLINE_LOG_FORMAT",
    "FAULTLINE_GRAPH_CLUSTER_NAME",
    "FAULTLINE_GRAPH_CONCURRENCY",
    "FAULTLINE_GRAPH_KUBECONFIG",
    "FAULTLINE_GRAPH_SNAPSHOTS",
)
_REQUIRED = ("FAULTLINE_BROKER_URL", "FAULTLINE_DOOR_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the setting of the same name; ``docs/configuration.md`` says what it means."""

    broker_url: str
    door_url: str
    door_key: str
    heard_file: Path | None
    log_level: str
    log_format: str
    cluster_name: str
    concurrency: int
    kubeconfig: Path | None
    snapshots: Mapping[str, Path]

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"Settings(door_url={self.door_url!r}, concurrency={self.concurrency})"


def read_graph_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; raise ``SettingsInvalid`` naming every problem.

    That there is no kubeconfig, or no such snapshot, is none: whoever asks for that cluster is told.
    """
    values = read_settings(environ, _NAMES, required=_REQUIRED)
    kubeconfig: Path | None = values["graph_kubeconfig"]
    return Settings(
        broker_url=values["broker_url"],
        door_url=values["door_url"],
        door_key=values["door_key"],
        heard_file=values["heard_file"],
        log_level=values["log_level"],
        log_format=values["log_format"],
        cluster_name=values["graph_cluster_name"],
        concurrency=values["graph_concurrency"],
        kubeconfig=kubeconfig.expanduser() if kubeconfig is not None else None,
        snapshots=values["graph_snapshots"] or {},
    )
