"""The actions worker's settings, read once at start."""

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
    "FAULTLINE_ACTIONS_CLUSTER_NAME",
    "FAULTLINE_ACTIONS_COMMANDS",
    "FAULTLINE_ACTIONS_CONCURRENCY",
    "FAULTLINE_ACTIONS_CONTEXTS",
    "FAULTLINE_ACTIONS_KUBECONFIG",
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
    commands: Path | None
    concurrency: int
    contexts: tuple[str, ...]
    kubeconfig: Path | None

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"Settings(door_url={self.door_url!r}, concurrency={self.concurrency})"


def read_actions_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; raise ``SettingsInvalid`` naming every problem."""
    values = read_settings(environ, _NAMES, required=_REQUIRED)
    kubeconfig: Path | None = values["actions_kubeconfig"]
    commands: Path | None = values["actions_commands"]
    return Settings(
        broker_url=values["broker_url"],
        door_url=values["door_url"],
        door_key=values["door_key"],
        heard_file=values["heard_file"],
        log_level=values["log_level"],
        log_format=values["log_format"],
        cluster_name=values["actions_cluster_name"],
        commands=commands.expanduser() if commands is not None else None,
        concurrency=values["actions_concurrency"],
        contexts=values["actions_contexts"],
        kubeconfig=kubeconfig.expanduser() if kubeconfig is not None else None,
    )
