"""Record what workers report: check (job, attempt), turn results into changes, commit once for the batch."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from services.gateway.domain.records import (
    Change,
    ChangeOutcome,
    Delivery,
    DeliveryState,
    EntryDraft,
    EntryType,
    Job,
    JobState,
    Outcome,
    SignalOutcome,
    SignalReading,
)
from services.gateway.handlers.apply_signal import apply_signal
from services.gateway.handlers.arrival import Arrival
from services.gateway.handlers.count_noise import Lanes, Tally
from services.gateway.handlers.follow_quickdx import follow_job
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.handlers.record_graph import GraphResult, Read, read_graph_results, record_graph
from services.gateway.handlers.scratch import ScratchTransaction
from services.gateway.ports import Blobs, Store, Transaction
from shared.contracts.messages import (
    DeliveryNormalised,
    DeliveryQuarantined,
    JobFailed,
    JobResult,
    Results,
    ResultsRecorded,
)
from shared.contracts.signal import ChangeEvent, NormalisedSignal

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=5)
# A delivery is listed under the most telling outcome of its signals, in this order.
_TELLING = (Outcome.OPENED, Outcome.REOPENED, Outcome.JOINED, Outcome.SUPPRESSED, Outcome.NOTED, Outcome.IGNORED)
_ERROR_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Recorder:
    """What recording needs besides the store; one for a gateway."""

    judge: Judge
    lanes: Lanes = field(default_factory=Lanes)


def record_results(store: Store, recorder: Recorder, results: Results, blobs: Blobs | None = None) -> ResultsRecorded:
    """Record a batch of results in one commit. A result of a finished job is accepted and ignored.

    Workers change nothing outside, so a result of an earlier attempt is as good as one of the newest: whichever
    comes first is recorded, and the job is finished. ``blobs`` are needed where the graph worker reports.
    """
    read = read_graph_results(blobs, results) if blobs is not None else {}
    with recorder.lanes.lane() as lane:

        def work(tx: Transaction) -> ResultsRecorded:
            tally = Tally()
            recorded = sum(_record(tx, recorder.judge, tally, read, result) for result in results.results)
            tally.put(tx, lane)
            return ResultsRecorded(recorded=recorded, ignored=len(results.results) - recorded)

        return store.transact(work)


def _record(tx: Transaction, judge: Judge, tally: Tally, read: Mapping[str, Read], result: JobResult) -> bool:
    job = tx.find(Job, result.job_id)
    if job is None or job.state.is_final:
        return False
    if isinstance(result, JobFailed):
        if result.attempt < job.attempt:
            return False
        _record_failure(tx, job, result)
        return True
    if isinstance(result, GraphResult):
        problem = record_graph(tx, job, result, read)
        state = JobState.SUCCEEDED if problem is None else JobState.FAILED
        finish_job(tx, job, state, attempt=result.attempt, error=problem)
        return True
    return _record_delivery(tx, judge, tally, job, result)


def _record_delivery(
    tx: Transaction, judge: Judge, tally: Tally, job: Job, result: DeliveryNormalised | DeliveryQuarantined
) -> bool:
    delivery = tx.find(Delivery, job.delivery_id or "")
    if delivery is None or delivery.id != result.delivery_id:
        return False
    if delivery.preview_id is not None:
        _record_preview(tx, judge, delivery, result)
    elif isinstance(result, DeliveryNormalised):
        _record_signals(tx, judge, tally, delivery, result)
    else:
        tally.count_delivery(delivery.source)
        quarantine(tx, delivery, code=result.code, reason=result.reason)
    finish_job(tx, job, JobState.SUCCEEDED, attempt=result.attempt)
    return True


def _record_signals(
    tx: Transaction,
    judge: Judge,
    tally: Tally,
    delivery: Delivery,
    result: DeliveryNormalised,
) -> None:
    arrival = _arrival(delivery)
    outcomes = tuple(apply_signal(tx, signal, arrival, judge) for signal in result.signals)
    if result.truncated:
        _note_truncation(tx, arrival, outcomes, result.truncated)
    tally.count_delivery(delivery.source)
    tally.count_signals(delivery.source, outcomes)
    tx.put(
        msgspec.structs.replace(
            delivery,
            state=DeliveryState.PROCESSED,
            outcome=_most_telling(outcomes, has_changes=bool(result.changes)),
            signals=outcomes,
            changes=tuple(_note_change(tx, delivery, change) for change in result.changes),
            warnings=result.warnings,
            processed_at=tx.now,
        ),
    )


def _record_preview(
    tx: Transaction,
    judge: Judge,
    delivery: Delivery,
    result: DeliveryNormalised | DeliveryQuarantined,
) -> None:
    """Note what the delivery would do if it came now; of what that would change, nothing is kept."""
    previewed = msgspec.structs.replace(delivery, state=DeliveryState.PREVIEWED, processed_at=tx.now)
    if isinstance(result, DeliveryQuarantined):
        previewed = msgspec.structs.replace(
            previewed, outcome=Outcome.QUARANTINED, code=result.code, reason=result.reason
        )
    else:
        scratch, arrival = ScratchTransaction(tx.find, tx.now), _arrival(delivery)
        outcomes = tuple(apply_signal(scratch, signal, arrival, judge) for signal in result.signals)
        previewed = msgspec.structs.replace(
            previewed,
            outcome=_most_telling(outcomes, has_changes=bool(result.changes)),
            signals=tuple(scratch.without_new_ids(outcome) for outcome in outcomes),
            readings=tuple(_reading_of(signal) for signal in result.signals),
            changes=tuple(ChangeOutcome(change_id=_change_id(c.key), summary=c.summary) for c in result.changes),
            warnings=result.warnings,
        )
    tx.put(previewed)


def _reading_of(signal: NormalisedSignal) -> SignalReading:
    return SignalReading(
        name=signal.name,
        title=signal.title,
        service=signal.service,
        labels=signal.labels,
        dedup_key=signal.dedup_key,
        link=signal.link,
    )


def _note_change(tx: Transaction, delivery: Delivery, event: ChangeEvent) -> ChangeOutcome:
    """Keep a change as context. The same event again is the same change."""
    change_id = _change_id(event.key)
    if tx.find(Change, change_id) is None:
        tx.put(
            Change(
                id=change_id,
                source=event.source,
                summary=event.summary,
                occurred_at=event.occurred_at,
                service=event.service,
                namespace=event.namespace,
                cluster=event.cluster,
                labels=event.labels,
                link=event.link,
                delivery_id=delivery.id,
                received_at=delivery.received_at,
            ),
        )
    return ChangeOutcome(change_id=change_id, summary=event.summary)


def _change_id(key: str) -> str:
    return "chg_" + hashlib.sha256(key.encode()).hexdigest()[:26]


def _arrival(delivery: Delivery) -> Arrival:
    return Arrival(
        accepted_seq=delivery.accepted_seq,
        received_at=delivery.received_at,
        source=delivery.source,
        delivery_id=delivery.id,
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


def _most_telling(outcomes: tuple[SignalOutcome, ...], *, has_changes: bool) -> Outcome:
    seen = {outcome.outcome for outcome in outcomes}
    if has_changes:
        seen.add(Outcome.NOTED)
    return next((outcome for outcome in _TELLING if outcome in seen), Outcome.IGNORED)


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


def finish_job(tx: Transaction, job: Job, state: JobState, *, attempt: int, error: str | None = None) -> None:
    """Put ``job`` in a final ``state``, and what waits for it in step."""
    finished = msgspec.structs.replace(
        job,
        state=state,
        attempt=max(attempt, job.attempt),
        error=error[:_ERROR_LIMIT] if error else None,
        finished_at=tx.now,
    )
    tx.put(finished)
    follow_job(tx, finished)


def _record_failure(tx: Transaction, job: Job, result: JobFailed) -> None:
    if result.retryable and result.attempt < job.max_attempts:
        wait = min(_FIRST_RETRY * 2 ** (result.attempt - 1), _LONGEST_RETRY)
        waiting = msgspec.structs.replace(
            job,
            state=JobState.PENDING,
            attempt=result.attempt,
            error=result.error[:_ERROR_LIMIT],
            not_before=tx.now + wait,
        )
        tx.put(waiting)
        follow_job(tx, waiting)
        return
    dead_letter(tx, job, attempt=result.attempt, code="worker_failed", error=result.error)


def dead_letter(tx: Transaction, job: Job, *, attempt: int, code: str, error: str) -> None:
    """Give ``job`` up as failed. Its delivery, if it has one, is quarantined, so that it has an outcome too."""
    finish_job(tx, job, JobState.FAILED, attempt=attempt, error=error)
    delivery = tx.find(Delivery, job.delivery_id) if job.delivery_id else None
    if delivery is not None and delivery.state is DeliveryState.ACCEPTED:
        quarantine(tx, delivery, code=code, reason=f"gave up after {attempt} attempts: {error[:500]}")
