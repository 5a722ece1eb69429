"""Make what the containers of one host share: secrets in files, and folders that their users own.

``python -m services.gateway.prepare FOLDER [FOLDER…]`` runs once before the others, as their user. The first folder
gets the secrets, each made once and never changed; the others are volumes that need an owner. Whatever is there stays.
"""

import os
import secrets
import sys
from pathlib import Path

_BYTES = 32
_BROKER_HOST = "broker"
# What the user of the containers reads, and nobody else.
_MODE = 0o400


def prepare(folder: Path, others: list[Path]) -> None:
    """Make the secrets that are not there yet, each whole or not at all, and mark the other folders as in use."""
    _make(folder / "door-key", secrets.token_urlsafe(_BYTES))
    _make(folder / "metrics-key", secrets.token_urlsafe(_BYTES))
    _make(folder / "flower-password", secrets.token_urlsafe(_BYTES))
    _make(folder / "intake-token", secrets.token_urlsafe(_BYTES))
    _make(folder / "grafana-password", secrets.token_urlsafe(_BYTES))
    _make(folder / "broker-password", secrets.token_urlsafe(_BYTES))
    password = (folder / "broker-password").read_text("utf-8").strip()
    _make(folder / "broker-url", f"redis://:{password}@{_BROKER_HOST}:6379/0")
    _make(folder / "broker.conf", f"requirepass {password}\n")
    for other in others:
        # A volume that holds nothing takes the owner of the image it is mounted into next.
        (other / ".faultline").touch()


def _make(path: Path, text: str) -> None:
    if path.exists():
        return
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
