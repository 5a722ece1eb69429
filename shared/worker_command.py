"""How a worker is started: the same command line under `faultline up` and in a container."""

import sys


def worker_command(service: str, *, concurrency: int | str, log_level: str, events: bool) -> tuple[str, ...]:
    """Return the command line of a service's worker; ``events`` are for Flower, and cost where nobody watches."""
    flags = ["-Q", service, "-n", f"{service}@%h", "-c", str(concurrency), "--loglevel", log_level.upper()]
    flags += ["--without-gossip", "--without-mingle", *(["-E"] if events else [])]
    # Quiet leaves out the banner, which is no line of JSON; `worker: Warm shutdown` comes all the same.
    return (sys.executable, "-m", "celery", "--quiet", "-A", f"services.{service}.worker:app", "worker", *flags)
