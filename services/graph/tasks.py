"""The graph worker's tasks: decode the message, do the job, report."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import structlog
from celery import Celery

from services.graph.handlers.jobs import Beating, GraphJob, GraphJobs
from services.graph.ports import Door
from shared.adapters.heartbeat import JobCancelled, JobStopped
from shared.adapters.jobs_in_hand import JobsInHand
from shared.contracts.messages import decode_diagnose_resource, decode_investigate_incident, decode_take_inventory
from shared.contracts.queues import DIAGNOSE_RESOURCE, INVESTIGATE_INCIDENT, TAKE_INVENTORY
from shared.errors import AppError

log = structlog.get_logger(__name__)
M = TypeVar("M", bound=GraphJob)


def register_tasks(
    app: Celery, *, jobs: GraphJobs, open_door: Callable[[], Door], beating: Beating, in_hand: JobsInHand
) -> None:
    """Add the tasks to ``app``. ``open_door`` and ``beating`` are called in the process that does the work."""

    def work(task: str, message: str, decode: Callable[[bytes], M], do: Callable[[M, Door, Beating], None]) -> None:
        try:
            decoded = decode(message.encode())
        except msgspec.DecodeError:
            # Its job is not known to us; its lease brings it back to the gateway.
            log.exception("a message cannot be read")
            return
        with in_hand.message(), in_hand.working(task, decoded):
            try:
                do(decoded, open_door(), beating)
            except JobStopped as stopped:
                is_cancelled = isinstance(stopped, JobCancelled)
                log.info("a job was stopped", is_cancelled=is_cancelled)
                if is_cancelled:
                    in_hand.cancelled(decoded.job_id)
            except AppError as error:
                # Not a failed attempt: what was not reported is brought back by its lease.
                log.warning("a job could not be reported", problem=str(error))

    @app.task(name=DIAGNOSE_RESOURCE, ignore_result=True)
    def diagnose_resource(message: str) -> None:
        work(DIAGNOSE_RESOURCE, message, decode_diagnose_resource, jobs.diagnose)

    @app.task(name=TAKE_INVENTORY, ignore_result=True)
    def take_inventory(message: str) -> None:
        work(TAKE_INVENTORY, message, decode_take_inventory, jobs.take_inventory)

    @app.task(name=INVESTIGATE_INCIDENT, ignore_result=True)
    def investigate_incident(message: str) -> None:
        work(INVESTIGATE_INCIDENT, message, decode_investigate_incident, jobs.investigate)
