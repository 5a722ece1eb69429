"""Open an incident because a signal fires: its head, its group, its first entry, its owner."""

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.merging import MAX_RELATIONS
from services.gateway.domain.records import (
    Activity,
    EntryDraft,
    EntryType,
    Group,
    Incident,
    IncidentSource,
    Milestones,
    OwnershipRule,
    Relation,
    RelationType,
)
from services.gateway.domain.rules.book import Decision
from services.gateway.handlers.ask_investigation import GATHERING, investigate_opened
from services.gateway.handlers.join_incident import note_hints
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.handlers.signal_case import SignalCase
from shared.ids import new_id


def open_by_signal(
    case: SignalCase,
    decision: Decision,
    previous: Incident | None,
    recurrence_of: str | None,
    ownership: OwnershipRule | None,
) -> tuple[Incident, str]:
    """Put the incident and return it with the reason in words. ``previous`` is the newest of its group before."""
    tx, report = case.tx, case.report
    incident_id = new_id("inc")
    relations = _relate(case, incident_id, decision.dedup_key, previous, recurrence_of)
    incident = _new_incident(case, incident_id, decision, relations, ownership.owner if ownership else None)
    tx.put(incident)
    tx.put(Group(dedup_key=decision.dedup_key, incident_id=incident.id, opened_at=tx.now))
    case.append(EntryType.INCIDENT_OPENED, f"Opened by {report.name}: {report.title}", incident.id)
    if ownership is not None:
        _say_owner(case, incident, ownership)
    opened = case.with_incident(incident)
    opened.keep(incident_id=incident.id)
    activity = signals.note_activity(
        Activity(incident_id=incident.id), received_at=case.arrival.received_at, linked=1, firing=1
    )
    tx.put(signals.note_newest(activity, report.fingerprint, case.arrival.accepted_seq))
    note_hints(tx, incident.id, report)
    investigate_opened(tx, incident, gathering=GATHERING)
    reason = "its group had no incident to join" if not relations else f"{relations[0].type} {relations[0].incident_id}"
    return incident, reason


def _new_incident(
    case: SignalCase, incident_id: str, decision: Decision, relations: tuple[Relation, ...], owner: str | None
) -> Incident:
    report = case.report
    return Incident(
        id=incident_id,
        title=report.title,
        description=report.description,
        severity=report.severity,
        owner=owner,
        services=(report.service,) if report.service else (),
        labels=dict(report.group_labels),
        source=IncidentSource.WEBHOOK,
        dedup_key=decision.dedup_key,
        rule_id=decision.rule.id,
        relations=relations,
        milestones=Milestones(detected_at=case.arrival.received_at),
        created_by=SYSTEM,
        created_at=case.tx.now,
        updated_at=case.tx.now,
    )


def _relate(
    case: SignalCase, incident_id: str, dedup_key: str, previous: Incident | None, recurrence_of: str | None
) -> tuple[Relation, ...]:
    if previous is not None and previous.status in OPEN_STATUSES:
        # It stays open for the people working on it, but its group's new signals go to the new incident. A key that
        # is its own, and not one it took over by a merge, it can bear no longer: of two open incidents only one does.
        key = None if previous.dedup_key == dedup_key else previous.dedup_key
        back = _with_relation(previous.relations, Relation(type=RelationType.RELATED, incident_id=incident_id))
        case.tx.put(msgspec.structs.replace(previous, dedup_key=key, relations=back))
        return (Relation(type=RelationType.RELATED, incident_id=previous.id),)
    earlier = recurrence_of or (previous.id if previous is not None else None)
    return (Relation(type=RelationType.RECURRENCE_OF, incident_id=earlier),) if earlier else ()


def _with_relation(relations: tuple[Relation, ...], relation: Relation) -> tuple[Relation, ...]:
    # Full of relations it does without: no alert may be refused for what people related.
    return (*relations, relation) if len(relations) < MAX_RELATIONS else relations


def _say_owner(case: SignalCase, incident: Incident, ownership: OwnershipRule) -> None:
    draft = EntryDraft(
        type=EntryType.FIELDS_CHANGED,
        actor=SYSTEM,
        source=SYSTEM,
        occurred_at=case.arrival.received_at,
        message=f"Owner {ownership.owner} by the ownership rule {ownership.name!r}",
        payload={"changes": {"owner": {"from": None, "to": ownership.owner}}, "ruleId": ownership.id},
    )
    case.tx.append(incident.id, draft)
