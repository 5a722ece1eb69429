"""Composition root of the intake worker: ``celery -A services.intake.worker:app worker -Q intake``."""

import logging
import os
import socket
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from celery import Celery, signals

from services.intake.handlers import make_sources
from services.intake.settings import read_intake_settings
from services.intake.tasks import register_tasks
from shared.adapters.celery_app import create_celery_app
from shared.adapters.door_client import DoorClient
from shared.adapters.greeting import Greeter
from shared.adapters.logging import configure_logging
from shared.contracts.messages import Hello
from shared.contracts.queues import Queue
from shared.ids import new_id

_settings = read_intake_settings(os.environ)
# The name is new with every start, so that the gateway can tell a restarted worker from one that stayed.
_worker_name = f"intake@{socket.gethostname()}:{new_id('wrk')}"


def _version() -> str:
    try:
        return version("faultline")
    except PackageNotFoundError:  # An image that holds the source only.
        return "0.0.0"


@cache
def _open_door() -> DoorClient:
    # Made in the pool's process at its first task: a connection must not be shared across a fork.
    return DoorClient(_settings.door_url, _settings.door_key)


def _create_app() -> Celery:
    app = create_celery_app("intake", _settings.broker_url)
    app.conf.worker_concurrency = _settings.concurrency
    register_tasks(app, sources=make_sources(_settings.mapping), open_door=_open_door, worker=_worker_name)
    return app


app = _create_app()
_greeter = Greeter(
    DoorClient(_settings.door_url, _settings.door_key, patience_seconds=5.0),
    Hello(service="intake", worker=_worker_name, version=_version(), queues=(Queue.INTAKE,)),
    heard_file=_settings.heard_file,
)


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    configure_logging(level=_settings.log_level, log_format=_settings.log_format, service="intake")
    if _settings.log_level != "debug":
        # Two lines for every message, of what the gateway's jobs and metrics say better.
        for name in ("celery.worker.strategy", "celery.app.trace"):
            logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_ready.connect
def _say_hello(**_: Any) -> None:
    _greeter.start()


@signals.worker_shutting_down.connect
def _say_no_more(**_: Any) -> None:
    _greeter.stop()
