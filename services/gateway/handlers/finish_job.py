"""End a job, with what waits for it in step: its delivery, its diagnosis, its investigation, its action."""

import msgspec

from services.gateway.domain.records import Delivery, DeliveryState, Job, JobState, Outcome
from services.gateway.handlers.follow_job import follow_job
from services.gateway.ports import Transaction

ERROR_LIMIT = 2_000


def finish_job(tx: Transaction, job: Job, state: JobState, *, attempt: int, error: str | None = None) -> None:
    """Put ``job`` in a final ``state``, and what waits for it in step."""
    finished = msgspec.structs.replace(
        job,
        state=state,
        attempt=max(attempt, job.attempt),
        error=error[:ERROR_LIMIT] if error else None,
        finished_at=tx.now,
    )
    tx.put(finished)
    follow_job(tx, finished)


def quarantine(tx: Transaction, delivery: Delivery, *, code: str, reason: str) -> None:
    """Give ``delivery`` the outcome quarantined: kept, visible, and replayable once its cause is mended."""
    tx.put(
        msgspec.structs.replace(
            delivery,
            state=DeliveryState.PREVIEWED if delivery.preview_id else DeliveryState.QUARANTINED,
            outcome=Outcome.QUARANTINED,
            code=code,
            reason=reason,
            processed_at=tx.now,
        ),
    )


def dead_letter(tx: Transaction, job: Job, *, attempt: int, code: str, error: str) -> None:
    """Give ``job`` up as failed. Its delivery, if it has one, is quarantined, so that it has an outcome too."""
    finish_job(tx, job, JobState.FAILED, attempt=attempt, error=error)
    delivery = tx.find(Delivery, job.delivery_id) if job.delivery_id else None
    if delivery is not None and delivery.state is DeliveryState.ACCEPTED:
        quarantine(tx, delivery, code=code, reason=f"gave up after {attempt} attempts: {error[:500]}")
