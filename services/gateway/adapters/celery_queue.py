"""The broker as the relay sees it, through Celery."""

import contextlib
import threading
import time
from collections.abc import Callable

import structlog
from celery import Celery
from kombu import Connection, Producer, Queue
from kombu.exceptions import KombuError

from services.gateway.errors import BrokerUnavailable
from shared.adapters.celery_app import create_celery_app

log = structlog.get_logger(__name__)

_HEALTH_MAX_AGE_SECONDS = 1.0
_ARGUMENTS_SHOWN = "(a message; its jobs are in the gateway's API)"


class CeleryJobQueue:
    """Publishes over one connection of its own, made anew after any failure. Safe to use from many threads."""

    def __init__(self, broker_url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._app: Celery = create_celery_app("gateway", broker_url)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._producer: Producer | None = None
        self._health: str | None = None
        self._health_at = float("-inf")

    def publish(self, task: str, message: bytes, *, queue: str) -> None:
        """Hand one message to the broker; see ``JobQueue``."""
        with self._lock:
            try:
                self._app.send_task(
                    task,
                    args=(message.decode(),),
                    queue=queue,
                    producer=self._open_producer(),
                    retry=False,
                    ignore_result=True,
                    # Bodies may hold what nobody should read in Flower.
                    argsrepr=_ARGUMENTS_SHOWN,
                )
            except Exception as error:
                self._note(_broker_error(error))
                raise BrokerUnavailable(str(self._health)) from error
            self._note(None)

    def health(self) -> str | None:
        """Return None when the broker answers; asked at most once a second.

        Never waits for another thread: while one asks or publishes, the answer is what was known before.
        """
        if self._is_fresh() or not self._lock.acquire(blocking=False):
            return self._health
        try:
            # Asked again: another thread may have asked between the look and the lock.
            if not self._is_fresh():
                self._ask()
        finally:
            self._lock.release()
        return self._health

    def _is_fresh(self) -> bool:
        return self._monotonic() - self._health_at < _HEALTH_MAX_AGE_SECONDS

    def _ask(self) -> None:
        try:
            # Declaring a queue of our own asks the broker and touches no work.
            self._open_producer()
            channel = self._connection.default_channel if self._connection is not None else None
            Queue("faultline.health", durable=False, exclusive=True, channel=channel).queue_declare()
        except Exception as error:  # noqa: BLE001 - any failure to ask is the answer.
            self._note(_broker_error(error))
        else:
            self._note(None)

    def close(self) -> None:
        """Drop the connection."""
        with self._lock:
            self._drop()

    def _open_producer(self) -> Producer:
        if self._producer is None:
            # Kept before it connects, so that ``_drop`` closes it if that fails.
            self._connection = self._app.connection_for_write()
            self._producer = self._app.amqp.Producer(self._connection, auto_declare=False)
        return self._producer

    def _note(self, problem: str | None) -> None:
        if problem is not None:
            self._drop()
        if problem != self._health:
            log.warning("broker health changed", problem=problem)
        self._health = problem
        self._health_at = self._monotonic()

    def _drop(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(OSError, KombuError, AttributeError):
                connection.close()


def _broker_error(error: Exception) -> str:
    """Word a failure without its text, which may hold the broker's URL with its password."""
    return f"the broker does not answer ({type(error).__name__})"
