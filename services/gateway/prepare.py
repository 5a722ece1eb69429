"""Make what the containers of one host share: secrets in files, and folders that their users own.

``python -m services.gateway.prepare FOLDER [FOLDER…]`` runs once before the others, as their user. The first folder
gets the secrets, each made once and kept; one that was removed is made anew, and what is derived from it follows. The
others are volumes that need an owner.
With ``--for READER=FOLDER`` that folder gets copies of the secrets that this reader needs, and of no others.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

_BYTES = 32
_BROKER_HOST = "broker"
# What the user of the containers reads, and nobody else.
_MODE = 0o400
_MADE = ("door-key", "broker-password", "flower-password", "grafana-password", "intake-token", "metrics-key")
# Who reads what. The monitoring is of others: nothing there opens the door, the broker or, but for sending, the API.
_READERS: Mapping[str, tuple[str, ...]] = {
    "gateway": ("broker-url", "door-key", "intake-token", "metrics-key"),
    "worker": ("broker-url", "door-key", "metrics-key"),
    "broker": ("broker.conf",),
    "flower": ("broker-url", "flower-password"),
    "monitoring": ("flower-password", "grafana-password", "intake-token", "metrics-key"),
}


def prepare(folder: Path, others: list[Path], readers: Mapping[str, Path]) -> None:
    """Make the secrets that are not there yet, each whole or not at all, and mark the other folders as in use.

    The folder of each of ``readers`` gets copies that follow the secrets, also when one was removed to have it made
    anew.
    """
    for name in _MADE:
        _make(folder / name, secrets.token_urlsafe(_BYTES))
    password = (folder / "broker-password").read_text("utf-8").strip()
    _keep(folder / "broker-url", f"redis://:{password}@{_BROKER_HOST}:6379/0")
    _keep(folder / "broker.conf", f"requirepass {password}\n")
    for reader, place in readers.items():
        for name in _READERS[reader]:
            _keep(place / name, (folder / name).read_text("utf-8"))
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
    parser.add_argument("--for", type=_reader, action="append", default=[], dest="readers", metavar="READER=FOLDER")
    chosen = parser.parse_args(arguments)
    prepare(chosen.folder, chosen.others, dict(chosen.readers))


def _reader(text: str) -> tuple[str, Path]:
    reader, equals, folder = text.partition("=")
    if reader not in _READERS or not (equals and folder):
        raise argparse.ArgumentTypeError(f"must look like READER=FOLDER, with one of {', '.join(_READERS)}")
    return reader, Path(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
