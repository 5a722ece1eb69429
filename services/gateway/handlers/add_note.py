"""Add a person's note to the timeline of an incident."""

from datetime import datetime

from services.gateway.domain import changes
from services.gateway.domain.access import Subject
from services.gateway.handlers.writable import get_writable
from services.gateway.ports import ChainedEntry, Store, Transaction
from shared.ids import new_id

_NEWEST = 50
_PAGE = 1000


def add_note(tx: Transaction, incident_id: str, subject: Subject, message: str, occurred_at: datetime | None) -> str:
    """Append the note and return the id it can be found by. Raises ``RecordNotFound`` and ``IncidentMerged``."""
    get_writable(tx, incident_id)
    note_id = new_id("note")
    tx.append(incident_id, changes.note(message, subject, occurred_at or tx.now, note_id))
    return note_id


def find_note(store: Store, incident_id: str, note_id: str) -> ChainedEntry | None:
    """Return the entry of a note. It is among the newest when just written, else the timeline is searched."""
    for chained in reversed(store.list_newest_entries(incident_id, _NEWEST)):
        if chained.entry.payload.get("noteId") == note_id:
            return chained
    after = 0
    while page := store.list_timeline(incident_id, after=after, limit=_PAGE):
        for chained in page:
            if chained.entry.payload.get("noteId") == note_id:
                return chained
        after = page[-1].entry.sequence
    return None
