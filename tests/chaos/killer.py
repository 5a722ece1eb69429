"""Kills the product's processes with -9, and makes its broker forget everything."""

import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.support.product import Product


@dataclass(frozen=True, slots=True)
class Plan:
    """How much harm a run does, and how far apart."""

    kills: int
    flushes: int
    broker_losses: int
    every_seconds: float


class Killer(threading.Thread):
    """Works through its plan in a random order; ``done`` counts what really happened."""

    def __init__(self, product: Product, plan: Plan, seed: int) -> None:
        super().__init__(name="killer", daemon=True)
        self._product = product
        self._plan = plan
        self._random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.stopped = threading.Event()

    def run(self) -> None:
        for harm in self._schedule():
            if self.stopped.wait(self._plan.every_seconds * self._random.uniform(0.6, 1.4)):
                return
            self._do(harm)

    def _schedule(self) -> list[str]:
        targets = ["gateway", "intake worker", "intake child"]
        harms = [targets[number % len(targets)] for number in range(self._plan.kills)]
        harms += ["broker flush"] * self._plan.flushes + ["broker loss"] * self._plan.broker_losses
        self._random.shuffle(harms)
        return harms

    def _do(self, harm: str) -> None:
        """Do one harm. One that finds no victim (it is being restarted) is tried again for a while."""
        deadline = time.monotonic() + 45
        while time.monotonic() < deadline and not self.stopped.is_set():
            if self._try(harm):
                self.done[harm] += 1
                return
            time.sleep(0.1)

    def _try(self, harm: str) -> bool:
        match harm:
            case "gateway":
                return _kill(self._product.pids.get("gateway"))
            case "intake worker":
                return _kill(self._product.pids.get("intake"))
            case "intake child":
                children = _children(self._product.pids.get("intake"))
                return _kill(self._random.choice(children)) if children else False
            case "broker flush":
                return _flush(self._product.broker_socket)
            case _:
                return _lose_broker(self._product.pids.get("broker"), self._product.data_dir / "broker")


def _kill(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _children(pid: int | None) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _flush(socket: Path | None) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=5) as client:
            return bool(client.flushall())
    except redis.RedisError:
        return False


def _lose_broker(pid: int | None, folder: Path) -> bool:
    """Unlink the broker's files while it still runs, then kill it: whoever starts next finds nothing."""
    if pid is None or not Path(f"/proc/{pid}").exists():
        return False
    for path in folder.glob("*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file():
            path.unlink(missing_ok=True)
    return _kill(pid)
