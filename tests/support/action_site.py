"""What executes actions, as processes of its own: gateway, Valkey, actions workers, over a cluster that can be changed.

Each process can be killed alone, which ``faultline up`` would not let stand: it starts again what ended.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.action_desk import ADMIN_TOKEN, Desk
from tests.support.kube_writes import WritableKube
from tests.support.product import ROOT
from tests.support.valkey import Valkey, running_valkey
from tests.support.waiting import wait_until

DOOR_KEY = "door-key-of-the-site"
START_SECONDS = 60.0
LEASE_SECONDS = 1.0


@dataclass
class Site:
    """The processes. ``gateway_settings`` hold at the next start of the gateway, ``worker_settings`` at a worker's."""

    folder: Path
    valkey: Valkey
    kube: WritableKube
    gateway_settings: dict[str, str] = field(default_factory=dict)
    worker_settings: dict[str, str] = field(default_factory=dict)
    url: str = ""
    door_url: str = ""
    _gateway: subprocess.Popen[bytes] | None = None
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _starts: int = 0

    @property
    def data_dir(self) -> Path:
        """Where the gateway keeps everything."""
        return self.folder / "data"

    def desk(self, token: str = ADMIN_TOKEN) -> Desk:
        """Return a person at the API: the admin, or whose token it is."""
        return Desk(self.url, token)

    # --- the gateway

    def start_gateway(self) -> None:
        """Start it, on the same ports as before, and return once it listens."""
        # Named at the first start too: what listened on any port cannot be bound again while clients hold on to it.
        self.url, self.door_url = self.url or _free_url(), self.door_url or _free_url()
        self._starts += 1
        log = self.folder / f"gateway-{self._starts}.log"
        ours = {
            "FAULTLINE_DATA_DIR": str(self.data_dir),
            "FAULTLINE_PORT": self.url.rpartition(":")[2],
            "FAULTLINE_GATEWAY_DOOR_PORT": self.door_url.rpartition(":")[2],
            "FAULTLINE_GATEWAY_LEASE_SECONDS": str(LEASE_SECONDS),
            "FAULTLINE_GATEWAY_INVESTIGATE": "asked",
            "FAULTLINE_GATEWAY_INVENTORY_SECONDS": "0",
            "FAULTLINE_BROKER_URL": self.valkey.url,
            "FAULTLINE_DOOR_KEY": DOOR_KEY,
            "FAULTLINE_ADMIN_TOKEN": ADMIN_TOKEN,
        }
        self._gateway = process = _start(["-m", "services.gateway"], ours | self.gateway_settings, log)
        wait_until(lambda: process.poll() is not None or _listens(log), "the gateway to listen", START_SECONDS)
        assert process.poll() is None, log.read_text()

    def kill_gateway(self) -> None:
        """End it as kill -9 does."""
        assert self._gateway is not None
        _kill(self._gateway)

    # --- workers

    def start_worker(self, door_url: str | None = None) -> subprocess.Popen[bytes]:
        """Start an actions worker that speaks to the door at ``door_url``, or to the gateway's; return at once."""
        ours = {
            "FAULTLINE_BROKER_URL": self.valkey.url,
            "FAULTLINE_DOOR_URL": door_url or self.door_url,
            "FAULTLINE_DOOR_KEY": DOOR_KEY,
            "FAULTLINE_ACTIONS_KUBECONFIG": str(self.kube.write_kubeconfig(self.folder / "kubeconfig")),
        }
        celery = ["-m", "celery", "-A", "services.actions.worker:app", "worker", "-Q", "actions", "-c", "1"]
        flags = ["--without-gossip", "--without-mingle", "-n", f"worker-{len(self._workers)}@%h"]
        worker = _start([*celery, *flags], ours | self.worker_settings, self.folder / "workers.log")
        self._workers.append(worker)
        return worker

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """End a worker as kill -9 of all its processes does: a pool would else end what it is at."""
        _kill(worker)

    def stop(self) -> None:
        """End everything."""
        for process in (*self._workers, self._gateway):
            if process is not None:
                _kill(process)

    def logs(self) -> str:
        """Return all that the processes said."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))


@contextlib.contextmanager
def running_site(folder: Path, kube: WritableKube, **gateway_settings: str) -> Iterator[Site]:
    """Yield a site with a gateway that listens, and no worker yet; nothing of it stays but its folder."""
    with running_valkey() as valkey:
        site = Site(folder, valkey, kube, gateway_settings)
        try:
            site.start_gateway()
            yield site
        except BaseException:
            print(site.logs()[-6_000:], file=sys.stderr)
            raise
        finally:
            site.stop()


def _start(arguments: list[str], settings: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FAULTLINE_", "COV_"))}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=clean | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Its group is its own, so this ends it with its children and nobody else.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def _listens(log: Path) -> bool:
    return '"gateway listens"' in log.read_text(errors="replace")


def _free_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
