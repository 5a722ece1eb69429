"""The committer: one thread that writes the transactions of all others, together, with one sync."""

import threading
from collections.abc import Callable, Sequence
from time import perf_counter

import structlog

from services.gateway.adapters.json_store.journal import Journal
from services.gateway.adapters.json_store.lines import write_line
from services.gateway.adapters.json_store.state import Hot, State
from services.gateway.adapters.staging import Conflict, Staged, Stager
from services.gateway.adapters.transaction import Key, StoreTransaction
from services.gateway.errors import StoreUnavailable
from services.gateway.ports import Committed
from shared.errors import AppError
from shared.ports import Clock

log = structlog.get_logger(__name__)

_MAX_GROUP = 256


class Ticket:
    """A transaction waiting for its commit. ``wait`` returns once it is durable or refused."""

    __slots__ = ("_done", "asked_at", "error", "tx")

    def __init__(self, tx: StoreTransaction) -> None:
        self.tx = tx
        self.error: BaseException | None = None
        self.asked_at = perf_counter()
        # A bare lock is the cheapest thing one thread can wake another with.
        self._done = threading.Lock()
        self._done.acquire()

    def settle(self, error: BaseException | None = None) -> None:
        """Let the waiting thread go on; only the first word counts."""
        if self._done.locked():
            self.error = error
            self._done.release()

    def wait(self) -> None:
        """Return when committed; raise what refused it."""
        self._done.acquire()
        if self.error is not None:
            raise self.error


class Committer:
    """Stages, writes, syncs, and only then makes visible and answers. Commits have a sequence without holes."""

    def __init__(
        self, journal: Journal, state: State, clock: Clock, after: Callable[[int, list[Staged]], None]
    ) -> None:
        self._journal = journal
        self._state = state
        self._clock = clock
        self._after = after
        self._stager = Stager(state.read, journal.last_seq)
        self._waiting: list[Ticket] = []
        self._wake = threading.Condition()
        self._closing = False
        self.failed = False
        self._listeners: list[Callable[[Committed], None]] = []
        self._wait_listeners: list[Callable[[Sequence[float]], None]] = []
        self._thread = threading.Thread(target=self._run, name="store-committer", daemon=True)
        self._thread.start()

    def commit(self, tx: StoreTransaction) -> None:
        """Return when ``tx`` is durable and visible; raise ``Conflict`` or the error that refused it."""
        ticket = Ticket(tx)
        with self._wake:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            self._waiting.append(ticket)
            self._wake.notify()
        ticket.wait()

    def subscribe(self, listener: Callable[[Committed], None]) -> None:
        """Call ``listener`` after every commit."""
        self._listeners.append(listener)

    def subscribe_waits(self, listener: Callable[[Sequence[float]], None]) -> None:
        """Call ``listener`` with the waits of each group."""
        self._wait_listeners.append(listener)

    def close(self) -> None:
        """Commit what waits, then end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                group, self._waiting = self._waiting[:_MAX_GROUP], self._waiting[_MAX_GROUP:]
            if not group:
                return
            try:
                self._commit_group(group)
            except BaseException:
                # Nobody may wait for ever for a thread that is gone; the next start recovers what is durable.
                log.exception("the committer stopped; the store takes no more writes")
                self._refuse_all(group)
                return

    def _refuse_all(self, group: list[Ticket]) -> None:
        with self._wake:
            self._closing = True
            self.failed = True
            waiting, self._waiting = self._waiting, []
        for ticket in (*group, *waiting):
            ticket.settle(StoreUnavailable("the store stopped; whether this was written is known after a restart"))

    def _commit_group(self, group: list[Ticket]) -> None:
        staged: list[tuple[Ticket, Staged]] = []
        for ticket in group:
            try:
                staged.append((ticket, self._stager.stage(ticket.tx, self._clock.now())))
            except (AppError, Conflict) as error:
                ticket.settle(error)
            except Exception as error:
                log.exception("a transaction could not be staged")
                ticket.settle(error)
        if not staged:
            return
        try:
            self._write([commit for _, commit in staged])
        except AppError as error:
            self._stager.drop_staged()
            for ticket, _ in staged:
                ticket.settle(error)
            return
        self._stager.settle()
        durable_at = perf_counter()
        for ticket, _ in staged:
            ticket.settle()
        # Only now, so that nobody waits for it.
        self._tell_waits([durable_at - ticket.asked_at for ticket, _ in staged])
        for _, commit in staged:
            self._tell(commit)

    def _write(self, commits: list[Staged]) -> None:
        placed: list[tuple[Staged, int, list[int]]] = []

        def make(start: int) -> bytes:
            placed.clear()
            lines, position = [], start
            for commit in commits:
                line, offsets = write_line(commit.seq, commit.at, [(c.key, c.body) for c in commit.changes], start)
                placed.append((commit, position, offsets))
                lines.append(line)
                position += len(line)
            return b"".join(lines)

        location, _ = self._journal.append(make, commits[0].seq, commits[-1].seq)
        hot: list[tuple[Key, Hot]] = []
        for commit, position, offsets in placed:
            for change, offset in zip(commit.changes, offsets, strict=True):
                length = len(change.body) if change.body is not None else 0
                hot.append((change.key, Hot(change.record, commit.seq, location, position + offset, length)))
        self._state.add_hot(hot)
        self._after(location, commits)

    def _tell_waits(self, waits: Sequence[float]) -> None:
        for listener in self._wait_listeners:
            try:
                listener(waits)
            except Exception:
                log.exception("a listener to the store's waits failed")

    def _tell(self, commit: Staged) -> None:
        if not self._listeners:
            return
        committed = Committed(
            seq=commit.seq,
            puts=tuple(change.record for change in commit.changes if change.record is not None),
            removes=tuple(change.key for change in commit.changes if change.record is None),
        )
        for listener in self._listeners:
            try:
                listener(committed)
            except Exception:
                log.exception("a listener of the store failed", seq=commit.seq)
