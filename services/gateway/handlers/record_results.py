"""Record what workers report: check (job, attempt), turn results into changes, commit once for the batch."""

from datetime import timedelta

import msgspec

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    Delivery,
    DeliveryState,
    EntryDraft,
    EntryType,
    Job,
    JobState,
    Outcome,
    SignalOutcome,
)
from services.gateway.handlers.apply_signal import apply_signal
from services.gateway.handlers.arrival import Arrival
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.ports import Store, Transaction
from shared.contracts.messages import (
    DeliveryNormalised,
    JobFailed,
    JobResult,
    Results,
    ResultsRecorded,
)

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=5)
# A delivery is listed under the most telling outcome of its signals, in this order.
_TELLING = (Outcome.OPENED, Outcome.REOPENED, Outcome.JOINED, Outcome.SUPPRESSED, Outcome.IGNORED)
_ERROR_LIMIT = 2_000


def record_results(store: Store, policy: GroupingPolicy, results: Results) -> ResultsRecorded:
    """Record a batch of results in one commit. A result of a finished job is accepted and ignored.

    Intake is pure, so a result of an earlier attempt is as good as one of the newest: whichever comes
    first is recorded, and the job is finished.
    """

    def work(tx: Transaction) -> ResultsRecorded:
        recorded = sum(_record(tx, policy, result) for result in results.results)
        return ResultsRecorded(recorded=recorded, ignored=len(results.results) - recorded)

    return store.transact(work)


def _record(tx: Transaction, policy: GroupingPolicy, result: JobResult) -> bool:
    job = tx.find(Job, result.job_id)
    if job is None or job.state.is_final:
        return False
    if isinstance(result, JobFailed):
        if result.attempt < job.attempt:
            return False
        _record_failure(tx, job, result)
        return True
    delivery = tx.find(Delivery, job.delivery_id or "")
    if delivery is None or delivery.id != result.delivery_id:
        return False
    if isinstance(result, DeliveryNormalised):
        _record_signals(tx, policy, delivery, result)
    else:
        quarantine(tx, delivery, code=result.code, reason=result.reason)
    finish_job(tx, job, JobState.SUCCEEDED, attempt=result.attempt)
    return True


def _record_signals(tx: Transaction, policy: GroupingPolicy, delivery: Delivery, result: DeliveryNormalised) -> None:
    arrival = Arrival(
        accepted_seq=delivery.accepted_seq,
        received_at=delivery.received_at,
        source=delivery.source,
        delivery_id=delivery.id,
    )
    outcomes = tuple(apply_signal(tx, signal, arrival, policy) for signal in result.signals)
    if result.truncated:
        _note_truncation(tx, arrival, outcomes, result.truncated)
    tx.put(
        msgspec.structs.replace(
            delivery,
            state=DeliveryState.PROCESSED,
            outcome=_most_telling(outcomes),
            signals=outcomes,
            warnings=result.warnings,
            processed_at=tx.now,
        ),
    )


def _note_truncation(tx: Transaction, arrival: Arrival, outcomes: tuple[SignalOutcome, ...], count: int) -> None:
    """Tell the incidents this body opened or reopened; repeats of the same truncated body say nothing new."""
    told = {Outcome.OPENED, Outcome.REOPENED}
    for incident_id in sorted({o.incident_id for o in outcomes if o.incident_id and o.outcome in told}):
        draft = EntryDraft(
            type=EntryType.SIGNALS_TRUNCATED,
            actor=SYSTEM,
            source=arrival.source,
            occurred_at=arrival.received_at,
            message=f"{count} alerts were left out of the body by the sender; their state is unknown",
            payload={"truncated": count, "deliveryId": arrival.delivery_id},
        )
        tx.append(incident_id, draft)


def _most_telling(outcomes: tuple[SignalOutcome, ...]) -> Outcome:
    seen = {outcome.outcome for outcome in outcomes}
    return next((outcome for outcome in _TELLING if outcome in seen), Outcome.IGNORED)


def quarantine(tx: Transaction, delivery: Delivery, *, code: str, reason: str) -> None:
    """Give ``delivery`` the outcome quarantined: kept, visible, and replayable once its cause is mended."""
    tx.put(
        msgspec.structs.replace(
            delivery,
            state=DeliveryState.QUARANTINED,
            outcome=Outcome.QUARANTINED,
            code=code,
            reason=reason,
            processed_at=tx.now,
        ),
    )


def finish_job(tx: Transaction, job: Job, state: JobState, *, attempt: int, error: str | None = None) -> None:
    """Put ``job`` in a final ``state``."""
    tx.put(
        msgspec.structs.replace(
            job,
            state=state,
            attempt=max(attempt, job.attempt),
            error=error[:_ERROR_LIMIT] if error else None,
            finished_at=tx.now,
        ),
    )


def _record_failure(tx: Transaction, job: Job, result: JobFailed) -> None:
    if result.retryable and result.attempt < job.max_attempts:
        wait = min(_FIRST_RETRY * 2 ** (result.attempt - 1), _LONGEST_RETRY)
        tx.put(
            msgspec.structs.replace(
                job,
                state=JobState.PENDING,
                attempt=result.attempt,
                error=result.error[:_ERROR_LIMIT],
                not_before=tx.now + wait,
            ),
        )
        return
    dead_letter(tx, job, attempt=result.attempt, code="worker_failed", error=result.error)


def dead_letter(tx: Transaction, job: Job, *, attempt: int, code: str, error: str) -> None:
    """Give ``job`` up as failed. Its delivery, if it has one, is quarantined, so that it has an outcome too."""
    finish_job(tx, job, JobState.FAILED, attempt=attempt, error=error)
    delivery = tx.find(Delivery, job.delivery_id) if job.delivery_id else None
    if delivery is not None and delivery.state is DeliveryState.ACCEPTED:
        quarantine(tx, delivery, code=code, reason=f"gave up after {attempt} attempts: {error[:500]}")
