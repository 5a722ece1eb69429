"""Move signals and groups from one incident to another, with the counts, hints and timers that follow from them."""

from collections.abc import Collection

import msgspec

from services.gateway.domain import merging
from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import (
    Activity,
    EntryDraft,
    EntryType,
    Group,
    Hints,
    Incident,
    ResolveOn,
    Signal,
)
from services.gateway.errors import TransactionTooLarge
from services.gateway.handlers.acknowledge_signal import triage_if_acknowledged
from services.gateway.handlers.arrival import Arrival
from services.gateway.handlers.auto_resolve import schedule_resolve
from services.gateway.handlers.judge import Judge, terms_of
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.ports import RecordQuery, Store, Transaction

# Each is a record to write, all in one commit; far below what a commit takes, so that others do not wait for long.
MAX_MOVED = 20_000
_PAGE = 1_000


class LinkedSignals:
    """Which signals an incident has, for the work of one transaction, which may run again.

    A transaction cannot list. The store is asked, and again whenever what it said does not agree with the count of
    the incident: every signal that joins or leaves writes that count, so what is read here is exact when it commits.
    """

    def __init__(self, store: Store, incident_id: str) -> None:
        self._store = store
        self._incident_id = incident_id
        self._names: list[str] = []

    def read(self, tx: Transaction) -> list[Signal]:
        """Return the signals. Raises ``TransactionTooLarge`` if they are too many to be moved at once."""
        activity = tx.find(Activity, self._incident_id)
        count = activity.signal_count if activity is not None else 0
        if count > MAX_MOVED:
            raise TransactionTooLarge(f"It has {count} signals; at most {MAX_MOVED} can be moved at once.")
        found = self._of_incident(tx)
        if len(found) != count:
            self._names = [signal.fingerprint for signal in list_signals(self._store, self._incident_id)]
            found = self._of_incident(tx)
        return found

    def _of_incident(self, tx: Transaction) -> list[Signal]:
        found = (tx.find(Signal, name) for name in self._names)
        return [signal for signal in found if signal is not None and signal.incident_id == self._incident_id]


def list_signals(store: Store, incident_id: str, states: tuple[str, ...] = ()) -> list[Signal]:
    """Return the signals of an incident as the store has them now."""
    query = RecordQuery(parent=incident_id, states=states, limit=_PAGE, with_total=False)
    found: list[Signal] = []
    while True:
        page = store.list_records(Signal, query)
        found += page.records
        if page.next_cursor is None:
            return found
        query = msgspec.structs.replace(query, cursor=page.next_cursor)


def list_groups(store: Store, incident_id: str) -> list[Group]:
    """Return the groups that lead to an incident: its own, and those of the incidents that were merged into it."""
    return store.list_records(Group, RecordQuery(parent=incident_id, limit=_PAGE, with_total=False)).records


def lead_groups_to(tx: Transaction, keys: Collection[str], from_id: str, to_id: str) -> tuple[str, ...]:
    """Make the groups that lead to ``from_id`` lead to ``to_id``; return their keys."""
    led = []
    for key in keys:
        group = tx.find(Group, key)
        if group is not None and group.incident_id == from_id:
            tx.put(msgspec.structs.replace(group, incident_id=to_id))
            led.append(key)
    return tuple(led)


def link_signals(tx: Transaction, moved: Collection[Signal], incident_id: str) -> None:
    """Link the signals to the incident."""
    for signal in moved:
        tx.put(msgspec.structs.replace(signal, incident_id=incident_id))


def settle_in(tx: Transaction, incident: Incident, moved: Collection[Signal]) -> None:
    """Let ``incident`` take from its new signals what it would have taken had they joined it: severity, and triage.

    ``incident`` is the head as this transaction has put it.
    """
    severity = merging.raised_severity(incident, moved)
    if severity is not incident.severity:
        tx.put(msgspec.structs.replace(incident, severity=severity))
        draft = EntryDraft(
            type=EntryType.SEVERITY_RAISED,
            actor=SYSTEM,
            source=SYSTEM,
            occurred_at=tx.now,
            message=f"Severity raised from {incident.severity} to {severity} by the signals that moved here",
            payload={"from": incident.severity, "to": severity},
        )
        tx.append(incident.id, draft)
    # It was taken on when the first of them was, in whatever order they were read.
    for signal in sorted(moved, key=lambda one: one.acknowledged_at or tx.now):
        # Does nothing but for one that somebody has taken on at its source while the incident is new.
        triage_if_acknowledged(tx, msgspec.structs.replace(signal, incident_id=incident.id), _arrival(tx, signal))


def note_hints_of(tx: Transaction, incident_id: str, other_id: str) -> None:
    """Let the incident be found by what the other's signals name."""
    other = tx.find(Hints, other_id)
    if other is None:
        return
    hints = tx.find(Hints, incident_id) or Hints(incident_id=incident_id)
    noted = merging.add_hints(hints, other)
    if noted is not hints:
        tx.put(noted)


def resolve_when_stable(tx: Transaction, judge: Judge, incident: Incident, activity: Activity) -> Activity:
    """Set the timer of an open incident whose signals are all resolved, unless its rule never resolves it."""
    book = judge.book(tx)
    rule = book.rule(incident.rule_id)
    if incident.status not in OPEN_STATUSES or activity.firing_count > 0 or rule.resolve_on is ResolveOn.NEVER:
        return activity
    at = tx.now + terms_of(book, rule).stable_period
    return schedule_resolve(tx, activity, max(at, activity.quiet_until or at))


def _arrival(tx: Transaction, signal: Signal) -> Arrival:
    return Arrival(accepted_seq=signal.accepted_seq, received_at=tx.now, source=signal.source, delivery_id=None)
