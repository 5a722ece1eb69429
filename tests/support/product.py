"""Start the whole product for a test, in a folder and on ports of its own, and stop it again.

Used by e2e tests, chaos runs and benchmarks. It starts what a person starts, ``faultline up``, and reads what
that writes for others to read, ``run.json``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
STOP_SECONDS = 45.0
TAIL_LINES = 40


class ProductFailed(AssertionError):
    """The product did not do what every test needs first; the message holds what it printed and logged."""


@dataclass(frozen=True, slots=True)
class Product:
    """A running Faultline. ``url`` has no slash at its end; ``token`` is an admin's."""

    data_dir: Path
    url: str
    door_url: str
    flower_url: str | None
    token: str
    supervisor_pid: int
    process: subprocess.Popen[bytes]

    @property
    def headers(self) -> dict[str, str]:
        """The header that authenticates a request as the admin."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by child name (``broker``, ``gateway``, ``intake``, ``flower``), as of now."""
        children = read_run(self.data_dir).get("children", {})
        return {name: child["pid"] for name, child in children.items() if child.get("pid")}

    @property
    def broker_socket(self) -> Path | None:
        """The socket of the embedded Valkey, or None if the broker is another."""
        path = read_run(self.data_dir).get("brokerSocket")
        return Path(path) if path else None

    def logs(self, lines: int = TAIL_LINES) -> str:
        """Return the ends of the supervisor's output and of every child's log."""
        return _tails(self.data_dir, lines)


@contextmanager
def running_product(tmp_path: Path, *, ready_seconds: float = READY_SECONDS, **env: str) -> Iterator[Product]:
    """Run the product until the block ends; its data folder is ``tmp_path / "data"``.

    Settings of the caller's environment are not handed on; ``env`` gives further ones. Flower is left out
    unless ``FAULTLINE_FLOWER_PORT`` is given, and incidents are investigated, and inventories taken, only when asked
    unless ``FAULTLINE_GATEWAY_INVESTIGATE`` and ``FAULTLINE_GATEWAY_INVENTORY_SECONDS`` say otherwise: what comes by
    itself would stand on timelines, and among jobs, that tests count. Raises ``ProductFailed`` when it is not ready
    in time. When the block raises, the ends of all logs are printed. A second run in the same ``tmp_path`` continues
    the first.
    """
    data_dir = tmp_path / "data"
    data_dir.mkdir(parents=True, exist_ok=True)
    process = _start(data_dir, env)
    try:
        yield _wait_until_ready(process, data_dir, ready_seconds, env)
    except BaseException:
        print(_tails(data_dir, TAIL_LINES), file=sys.stderr)
        raise
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Stop the product as Ctrl-C would and return its exit code; after a deadline, by force."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # Its children end with it.
        return process.wait()


def read_run(data_dir: Path) -> dict[str, Any]:
    """Return what ``faultline up`` says about itself; empty before it started and after it stopped."""
    try:
        return msgspec.json.decode((data_dir / "run.json").read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return {}


def product_env(data_dir: Path, env: dict[str, str]) -> dict[str, str]:
    """Return the environment ``faultline up`` is started with here: only settings given on purpose."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FAULTLINE_")}
    ours = {"FAULTLINE_PORT": "0", "FAULTLINE_FLOWER_PORT": "0", "FAULTLINE_DATA_DIR": str(data_dir)}
    ours["FAULTLINE_METRICS_PORT"] = "0"
    ours["FAULTLINE_GATEWAY_INVESTIGATE"] = "asked"
    ours["FAULTLINE_GATEWAY_INVENTORY_SECONDS"] = "0"
    return clean | ours | env


def _start(data_dir: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    with (data_dir.parent / "up.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up"],
            cwd=ROOT,
            env=product_env(data_dir, env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], data_dir: Path, seconds: float, env: dict[str, str]) -> Product:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ProductFailed(f"`faultline up` ended with {process.returncode}\n{_tails(data_dir, TAIL_LINES)}")
        run = read_run(data_dir)
        if run.get("pid") == process.pid and run.get("state") == "ready":
            return _product(process, data_dir, run, env)
        time.sleep(0.05)
    raise ProductFailed(f"not ready within {seconds:g} s\n{_tails(data_dir, TAIL_LINES)}")


def _product(process: subprocess.Popen[bytes], data_dir: Path, run: dict[str, Any], env: dict[str, str]) -> Product:
    token = env.get("FAULTLINE_ADMIN_TOKEN") or (data_dir / "admin-token").read_text().strip()
    return Product(
        data_dir=data_dir,
        url=run["url"],
        door_url=run["doorUrl"],
        flower_url=run.get("flowerUrl"),
        token=token,
        supervisor_pid=process.pid,
        process=process,
    )


def _tails(data_dir: Path, lines: int) -> str:
    paths = [data_dir.parent / "up.log", *sorted((data_dir / "logs").glob("*.log"))]
    return "\n".join(f"--- {path.name}\n{_tail(path, lines)}" for path in paths)


def _tail(path: Path, lines: int) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(none)"
