"""Set a silence or a maintenance window, and end it early."""

import msgspec

from services.gateway.domain.records import BOARD, EntryType, Silence, SilenceBoard, SilenceState
from services.gateway.domain.rules.check_silence import check_silence
from services.gateway.domain.rules.spans import current_span, next_span
from services.gateway.errors import SilenceEnded, TooManySilences, ValidationFailed
from services.gateway.handlers.end_silence import set_timer, show_on_board
from services.gateway.handlers.refuse_invalid import refuse_invalid
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import Transaction

MOST_LIVE = 500


def set_silence(tx: Transaction, silence: Silence) -> str:
    """Put a new silence, its place on the board and the timer that ends it; return its id.

    Raises ``ValidationFailed`` for one that can never hold anything, ``TooManySilences`` past the limit.
    """
    refuse_invalid(lambda: check_silence(silence))
    span = current_span(silence, tx.now) or next_span(silence, tx.now)
    if span is None:
        raise ValidationFailed("Not valid: endsAt.", errors={"endsAt": ["it is over already"]})
    board = tx.find(SilenceBoard, BOARD)
    if board is not None and len(board.live) >= MOST_LIVE:
        raise TooManySilences(f"There are {MOST_LIVE} silences; end some, or let one cover more.")
    tx.put(set_timer(tx, silence, span.ends_at))
    show_on_board(tx, silence.id, live=True)
    write_audit(
        tx,
        EntryType.SILENCE_SET,
        silence.created_by,
        f"Silence set: {silence.comment}",
        silenceId=silence.id,
        kind=silence.kind,
        startsAt=silence.starts_at,
        endsAt=silence.ends_at,
    )
    return silence.id


def end_early(tx: Transaction, silence_id: str, actor: str) -> str:
    """End a silence now and return its id; what it held is placed again by the timer, at once.

    Raises ``RecordNotFound``, and ``SilenceEnded`` for one that is over.
    """
    silence = tx.get(Silence, silence_id)
    if silence.state is SilenceState.ENDED:
        raise SilenceEnded(f"It ended at {silence.ended_at:%Y-%m-%d %H:%M:%S} UTC.")
    ended = msgspec.structs.replace(
        silence,
        state=SilenceState.ENDED,
        ended_by=actor,
        ended_at=tx.now,
        updated_at=tx.now,
        version=silence.version + 1,
    )
    tx.put(set_timer(tx, ended, tx.now))
    show_on_board(tx, silence_id, live=False)
    write_audit(tx, EntryType.SILENCE_ENDED, actor, f"Silence ended early: {silence.comment}", silenceId=silence_id)
    return silence_id
