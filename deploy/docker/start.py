"""Start the service of this image, in place of this process, so that signals reach it itself."""

import os
import sys
from pathlib import Path

from shared.worker_command import worker_command

SERVICE = os.environ["SERVICE"]


def command(arguments: list[str]) -> list[str]:
    """Return the command line of the service; ``prepare FOLDER…`` makes what the containers share instead."""
    if arguments[:1] == ["prepare"]:
        return [sys.executable, "-m", "services.gateway.prepare", *arguments[1:]]
    if not Path(f"services/{SERVICE}/worker.py").exists():
        return [sys.executable, "-m", f"services.{SERVICE}", *arguments]
    concurrency = os.environ.get(f"FAULTLINE_{SERVICE.upper()}_CONCURRENCY") or "1"
    level = os.environ.get("FAULTLINE_LOG_LEVEL") or "info"
    return [*worker_command(SERVICE, concurrency=concurrency, log_level=level, events=True), *arguments]


if __name__ == "__main__":
    found = command(sys.argv[1:])
    os.execv(found[0], found)
