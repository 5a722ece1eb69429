"""Split a merged incident off again: it is what it was before, with what of its signals is still where they went."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from services.gateway.domain import merging, move_entries
from services.gateway.domain.access import Subject
from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.lifecycle import reason_required
from services.gateway.domain.records import Activity, Incident, IncidentStatus, Merge, RelationType, Signal
from services.gateway.errors import IncidentNotMerged
from services.gateway.handlers.ask_investigation import investigate_opened
from services.gateway.handlers.auto_resolve import cancel_resolve
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.lead_group import lead_group_again
from services.gateway.handlers.move_signals import (
    lead_groups_to,
    link_signals,
    list_signals,
    resolve_when_stable,
    settle_in,
)
from services.gateway.handlers.writable import check_version
from services.gateway.ports import Store, Transaction


@dataclass(frozen=True, slots=True)
class SplitOrder:
    """What a person asks for; ``versions`` are those they take the incident to be at (None: any)."""

    incident_id: str
    reason: str
    versions: tuple[int, ...] | None = None


class IncidentSplitter:
    """Splits by one order, in a transaction that may run again."""

    def __init__(self, store: Store, judge: Judge, order: SplitOrder, subject: Subject) -> None:
        self._store, self._judge, self._order, self._subject = store, judge, order, subject

    def split(self, tx: Transaction) -> str:
        """Undo the merge and return the id of the incident, which is open again.

        Of the signals that moved with it those come back that are with the target still, or with what the target
        was merged into; the groups too, but not the one an open target bears the key of. Raises ``RecordNotFound``,
        ``VersionConflict``, ``IncidentNotMerged`` and ``ReasonRequired``.
        """
        incident = tx.get(Incident, self._order.incident_id)
        check_version(incident, self._order.versions)
        if incident.status is not IncidentStatus.MERGED:
            _refuse(incident)
        if not self._order.reason:
            raise reason_required("Splitting needs a reason.")
        merge = tx.get(Merge, incident.id)
        way = merging.follow(incident, lambda one: tx.find(Incident, one))
        holder = way[-1] if way else None
        moved = _still_with(tx, merge, holder)
        if holder is not None:
            lead_groups_to(tx, merging.groups_back(merge, holder), holder.id, incident.id)
        self._put_split(tx, incident, merge, moved)
        # The merged one it was merged into, where there is one, gets the word as well as the one with the signals.
        for target in {one.id: one for one in (*way[:1], *way[-1:])}.values():
            self._put_target(tx, incident, target, len(moved) if target is holder else 0)
        if holder is not None and moved:
            self._move_signals(tx, tx.get(Incident, incident.id), holder, moved)
        restored = tx.get(Incident, incident.id)
        if restored.status in OPEN_STATUSES:
            # What it had asked for ended with the merge.
            investigate_opened(tx, restored)
        return incident.id

    def _put_split(self, tx: Transaction, incident: Incident, merge: Merge, moved: list[Signal]) -> None:
        freed = lead_group_again(tx, merging.restore(incident, merge))
        tx.put(msgspec.structs.replace(freed, updated_at=tx.now, version=incident.version + 1))
        tx.remove(Merge, incident.id)
        tx.append(
            incident.id, move_entries.split(incident, merge, self._order.reason, len(moved), self._subject, tx.now)
        )

    def _put_target(self, tx: Transaction, incident: Incident, target: Incident, signal_count: int) -> None:
        freed = merging.unrelate(target, RelationType.MERGED_FROM, incident.id)
        if freed is not target:
            tx.put(msgspec.structs.replace(freed, updated_at=tx.now, version=target.version + 1))
        if freed is not target or signal_count:
            tx.append(
                target.id, move_entries.split_off(incident, self._order.reason, signal_count, self._subject, tx.now)
            )

    def _move_signals(self, tx: Transaction, incident: Incident, holder: Incident, moved: list[Signal]) -> None:
        link_signals(tx, moved, incident.id)
        gone = {signal.fingerprint for signal in moved}

        def rest() -> Iterable[Signal]:
            staying = list_signals(self._store, holder.id, ("firing",))
            return [signal for signal in staying if signal.fingerprint not in gone]

        theirs = tx.find(Activity, holder.id) or Activity(incident_id=holder.id)
        left = merging.take_signals(theirs, moved, rest)
        if not left.signal_count:
            left = cancel_resolve(tx, left)
        elif theirs.firing_count > 0:
            left = resolve_when_stable(tx, self._judge, holder, left)
        tx.put(left)
        mine = tx.find(Activity, incident.id) or Activity(incident_id=incident.id)
        mine = merging.add_signals(mine, moved, theirs)
        tx.put(resolve_when_stable(tx, self._judge, incident, mine))
        settle_in(tx, incident, moved)


def _refuse(incident: Incident) -> NoReturn:
    raise IncidentNotMerged(f"It is {incident.status}; only a merged incident can be split off.")


def _still_with(tx: Transaction, merge: Merge, holder: Incident | None) -> list[Signal]:
    if holder is None:
        return []
    found = (tx.find(Signal, name) for name in merge.fingerprints)
    return [signal for signal in found if signal is not None and signal.incident_id == holder.id]
