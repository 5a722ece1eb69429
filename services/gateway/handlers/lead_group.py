"""See to it that of the incidents with one dedup key at most one is open, and that the group leads to it."""

import msgspec

from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import Group, Incident
from services.gateway.ports import Transaction


def lead_group_again(tx: Transaction, incident: Incident) -> Incident:
    """Return an incident that comes back into work, and make its group lead to it.

    Beside another open incident of the group it comes back without the dedup key: new signals go to that one.
    """
    key = incident.dedup_key
    if key is None:
        return incident
    group = tx.find(Group, key)
    if group is not None and group.incident_id == incident.id:
        return incident
    other = tx.find(Incident, group.incident_id) if group is not None else None
    if other is not None and other.status in OPEN_STATUSES:
        return msgspec.structs.replace(incident, dedup_key=None)
    tx.put(Group(dedup_key=key, incident_id=incident.id, opened_at=tx.now))
    return incident
