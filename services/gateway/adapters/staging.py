"""Turn a finished transaction into the exact bytes to write: check what it read, give numbers, chain entries."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.gateway.adapters.transaction import Key, Read, StoreTransaction
from services.gateway.domain.records import (
    ChainHead,
    Counter,
    Delivery,
    EntryDraft,
    Incident,
    Record,
    TimelineEntry,
)
from services.gateway.domain.records.timeline import entry_id
from services.gateway.errors import RecordTooLarge, TransactionTooLarge

MAX_RECORD_BYTES = 8 << 20
# One body may bring 5,000 alerts and is recorded in one commit: some seven changes for each incident it opens. Above
# that the bound only keeps a defect from growing one commit without end. Segments are read whole, so a long line
# is read back like a short one; a base has one record a line, whatever commit wrote it.
MAX_CHANGES = 100_000
INCIDENT_NUMBERS = "incident"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Change:
    """One record of a commit as it will stand on disk; ``record`` and ``body`` are None for a deletion."""

    key: Key
    record: Record | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Staged:
    """One commit, ready to be written: changes in order, with a sequence of its own."""

    seq: int
    at: datetime
    changes: list[Change]


class Conflict(Exception):
    """What the transaction read at ``key`` has been written since; it must run again."""

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.key = key


class Stager:
    """Stages transactions one after the other over the committed state plus those staged before.

    Not thread-safe: one committer owns it. ``drop_staged`` forgets what was staged but could not be written.
    """

    def __init__(self, read: Read, last_seq: int) -> None:
        self._committed = read
        self._overlay: dict[Key, tuple[Record | None, int]] = {}
        self.last_seq = last_seq
        self._durable_seq = last_seq

    def stage(self, tx: StoreTransaction, at: datetime) -> Staged:
        """Return the commit of ``tx``; raise ``Conflict``, or an error that is the transaction's own fault."""
        for key, revision in tx.reads.items():
            if self._read(key)[1] != revision:
                raise Conflict(key)
        if len(tx.puts) + len(tx.appends) > MAX_CHANGES:
            raise TransactionTooLarge(f"more than {MAX_CHANGES} changes in one transaction")
        seq = self.last_seq + 1
        changes = [*self._stage_puts(tx, seq), *self._stage_removed(tx), *self._stage_entries(tx, at)]
        for change in changes:
            self._overlay[change.key] = (change.record, seq if change.record is not None else 0)
        self.last_seq = seq
        return Staged(seq=seq, at=at, changes=changes)

    def drop_staged(self) -> None:
        """Forget commits that were staged and then refused by the disk."""
        self._overlay.clear()
        self.last_seq = self._durable_seq

    def settle(self) -> None:
        """Everything staged is durable and in the committed state now."""
        self._overlay.clear()
        self._durable_seq = self.last_seq

    def _read(self, key: Key) -> tuple[Record | None, int]:
        staged = self._overlay.get(key)
        return staged if staged is not None else self._committed(key)

    def _stage_puts(self, tx: StoreTransaction, seq: int) -> list[Change]:
        numbered: Counter | None = None
        changes = []
        for key, put in tx.puts.items():
            record = put
            if isinstance(record, Incident) and record.number == 0:
                numbered = self._next_number(numbered)
                record = msgspec.structs.replace(record, number=numbered.value)
            elif isinstance(record, Delivery) and record.accepted_seq == 0:
                record = msgspec.structs.replace(record, accepted_seq=seq)
            changes.append(_change(key, record))
        if numbered is not None:
            changes.append(_change((Counter.KIND, INCIDENT_NUMBERS), numbered))
        return changes

    def _next_number(self, given: Counter | None) -> Counter:
        last = given or self._read((Counter.KIND, INCIDENT_NUMBERS))[0]
        value = last.value if isinstance(last, Counter) else 0
        return Counter(name=INCIDENT_NUMBERS, value=value + 1)

    def _stage_removed(self, tx: StoreTransaction) -> list[Change]:
        changes = []
        for chain_id in tx.removed_chains:
            head = self._head(chain_id)
            keys = [(TimelineEntry.KIND, entry_id(chain_id, n)) for n in range(1, head.sequence + 1)]
            changes += [_change(key, None) for key in (*keys, (ChainHead.KIND, chain_id))]
        return changes

    def _stage_entries(self, tx: StoreTransaction, at: datetime) -> list[Change]:
        heads: dict[str, ChainHead] = {}
        changes = []
        for incident_id, draft in tx.appends:
            head = heads.get(incident_id) or self._head(incident_id)
            entry = _chain(incident_id, draft, head, at)
            change = _change((TimelineEntry.KIND, entry.record_id), entry)
            heads[incident_id] = ChainHead(
                incident_id=incident_id,
                sequence=entry.sequence,
                hash=hash_entry(change.body or b""),
                recorded_at=at,
            )
            changes.append(change)
        return changes + [_change((ChainHead.KIND, head.incident_id), head) for head in heads.values()]

    def _head(self, incident_id: str) -> ChainHead:
        head = self._read((ChainHead.KIND, incident_id))[0]
        return head if isinstance(head, ChainHead) else ChainHead(incident_id=incident_id)


def hash_entry(body: bytes) -> str:
    """Return the hash of a timeline entry: SHA-256, in hex, over its stored bytes."""
    return hashlib.sha256(body).hexdigest()


def _chain(incident_id: str, draft: EntryDraft, head: ChainHead, at: datetime) -> TimelineEntry:
    return TimelineEntry(
        incident_id=incident_id,
        sequence=head.sequence + 1,
        previous_hash=head.hash,
        type=draft.type,
        actor=draft.actor,
        source=draft.source,
        occurred_at=draft.occurred_at,
        recorded_at=at,
        message=draft.message,
        payload=draft.payload,
    )


def _change(key: Key, record: Record | None) -> Change:
    if record is None:
        return Change(key, None, None)
    body = _encode(record)
    if len(body) > MAX_RECORD_BYTES:
        raise RecordTooLarge(f"{key[0]} {key[1]!r} is {len(body)} bytes; at most {MAX_RECORD_BYTES} are kept")
    return Change(key, record, body)
