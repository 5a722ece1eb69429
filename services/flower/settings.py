"""Flower's settings, read once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.settings import read_settings

_NAMES = (
    "FAULTLINE_BROKER_URL",
    "FAULTLINE_DATA_DIR",
    "FAULTLINE_LOG_LEVEL",
    "FAULTLINE_LOG_FORMAT",
    "FAULTLINE_FLOWER_HOST",
    "FAULTLINE_FLOWER_PORT",
    "FAULTLINE_FLOWER_PASSWORD",
)
_REQUIRED = ("FAULTLINE_BROKER_URL", "FAULTLINE_FLOWER_PASSWORD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the setting of the same name; ``docs/configuration.md`` says what it means."""

    broker_url: str
    data_dir: Path
    log_level: str
    log_format: str
    host: str
    port: int
    password: str

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"Settings(host={self.host!r}, port={self.port})"


def read_flower_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; raise ``SettingsInvalid`` naming every problem at once."""
    values = read_settings(environ, _NAMES, required=_REQUIRED)
    return Settings(**{name.removeprefix("flower_"): value for name, value in values.items()})
