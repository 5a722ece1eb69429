"""How far running jobs are, by the last word of their workers: kept in memory only, and gone with the job."""

from dataclasses import dataclass
from threading import Lock

from shared.contracts.messages import Beat
from shared.redaction import redact

_NOTE_LENGTH = 200
_OUTPUT_LENGTH = 8 << 10
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """``share`` is 0 to 1, or None where the worker cannot tell; ``note`` says what is done now.

    ``output`` is the end of what a command put out so far; ``done`` are the steps that were done, the newest last.
    """

    share: float | None
    note: str
    output: str = ""
    done: tuple[str, ...] = ()


class ProgressBoard:
    """Remembers the newest word about each job. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._words: dict[str, Progress] = {}

    def note(self, job_id: str, beat: Beat) -> None:
        """Keep what a beat said; one that says nothing leaves the word before."""
        share = beat.progress
        if share is None and not beat.note and not beat.output:
            return
        # Written so that NaN, which compares false with everything, is no share.
        known = share if share is not None and 0 <= share <= 1 else None
        # What servers answered may be among the words, and with it what was sent to them.
        done = tuple(redact(step[:_NOTE_LENGTH])[0] for step in beat.done[-_MOST_STEPS:])
        note, output = redact(beat.note[:_NOTE_LENGTH])[0], redact(beat.output[-_OUTPUT_LENGTH:])[0]
        with self._lock:
            self._words[job_id] = Progress(known, note, output, done)

    def drop(self, job_id: str) -> None:
        """Forget a job whose attempt is over."""
        with self._lock:
            self._words.pop(job_id, None)

    def find(self, job_id: str) -> Progress | None:
        """Return the newest word about a job, or None."""
        return self._words.get(job_id)
