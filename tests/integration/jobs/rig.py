"""Jobs in motion for real: Valkey, a Celery worker process, the door over HTTP, the relay; a store in memory."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from services.gateway.adapters.celery_queue import CeleryJobQueue
from services.gateway.api.door import create_door_app
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Delivery, DeliveryState, Job
from services.gateway.handlers.accept_delivery import Incoming, accept_delivery
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.follow_job import follow_job
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.run_timers import run_timer
from services.gateway.handlers.write_question import write_question
from services.gateway.ports import Committed
from services.gateway.relay import Relay, RelayOptions
from services.gateway.server import AppServer
from shared.adapters.clock import SystemClock
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore
from tests.support.valkey import Valkey, running_valkey

ROOT = Path(__file__).resolve().parents[3]
DOOR_KEY = "door-key-of-the-rig"
# Generous, because the machine may be busy: it is a deadline, not a measurement.
PATIENCE_SECONDS = 60.0
LEASE_SECONDS = 1.0


class Rig:
    """The gateway's moving parts in this process, over a real broker."""

    def __init__(self, valkey: Valkey, folder: Path, lease_seconds: float) -> None:
        self.valkey = valkey
        self._lease_seconds = lease_seconds
        self.clock = SystemClock()
        self.store = MemoryStore(self.clock)
        self.judge = Judge(GroupingPolicy())
        self.recorder = Recorder(self.judge)
        self.blobs = MemoryBlobs(self.clock)
        self._folder = folder
        self._changed = threading.Condition()
        self.store.subscribe(self._on_commit)
        self.queue = CeleryJobQueue(valkey.url)
        self.relay = self._make_relay()
        self._door = AppServer(
            create_door_app(
                door_key=DOOR_KEY,
                relay=self.relay,
                blobs=self.blobs,
                record_results=lambda results: record_results(self.store, self.recorder, results, self.blobs),
            ),
            "127.0.0.1",
            0,
            threads=4,
            max_body_bytes=64 << 20,
            name="door",
        )

    def start(self) -> None:
        """Open the door and set the relay in motion."""
        self._door.start(on_failure=lambda: None)
        self.relay.start()

    def stop(self) -> None:
        """Stop both."""
        self.relay.stop()
        self._door.stop()
        self.queue.close()

    def accept(self, body: bytes, source: str = "alertmanager") -> str:
        """Accept a delivery as the API does, and return its id."""
        incoming = Incoming(source=source, sender="token:test", headers={}, body=body)
        return accept_delivery(self.store, self.blobs, incoming).delivery_id

    def delivery(self, delivery_id: str) -> Delivery:
        """Return the delivery as it stands."""
        return self.store.get(Delivery, delivery_id)

    def job(self, delivery_id: str) -> Job:
        """Return the job of a delivery."""
        return self.store.get(Job, self.delivery(delivery_id).job_id)

    def wait_until_done(self, delivery_ids: list[str]) -> list[Delivery]:
        """Return the deliveries once each has an outcome."""
        self.wait_for(
            lambda: all(self.delivery(one).state is not DeliveryState.ACCEPTED for one in delivery_ids),
            f"{len(delivery_ids)} outcomes",
        )
        return [self.delivery(one) for one in delivery_ids]

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Return once ``holds``; looked at after each commit, and now and then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while not holds():
                if time.monotonic() > deadline:
                    raise AssertionError(f"not in time: {what}; relay: {self.relay.stats()}\n{self.log()}")
                self._changed.wait(0.05)

    @contextlib.contextmanager
    def worker(
        self, service: str = "intake", module: str = "", *, processes: int = 1, **env: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run the worker of a service, or that of ``module``, until the block ends."""
        process = self.start_worker(service, module, processes=processes, **env)
        try:
            yield process
        finally:
            end(process)

    def start_worker(
        self, service: str = "intake", module: str = "", *, processes: int = 1, **env: str
    ) -> subprocess.Popen[bytes]:
        """Start a worker and return at once."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FAULTLINE_", "COV_"))}
        ours = {
            "FAULTLINE_BROKER_URL": self.valkey.url,
            "FAULTLINE_DOOR_URL": f"http://127.0.0.1:{self._door.port}",
            "FAULTLINE_DOOR_KEY": DOOR_KEY,
        }
        flags = ["-Q", service, "-c", str(processes), "--without-gossip", "--without-mingle"]
        with (self._folder / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "celery",
                    "-A",
                    f"{module or f'services.{service}.worker'}:app",
                    "worker",
                    *flags,
                ],
                cwd=ROOT,
                env=clean | ours | env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_for_hello(self, count: int = 1) -> None:
        """Return once ``count`` workers have said hello."""
        self.wait_for(lambda: len(self.relay.stats().workers) >= count, "a worker's hello")

    def _make_relay(self) -> Relay:
        return Relay(
            self.store,
            self.queue,
            self.clock,
            on_timer=lambda job_id: run_timer(self.store, self.judge, job_id),
            dead_letter=dead_letter,
            write_question=write_question,
            on_moved=follow_job,
            options=RelayOptions(lease_seconds=self._lease_seconds),
        )

    def _on_commit(self, _: Committed) -> None:
        with self._changed:
            self._changed.notify_all()

    def log(self) -> str:
        """Return what workers wrote last."""
        path = self._folder / "worker.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-30:]) if path.exists() else ""


def end(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGKILL) -> None:
    """End a worker and wait for it; its pool ends with it."""
    if process.poll() is None:
        process.send_signal(number)
    process.wait(30)


def pool_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the process ids of a worker's pool."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


@contextlib.contextmanager
def running_rig(folder: Path, lease_seconds: float = LEASE_SECONDS) -> Iterator[Rig]:
    """Yield a started rig; nothing of it stays."""
    with running_valkey() as valkey:
        rig = Rig(valkey, folder, lease_seconds)
        rig.start()
        try:
            yield rig
        finally:
            rig.stop()
