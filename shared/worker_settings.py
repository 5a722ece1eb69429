"""The settings every worker has: how it is reached, how it reaches others, what it writes down."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKER_SETTINGS = (
    "FAULTLINE_BROKER_URL",
    "FAULTLINE_DOOR_URL",
    "FAULTLINE_DOOR_KEY",
    "FAULTLINE_HEARD_FILE",
    "FAULTLINE_LOG_LEVEL",
    "FAULTLINE_LOG_FORMAT",
    "FAULTLINE_TRACES",
    "FAULTLINE_METRICS_HOST",
    "FAULTLINE_METRICS_PORT",
    "FAULTLINE_METRICS_KEY",
)
WORKER_MUST_HAVE = ("FAULTLINE_BROKER_URL", "FAULTLINE_DOOR_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Each field is the setting of the same name; ``docs/configuration.md`` says what it means."""

    broker_url: str
    door_url: str
    door_key: str
    heard_file: Path | None
    log_level: str
    log_format: str
    traces: str | Path
    metrics_host: str
    metrics_port: int | None
    metrics_key: str | None

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"WorkerSettings(door_url={self.door_url!r})"


def worker_settings(values: Mapping[str, Any]) -> WorkerSettings:
    """Return what every worker has of ``values``, which ``read_settings`` returned for ``WORKER_SETTINGS`` and more."""
    return WorkerSettings(
        broker_url=values["broker_url"],
        door_url=values["door_url"],
        door_key=values["door_key"],
        heard_file=values["heard_file"],
        log_level=values["log_level"],
        log_format=values["log_format"],
        traces=values["traces"],
        metrics_host=values["metrics_host"],
        metrics_port=values["metrics_port"] or None,
        metrics_key=values["metrics_key"],
    )
