"""The actions worker's settings, read once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.settings import read_settings
from shared.worker_settings import WORKER_MUST_HAVE, WORKER_SETTINGS, WorkerSettings, worker_settings

_NAMES = (
    *WORKER_SETTINGS,
    "FAULTLINE_ACTIONS_CLUSTER_NAME",
    "FAULTLINE_ACTIONS_COMMANDS",
    "FAULTLINE_ACTIONS_CONCURRENCY",
    "FAULTLINE_ACTIONS_CONTEXTS",
    "FAULTLINE_ACTIONS_KUBECONFIG",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the setting of the same name, ``worker`` those that every worker has.

    ``docs/configuration.md`` says what they mean.
    """

    worker: WorkerSettings
    cluster_name: str
    commands: Path | None
    concurrency: int
    contexts: tuple[str, ...]
    kubeconfig: Path | None

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"Settings(worker={self.worker!r}, concurrency={self.concurrency})"


def read_actions_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; raise ``SettingsInvalid`` naming every problem."""
    values = read_settings(environ, _NAMES, required=WORKER_MUST_HAVE)
    kubeconfig: Path | None = values["actions_kubeconfig"]
    commands: Path | None = values["actions_commands"]
    return Settings(
        worker=worker_settings(values),
        cluster_name=values["actions_cluster_name"],
        commands=commands.expanduser() if commands is not None else None,
        concurrency=values["actions_concurrency"],
        contexts=values["actions_contexts"],
        kubeconfig=kubeconfig.expanduser() if kubeconfig is not None else None,
    )
