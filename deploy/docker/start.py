"""Start the service of this image, in place of this process, so that signals reach it itself."""

import os
import sys

SERVICE = os.environ["SERVICE"]
WORKERS = {"intake", "graph", "actions", "observability", "sync"}


def command() -> list[str]:
    """Return the command line of the service; arguments of the container go at its end."""
    if SERVICE not in WORKERS:
        return [sys.executable, "-m", f"services.{SERVICE}", *sys.argv[1:]]
    worker = ["worker", "-Q", SERVICE, "-n", f"{SERVICE}@%h", "-E", "--without-gossip", "--without-mingle"]
    level = os.environ.get("FAULTLINE_LOG_LEVEL", "info").upper()
    concurrency = os.environ.get(f"FAULTLINE_{SERVICE.upper()}_CONCURRENCY", "1")
    flags = ["--loglevel", level, "--concurrency", concurrency]
    return [sys.executable, "-m", "celery", "-A", f"services.{SERVICE}.worker:app", *worker, *flags, *sys.argv[1:]]


if __name__ == "__main__":
    if sys.argv[1:2] == ["prepare"]:
        os.execv(sys.executable, [sys.executable, "-m", "services.gateway.prepare", *sys.argv[2:]])
    arguments = command()
    os.execv(arguments[0], arguments)
