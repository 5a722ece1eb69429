"""Composition root of the actions worker: ``celery -A services.actions.worker:app worker -Q actions``."""

import logging
import os
import socket
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from celery import Celery, signals

from services.actions.adapters.child import WardedChild
from services.actions.adapters.clusters import Clusters
from services.actions.adapters.known_names import KnownNames
from services.actions.adapters.policy_file import read_policy
from services.actions.domain.commands.file import PolicyInvalid
from services.actions.handlers.commands import PolicedCommands
from services.actions.handlers.jobs import MOST_SECONDS, ActionJobs
from services.actions.settings import read_actions_settings
from services.actions.tasks import register_tasks
from shared.adapters.celery_app import create_celery_app
from shared.adapters.door_client import DoorClient
from shared.adapters.greeting import Greeter
from shared.adapters.heartbeat import Heartbeat
from shared.adapters.logging import configure_logging
from shared.contracts.messages import Claimed, Hello
from shared.contracts.queues import Queue
from shared.ids import new_id

# What is killed for its time ends as unknown. Each action has an end of its own; this is for what hangs all the same.
_SECONDS_TO_END = 300


def _open_commands(file: Path | None) -> PolicedCommands | None:
    """Return what runs commands; None without a policy. A policy that cannot be read ends the worker, with a word."""
    if file is None:
        return None
    try:
        read_policy(file)
    except PolicyInvalid as error:
        raise SystemExit(f"The policy of commands is not usable:\n{error}") from None
    return PolicedCommands(partial(read_policy, file), WardedChild(os.environ))


_settings = read_actions_settings(os.environ)
# The name is new with every start, so that the gateway can tell a restarted worker from one that stayed.
_worker_name = f"actions@{socket.gethostname()}:{new_id('wrk')}"

_clusters = Clusters(_settings.kubeconfig, _settings.contexts, _settings.cluster_name)
_commands = _open_commands(_settings.commands)


def _version() -> str:
    try:
        return version("faultline")
    except PackageNotFoundError:  # An image that holds the source only.
        return "0.0.0"


@cache
def _open_door() -> DoorClient:
    # Made in the pool's process at its first task: a connection must not be shared across a fork.
    return DoorClient(_settings.door_url, _settings.door_key)


@cache
def _open_beating_door() -> DoorClient:
    # A connection of its own, since beats come from another thread; one that is not heard is soon followed by another.
    return DoorClient(_settings.door_url, _settings.door_key, patience_seconds=0.0)


def _beating(claimed: Claimed) -> Heartbeat:
    return Heartbeat(_open_beating_door().beat, claimed)


def _create_app() -> Celery:
    app = create_celery_app("actions", _settings.broker_url)
    app.conf.worker_concurrency = _settings.concurrency
    app.conf.task_time_limit = MOST_SECONDS + _SECONDS_TO_END
    jobs = ActionJobs(_clusters, _commands, worker=_worker_name)
    register_tasks(app, jobs=jobs, open_door=_open_door, beating=_beating)
    return app


app = _create_app()
_greeter = Greeter(
    DoorClient(_settings.door_url, _settings.door_key, patience_seconds=5.0),
    Hello(
        service="actions",
        worker=_worker_name,
        version=_version(),
        queues=(Queue.ACTIONS,),
        runs_commands=_commands is not None,
    ),
    KnownNames(_clusters.names),
    heard_file=_settings.heard_file,
)


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    configure_logging(level=_settings.log_level, log_format=_settings.log_format, service="actions")
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
