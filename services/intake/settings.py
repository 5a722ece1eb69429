"""The intake worker's settings, read once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.intake.domain.mapping import Mapping as PathMapping
from services.intake.domain.mapping import read_mapping
from shared.errors import SettingsInvalid
from shared.settings import read_settings
from shared.worker_settings import WORKER_MUST_HAVE, WORKER_SETTINGS, WorkerSettings, worker_settings

_NAMES = (
    *WORKER_SETTINGS,
    "FAULTLINE_INTAKE_CONCURRENCY",
    "FAULTLINE_INTAKE_MAPPING_FILE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is the setting of the same name, ``worker`` those that every worker has.

    ``docs/configuration.md`` says what they mean.
    """

    worker: WorkerSettings
    concurrency: int
    mapping: PathMapping

    def __repr__(self) -> str:
        """Show no secret, wherever a repr may end up."""
        return f"Settings(worker={self.worker!r}, concurrency={self.concurrency})"


def read_intake_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings; raise ``SettingsInvalid`` naming every problem, the mapping file's included."""
    values = read_settings(environ, _NAMES, required=WORKER_MUST_HAVE)
    return Settings(
        worker=worker_settings(values),
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
