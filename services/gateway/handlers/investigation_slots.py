"""How many investigations that nobody asked for may be under way at once."""

import zlib

from services.gateway.domain.records import InvestigationSlot, KeptInvestigation
from services.gateway.ports import Transaction

# A storm of incidents must not fill the queue that people wait for.
MOST_BY_ITSELF = 50


def take_slot(tx: Transaction, asked: KeptInvestigation) -> bool:
    """Take a free slot for ``asked``; False where all are taken.

    Each incident begins to look at a slot of its own: one count of all would be written by every incident that
    opens, and in a storm they would refuse one another.
    """
    first = zlib.crc32(asked.incident_id.encode())
    numbers = ((first + step) % MOST_BY_ITSELF for step in range(MOST_BY_ITSELF))
    number = next((number for number in numbers if _is_free(tx, number)), None)
    if number is None:
        return False
    tx.put(InvestigationSlot(number=number, investigation_id=asked.id))
    return True


def _is_free(tx: Transaction, number: int) -> bool:
    slot = tx.find(InvestigationSlot, str(number))
    holder = tx.find(KeptInvestigation, slot.investigation_id) if slot is not None else None
    return holder is None or not holder.state.is_under_way
