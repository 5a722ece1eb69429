"""End a silence, or one span of a maintenance window: what it held and still fires is looked at again."""

from datetime import datetime
from functools import partial

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.records import (
    BOARD,
    EntryType,
    Job,
    JobState,
    Signal,
    Silence,
    SilenceBoard,
    SilenceState,
)
from services.gateway.domain.rules.spans import current_span, next_span
from services.gateway.handlers.arrival import Arrival
from services.gateway.handlers.finish_job import finish_job
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.handlers.place_signal import place_signal
from services.gateway.handlers.signal_case import SignalCase
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import RecordQuery, Store, Transaction
from services.gateway.trail import current_trail
from shared.contracts.signal import SignalStatus
from shared.ids import new_id

END_SILENCE = "gateway.end_silence"
_PAGE = 200
_NEVER = 1_000_000


def end_silence(store: Store, judge: Judge, job: Job) -> None:
    """Do the timer ``job``: end what is over, place what it held again, then set the timer of the next span.

    Every commit may be the last before a crash: the job stays pending until all is done, and what was placed
    already is no longer among what the silence holds.
    """
    silence_id = str(job.payload["silenceId"])
    if store.transact(lambda tx: _begin(tx, job.id, silence_id)):
        _release(store, judge, silence_id)
        store.transact(lambda tx: _finish(tx, job.id, silence_id))


def set_timer(tx: Transaction, silence: Silence, at: datetime) -> Silence:
    """Put the timer that ends ``silence`` at ``at``, in place of any set before, and return it with that noted."""
    before = tx.find(Job, silence.end_job_id) if silence.end_job_id else None
    if before is not None and not before.state.is_final:
        tx.put(msgspec.structs.replace(before, state=JobState.CANCELLED, finished_at=tx.now))
    job = Job(
        id=new_id("job"),
        kind=END_SILENCE,
        queue=None,
        payload={"silenceId": silence.id},
        # Never given up: what it holds would be held for ever. It is tried again every few minutes.
        max_attempts=_NEVER,
        not_before=at,
        created_by=SYSTEM,
        created_at=tx.now,
        trail=current_trail(),
    )
    tx.put(job)
    return msgspec.structs.replace(silence, end_job_id=job.id)


def show_on_board(tx: Transaction, silence_id: str, *, live: bool) -> None:
    """Put the silence on the board or take it off. The board's version rises either way.

    A decision that was made by the board as it was, and is not committed yet, is made again.
    """
    board = tx.find(SilenceBoard, BOARD) or SilenceBoard()
    others = tuple(one for one in board.live if one != silence_id)
    tx.put(SilenceBoard(version=board.version + 1, live=(*others, silence_id) if live else others))


def _begin(tx: Transaction, job_id: str, silence_id: str) -> bool:
    """Answer whether there may be something to release; set the timer anew if the silence is not over yet."""
    job, silence = tx.find(Job, job_id), tx.find(Silence, silence_id)
    if job is None or job.state.is_final:
        return False
    if silence is None or silence.end_job_id != job_id:
        finish_job(tx, job, JobState.SUCCEEDED, attempt=1)
        return False
    if silence.state is SilenceState.LIVE:
        if (span := current_span(silence, tx.now)) is not None:
            finish_job(tx, job, JobState.SUCCEEDED, attempt=1)
            tx.put(set_timer(tx, silence, span.ends_at))
            return False
        is_over = next_span(silence, tx.now) is None
        if is_over:
            silence = msgspec.structs.replace(
                silence,
                state=SilenceState.ENDED,
                ended_at=tx.now,
                ended_by=SYSTEM,
                updated_at=tx.now,
                version=silence.version + 1,
            )
            tx.put(silence)
            write_audit(
                tx, EntryType.SILENCE_ENDED, SYSTEM, f"Silence is over: {silence.comment}", silenceId=silence_id
            )
        # Also where another span follows: a decision that began before this one was over must be made again.
        show_on_board(tx, silence_id, live=not is_over)
    return True


def _release(store: Store, judge: Judge, silence_id: str) -> None:
    query = RecordQuery(parent=silence_id, limit=_PAGE, oldest_first=True, with_total=False)
    while held := store.list_records(Signal, query).records:
        names = [signal.fingerprint for signal in held]
        if not store.transact(partial(_place_again, judge=judge, silence_id=silence_id, names=names)):
            return


def _place_again(tx: Transaction, *, judge: Judge, silence_id: str, names: list[str]) -> int:
    """Place each of the signals that the silence still holds; return how many it holds no more."""
    released = 0
    for name in names:
        signal = tx.find(Signal, name)
        if signal is None or signal.held_by != silence_id:
            released += 1
        elif signal.status is not SignalStatus.FIRING:
            tx.put(msgspec.structs.replace(signal, held_by=None))
            released += 1
        else:
            outcome = place_signal(_case(tx, judge, signal))
            released += outcome.suppressed_by != silence_id
    return released


def _case(tx: Transaction, judge: Judge, signal: Signal) -> SignalCase:
    arrival = Arrival(
        accepted_seq=signal.accepted_seq,
        received_at=tx.now,
        source=signal.source,
        delivery_id=None,
    )
    return SignalCase(
        tx=tx,
        judge=judge,
        book=judge.book(tx),
        report=signals.as_report(signal),
        arrival=arrival,
        known=signal,
        incident=None,
        is_report=False,
    )


def _finish(tx: Transaction, job_id: str, silence_id: str) -> None:
    job, silence = tx.find(Job, job_id), tx.find(Silence, silence_id)
    if job is None or job.state.is_final:
        return
    finish_job(tx, job, JobState.SUCCEEDED, attempt=1)
    if silence is None or silence.state is SilenceState.ENDED or silence.end_job_id != job_id:
        return
    span = current_span(silence, tx.now) or next_span(silence, tx.now)
    if span is not None:
        tx.put(set_timer(tx, silence, span.ends_at))
