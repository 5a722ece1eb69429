"""The intake worker's settings, read once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.intake.domain.mapping import Mapping as PathMapping
from services.intake.domain.mapping import read_mapping
from shared.errors import SettingsInvalid
from shared.settings import read_settings

_NAMES = (
    "FAULTLINE_BROKER_URL",
    "FAULTLINE_DOOR_URL",
    "FAULTLINE_DOOR_KEY",
    "FAULTLINE_HEARD_FILE",
    "FAULTLINE_LOG_LEVEL",
    "FAULTLINE_LOG_FORMAT",
    "FAULTLINE_INTAKE_CONCURRENCY",
    "FAULTLINE_INTAKE_MAPPING_FILE",
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
    concurrency: int
    mapping: PathMapping

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"Settings(door_url={self.door_url!r}, concurrency={self.concurrency})"


def read_intake_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; raise ``SettingsInvalid`` naming every problem, the mapping file's included."""
    values = read_settings(environ, _NAMES, required=_REQUIRED)
    return Settings(
        broker_url=values["broker_url"],
        door_url=values["door_url"],
        door_key=values["door_key"],
        heard_file=values["heard_file"],
        log_level=values["log_level"],
        log_format=values["log_format"],
        concurrency=values["intake_concurrency"],
        mapping=_mapping(values["intake_mapping_file"]),
    )


def _mapping(path: Path | None) -> PathMapping:
    if path is None:
        return PathMapping()
    try:
        return read_mapping(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"FAULTLINE_INTAKE_MAPPING_FILE: {error}") from error
