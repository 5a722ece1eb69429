"""What every worker is made of besides its tasks: its name, ways to the door, hello, logs, metrics and traces."""

import logging
import socket
from collections.abc import Callable, MutableMapping
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from celery import Celery, signals

from shared.adapters.celery_app import create_celery_app
from shared.adapters.door_client import DoorClient
from shared.adapters.ending import Ending
from shared.adapters.greeting import Greeter
from shared.adapters.heartbeat import Heartbeat
from shared.adapters.jobs_in_hand import JobsInHand, add_job_ids
from shared.adapters.logging import configure_logging
from shared.adapters.metrics.worker_metrics import WorkerMetrics
from shared.adapters.traced_door import TracedDoor
from shared.adapters.tracing import open_tracer
from shared.contracts.messages import Claimed, Hello
from shared.contracts.queues import Queue
from shared.ids import new_id
from shared.worker_settings import WorkerSettings

_HELLO_PATIENCE_SECONDS = 5.0


class Worker:
    """One start of a service's worker. Made by its composition root, in the main process, before anything forks."""

    def __init__(self, queue: Queue, settings: WorkerSettings, environ: MutableMapping[str, str]) -> None:
        """The service is called as its ``queue``; into ``environ`` goes what the metrics' library reads there."""
        self._queue, self._settings = queue, settings
        # New with every start, so that the gateway can tell a restarted worker from one that stayed.
        self.name = f"{queue}@{socket.gethostname()}:{new_id('wrk')}"
        self.version = _installed_version()
        self._metrics = WorkerMetrics(str(queue), self.version, settings, environ)
        self._tracer = open_tracer(settings.traces, service=str(queue), version=self.version)
        self.in_hand = JobsInHand(self._tracer)
        self.ending = Ending()

    def open_door(self) -> TracedDoor:
        """Return this process's connection to the door."""
        return self._door

    def beating(self, claimed: Claimed) -> Heartbeat:
        """Return what keeps ``claimed`` alive while it is worked on."""
        return Heartbeat(self._beating_door.beat, claimed)

    def create_app(self, *, concurrency: int) -> Celery:
        """Return the Celery app, without tasks yet, whose worker logs as the settings say, and counts."""
        app = create_celery_app(str(self._queue), self._settings.broker_url)
        app.conf.worker_concurrency = concurrency
        signals.setup_logging.connect(self._set_up_logging, weak=False)
        signals.worker_shutting_down.connect(lambda **_: self.ending.begin(), weak=False)
        signals.worker_process_shutdown.connect(lambda **_: self._tracer.close(), weak=False)
        self._metrics.follow(app)
        return app

    def greet(self, clusters: Callable[[], tuple[str, ...]] = tuple, **words: Any) -> None:
        """Say hello while the worker runs. ``clusters`` is what ``Greeter`` takes, ``words`` more of ``Hello``."""
        hello = Hello(service=str(self._queue), worker=self.name, version=self.version, queues=(self._queue,))
        greeter = Greeter(
            DoorClient(self._settings.door_url, self._settings.door_key, patience_seconds=_HELLO_PATIENCE_SECONDS),
            msgspec.structs.replace(hello, **words),
            clusters,
            heard_file=self._settings.heard_file,
            on_heard=self._metrics.note_heard,
        )
        signals.worker_ready.connect(lambda **_: greeter.start(), weak=False)
        signals.worker_shutting_down.connect(lambda **_: greeter.stop(), weak=False)

    @cached_property
    def _door(self) -> TracedDoor:
        # Made in the pool's process at its first task: a connection must not be shared across a fork.
        door = DoorClient(self._settings.door_url, self._settings.door_key, observe=self._metrics.count_call)
        return TracedDoor(door, self.in_hand)

    @cached_property
    def _beating_door(self) -> DoorClient:
        # A connection of its own, since beats come from another thread; one not heard is soon followed by another.
        return DoorClient(
            self._settings.door_url, self._settings.door_key, patience_seconds=0.0, observe=self._metrics.count_call
        )

    def _set_up_logging(self, **_: Any) -> None:
        level, log_format = self._settings.log_level, self._settings.log_format
        configure_logging(level=level, log_format=log_format, service=str(self._queue), adding=(add_job_ids,))
        if level != "debug":
            # Two lines for every message, of what the gateway's jobs and metrics say better.
            for name in ("celery.worker.strategy", "celery.app.trace"):
                logging.getLogger(name).setLevel(logging.WARNING)


def _installed_version() -> str:
    try:
        return version("faultline")
    except PackageNotFoundError:  # An image that holds the source only.
        return "0.0.0"
