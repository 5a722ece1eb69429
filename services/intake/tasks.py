"""The intake worker's one task: decode the message, run the handler, report."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import msgspec
import structlog
from celery import Celery

from services.intake.handlers import Sources, work_off
from services.intake.ports import Door
from shared.adapters.jobs_in_hand import JobsInHand
from shared.contracts.messages import DeliveryToNormalise, decode_normalise_deliveries
from shared.contracts.queues import NORMALISE_DELIVERIES
from shared.errors import AppError

log = structlog.get_logger(__name__)


def register_tasks(
    app: Celery, *, sources: Sources, open_door: Callable[[], Door], worker: str, in_hand: JobsInHand
) -> None:
    """Add the task to ``app``. ``open_door`` is called in the process that does the work."""

    def working(delivery: DeliveryToNormalise) -> AbstractContextManager[None]:
        return in_hand.working(NORMALISE_DELIVERIES, delivery, delivery_id=delivery.delivery_id)

    @app.task(name=NORMALISE_DELIVERIES, ignore_result=True)
    def normalise_deliveries(message: str) -> None:
        try:
            decoded = decode_normalise_deliveries(message.encode())
        except msgspec.DecodeError:
            # Its jobs are not known to us; their leases bring them back to the gateway.
            log.exception("a message cannot be read")
            return
        try:
            with in_hand.message():
                work_off(decoded, sources, open_door(), worker=worker, working=working)
        except AppError as error:
            # Not a failed attempt: whatever was not reported is brought back by its lease.
            log.warning("a batch could not be reported", message_id=decoded.message_id, problem=str(error))
