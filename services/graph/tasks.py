"""The graph worker's tasks: decode the message, do the job, report."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import structlog
from celery import Celery

from services.graph.handlers.jobs import Beating, GraphJobs
from services.graph.ports import Door
from shared.contracts.messages import decode_diagnose_resource, decode_investigate_incident, decode_take_inventory
from shared.contracts.queues import DIAGNOSE_RESOURCE, INVESTIGATE_INCIDENT, TAKE_INVENTORY
from shared.errors import AppError

log = structlog.get_logger(__name__)
M = TypeVar("M")


def register_tasks(app: Celery, *, jobs: GraphJobs, open_door: Callable[[], Door], beating: Beating) -> None:
    """Add the tasks to ``app``. ``open_door`` and ``beating`` are called in the process that does the work."""

    @app.task(name=DIAGNOSE_RESOURCE, ignore_result=True)
    def diagnose_resource(message: str) -> None:
        _work(message, decode_diagnose_resource, lambda decoded: jobs.diagnose(decoded, open_door(), beating))

    @app.task(name=TAKE_INVENTORY, ignore_result=True)
    def take_inventory(message: str) -> None:
        _work(message, decode_take_inventory, lambda decoded: jobs.take_inventory(decoded, open_door(), beating))

    @app.task(name=INVESTIGATE_INCIDENT, ignore_result=True)
    def investigate_incident(message: str) -> None:
        _work(message, decode_investigate_incident, lambda decoded: jobs.investigate(decoded, open_door(), beating))


def _work(message: str, decode: Callable[[bytes], M], work: Callable[[M], None]) -> None:
    try:
        decoded = decode(message.encode())
    except msgspec.DecodeError:
        # Its job is not known to us; its lease brings it back to the gateway.
        log.exception("a message cannot be read")
        return
    try:
        work(decoded)
    except AppError as error:
        # Not a failed attempt: what was not reported is brought back by its lease.
        log.warning("a job could not be reported", problem=str(error))
