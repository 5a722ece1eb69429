"""Make what the containers of one host share: secrets in files, and folders that their users own.

``python -m services.gateway.prepare FOLDER [FOLDER…]`` runs once before the others, as their user. The first folder
gets the secrets, each made once and kept; one that was removed is made anew, and what is derived from it follows. The
others are volumes that need an owner.
With ``--monitoring FOLDER`` that one gets copies of the secrets that whoever watches needs, and of no others.
"""

import argparse
import os
import secrets
import sys
from pathlib import Path

_BYTES = 32
_BROKER_HOST = "broker"
# What the user of the containers reads, and nobody else.
_MODE = 0o400
# Programs of others read these; none of them reaches the door, the broker or the API.
_FOR_MONITORING = ("flower-password", "grafana-password", "intake-token", "metrics-key")


def prepare(folder: Path, others: list[Path], monitoring: Path | None = None) -> None:
    """Make the secrets that are not there yet, each whole or not at all, and mark the other folders as in use.

    ``monitoring`` gets copies that follow the secrets, also when one was removed to have it made anew.
    """
    for name in ("door-key", "broker-password", *_FOR_MONITORING):
        _make(folder / name, secrets.token_urlsafe(_BYTES))
    password = (folder / "broker-password").read_text("utf-8").strip()
    _keep(folder / "broker-url", f"redis://:{password}@{_BROKER_HOST}:6379/0")
    _keep(folder / "broker.conf", f"requirepass {password}\n")
    if monitoring is not None:
        for name in _FOR_MONITORING:
            _keep(monitoring / name, (folder / name).read_text("utf-8"))
    for other in others:
        # A volume that holds nothing takes the owner of the image it is mounted into next.
        (other / ".faultline").touch()


def _make(path: Path, text: str) -> None:
    if not path.exists():
        _write(path, text)


def _keep(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        _write(path, text)


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def main(arguments: list[str]) -> None:
    """Do it for the folders that ``arguments`` name."""
    parser = argparse.ArgumentParser(prog="prepare", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("others", type=Path, nargs="*")
    parser.add_argument("--monitoring", type=Path)
    chosen = parser.parse_args(arguments)
    prepare(chosen.folder, chosen.others, chosen.monitoring)


if __name__ == "__main__":
    main(sys.argv[1:])
