"""Merge an incident into another: its signals and groups move there, and it leads there from then on."""

from dataclasses import dataclass

import msgspec

from services.gateway.domain import lifecycle, merging, move_entries
from services.gateway.domain.access import Subject
from services.gateway.domain.records import Activity, Incident, IncidentStatus, Merge, RelationType, Signal
from services.gateway.handlers.auto_resolve import cancel_resolve
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.move_signals import (
    LinkedSignals,
    lead_groups_to,
    link_signals,
    list_groups,
    note_hints_of,
    resolve_when_stable,
    settle_in,
)
from services.gateway.handlers.put_investigation import end_queued, leave_out_no_more
from services.gateway.handlers.writable import get_named, get_writable
from services.gateway.ports import Store, Transaction


@dataclass(frozen=True, slots=True)
class MergeOrder:
    """What a person asks for; ``versions`` are those they take the incident to be at (None: any)."""

    incident_id: str
    into: str
    reason: str
    versions: tuple[int, ...] | None = None


class IncidentMerger:
    """Merges by one order, in a transaction that may run again."""

    def __init__(self, store: Store, judge: Judge, order: MergeOrder, subject: Subject) -> None:
        self._store, self._judge, self._order, self._subject = store, judge, order, subject
        self._linked = LinkedSignals(store, order.incident_id)

    def merge(self, tx: Transaction) -> str:
        """Merge and return the id of the incident that is merged now: all of it in the one commit, or nothing.

        The target takes over the signals and whatever comes for their groups; its severity rises to the worst of
        them unless it is pinned. Raises ``RecordNotFound``, ``IncidentMerged``, ``VersionConflict``,
        ``ValidationFailed`` for a target there is none of, what ``merging.check_merge`` raises,
        ``TooManyRelations``, and ``TransactionTooLarge`` where the signals are too many.
        """
        order = self._order
        incident = get_writable(tx, order.incident_id, order.versions)
        target = get_named(tx, order.into, "into")
        merging.check_merge(incident, target, order.reason, lambda one: tx.find(Incident, one))
        moved = self._linked.read(tx)
        keys = [group.dedup_key for group in list_groups(self._store, incident.id)]
        led = lead_groups_to(tx, keys, incident.id, target.id)
        self._put_merged(tx, incident, target, moved, led)
        self._put_target(tx, incident, target, moved)
        end_queued(tx, incident.id, f"its incident was merged into {target.id}")
        leave_out_no_more(tx, incident.id)
        return incident.id

    def _put_merged(
        self, tx: Transaction, incident: Incident, target: Incident, moved: list[Signal], led: tuple[str, ...]
    ) -> None:
        related = merging.relate(incident, RelationType.MERGED_INTO, target.id)
        tx.put(lifecycle.move(related, IncidentStatus.MERGED, tx.now))
        tx.put(
            Merge(
                incident_id=incident.id,
                into=target.id,
                status=incident.status,
                milestones=incident.milestones,
                fingerprints=tuple(signal.fingerprint for signal in moved),
                dedup_keys=led,
                merged_by=self._subject.id,
                merged_at=tx.now,
            ),
        )
        link_signals(tx, moved, target.id)
        tx.append(
            incident.id, move_entries.merged(incident, target, self._order.reason, len(moved), self._subject, tx.now)
        )

    def _put_target(self, tx: Transaction, incident: Incident, target: Incident, moved: list[Signal]) -> None:
        grown = merging.relate(target, RelationType.MERGED_FROM, incident.id)
        grown = msgspec.structs.replace(grown, updated_at=tx.now, version=target.version + 1)
        tx.put(grown)
        tx.append(
            target.id, move_entries.took_over(incident, target, self._order.reason, len(moved), self._subject, tx.now)
        )
        self._put_activities(tx, incident, grown, moved)
        settle_in(tx, grown, moved)
        note_hints_of(tx, target.id, incident.id)

    def _put_activities(self, tx: Transaction, incident: Incident, target: Incident, moved: list[Signal]) -> None:
        theirs = tx.find(Activity, incident.id)
        if theirs is None:
            return
        mine = tx.find(Activity, target.id) or Activity(incident_id=target.id)
        is_awaited = theirs.resolve_job_id is not None or mine.resolve_job_id is not None
        cancel_resolve(tx, theirs)
        tx.put(Activity(incident_id=incident.id, last_signal_at=theirs.last_signal_at))
        grown = merging.add_signals(mine, moved, theirs)
        if theirs.firing_count > 0:
            grown = cancel_resolve(tx, grown)
        elif is_awaited:
            # The stable period begins anew: it is one of all its signals.
            grown = resolve_when_stable(tx, self._judge, target, grown)
        tx.put(grown)
