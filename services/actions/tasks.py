"""The actions worker's tasks: decode the message, do the job, report."""

from collections.abc import Callable

import msgspec
import structlog
from celery import Celery

from services.actions.handlers.jobs import ActionJobs, Beating
from services.actions.ports import Door
from shared.adapters.jobs_in_hand import JobsInHand
from shared.contracts.messages import decode_action_job
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION, VERIFY_ACTION
from shared.errors import AppError

log = structlog.get_logger(__name__)


def register_tasks(
    app: Celery, *, jobs: ActionJobs, open_door: Callable[[], Door], beating: Beating, in_hand: JobsInHand
) -> None:
    """Add the tasks to ``app``. ``open_door`` and ``beating`` are called in the process that does the work."""

    def work(task: str, message: str) -> None:
        try:
            decoded = decode_action_job(message.encode())
        except msgspec.DecodeError:
            # Its job is not known to us; its lease brings it back to the gateway.
            log.exception("a message cannot be read")
            return
        with in_hand.message(), in_hand.working(task, decoded):
            try:
                jobs.do(task, decoded, open_door(), beating)
            except AppError as error:
                # What was done stays done: where it was not reported, the gateway says that it is not known.
                log.warning("a job could not be reported", problem=str(error))

    @app.task(name=PREVIEW_ACTION, ignore_result=True)
    def preview_action(message: str) -> None:
        work(PREVIEW_ACTION, message)

    @app.task(name=EXECUTE_ACTION, ignore_result=True)
    def execute_action(message: str) -> None:
        work(EXECUTE_ACTION, message)

    @app.task(name=VERIFY_ACTION, ignore_result=True)
    def verify_action(message: str) -> None:
        work(VERIFY_ACTION, message)
