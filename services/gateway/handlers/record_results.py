"""Record what workers report: check (job, attempt), turn results into changes, commit once for the batch."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from services.gateway.domain.actions.policy import ApprovalPolicy
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
from services.gateway.handlers.finish_job import finish_job, quarantine
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.handlers.record_action import ActionResult, Prepared, prepare_action_results, record_action
from services.gateway.handlers.record_failure import record_failure
from services.gateway.handlers.record_graph import GraphResult, Read, read_graph_results, record_graph
from services.gateway.handlers.recording_trails import RecordingTrails
from services.gateway.handlers.scratch import ScratchTransaction
from services.gateway.ports import Blobs, Store, Transaction
from shared.adapters.tracing import NoTracer
from shared.contracts.messages import (
    ActionDone,
    ActionPreviewed,
    ActionVerified,
    DeliveryNormalised,
    DeliveryQuarantined,
    JobFailed,
    JobResult,
    Results,
    ResultsRecorded,
)
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION, VERIFY_ACTION
from shared.contracts.signal import ChangeEvent, NormalisedSignal
from shared.ports import Tracer

# A delivery is listed under the most telling outcome of its signals, in this order.
# What may be reported of the jobs of actions. An execution ends with what was done, and never just fails.
_OF_ACTIONS: dict[str, tuple[type, ...]] = {
    PREVIEW_ACTION: (ActionPreviewed, JobFailed),
    EXECUTE_ACTION: (ActionDone,),
    VERIFY_ACTION: (ActionVerified, JobFailed),
}
_TELLING = (Outcome.OPENED, Outcome.REOPENED, Outcome.JOINED, Outcome.SUPPRESSED, Outcome.NOTED, Outcome.IGNORED)


@dataclass(frozen=True, slots=True)
class Recorder:
    """What recording needs besides the store; one for a gateway."""

    judge: Judge
    policy: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    lanes: Lanes = field(default_factory=Lanes)
    tracer: Tracer = field(default_factory=NoTracer)


def record_results(store: Store, recorder: Recorder, results: Results, blobs: Blobs | None = None) -> ResultsRecorded:
    """Record a batch of results in one commit. A result of a finished job is accepted and ignored.

    Workers change nothing outside, so a result of an earlier attempt is as good as one of the newest: whichever
    comes first is recorded, and the job is finished. ``blobs`` are needed where the graph worker reports.
    """
    read = read_graph_results(blobs, results) if blobs is not None else {}
    prepared = prepare_action_results(blobs, results) if blobs is not None else {}
    with recorder.lanes.lane() as lane, RecordingTrails(recorder.tracer, results) as trails:

        def work(tx: Transaction) -> list[bool]:
            tally, news = Tally(), []
            for result in results.results:
                job = tx.find(Job, result.job_id)
                with trails.recording(job, result):
                    news.append(_record(tx, recorder, tally, Brought(read, prepared), job, result))
                trails.note(tx, job, result)
            tally.put(tx, lane)
            return news

        news = store.transact(work)
        trails.tell(news)
    return ResultsRecorded(recorded=sum(news), ignored=len(news) - sum(news))


@dataclass(frozen=True, slots=True)
class Brought:
    """What was read and kept of a batch before its commit, by job id."""

    read: Mapping[str, Read]
    prepared: Mapping[str, Prepared]


def _record(
    tx: Transaction, recorder: Recorder, tally: Tally, brought: Brought, job: Job | None, result: JobResult
) -> bool:
    if job is None or not _may_be_said(job, result):
        return False
    if isinstance(result, JobFailed):
        if result.attempt < job.attempt:
            return False
        record_failure(tx, job, result)
        return True
    if isinstance(result, GraphResult):
        _finish(tx, job, result.attempt, record_graph(tx, job, result, brought.read))
        return True
    if isinstance(result, ActionResult):
        _finish(tx, job, result.attempt, record_action(tx, job, result, brought.prepared, recorder.policy))
        return True
    return _record_delivery(tx, recorder.judge, tally, job, result)


def _may_be_said(job: Job, result: JobResult) -> bool:
    return (not job.state.is_final or _is_late_truth(job, result)) and _is_of_its_job(job, result)


def _is_of_its_job(job: Job, result: JobResult) -> bool:
    """Answer whether this may be said of ``job`` at all.

    Of an action only the worker that claimed it may speak, in the words that go with its job: a message that somebody
    put in another queue makes another worker report that it failed, and what was begun would count as not done.
    """
    expected = _OF_ACTIONS.get(job.kind)
    if expected is None:
        return not isinstance(result, ActionResult)
    was_begun = job.state in {JobState.RUNNING, JobState.UNKNOWN} and result.attempt == job.attempt
    return was_begun and isinstance(result, expected)


def _is_late_truth(job: Job, result: JobResult) -> bool:
    """Answer whether this is the report of a worker that was given up: what it did is known now after all."""
    return job.state is JobState.UNKNOWN and isinstance(result, ActionDone) and result.attempt == job.attempt


def _finish(tx: Transaction, job: Job, attempt: int, problem: str | None) -> None:
    state = JobState.SUCCEEDED if problem is None else JobState.FAILED
    finish_job(tx, job, state, attempt=attempt, error=problem)


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
