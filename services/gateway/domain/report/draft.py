"""Write the draft: what an incident was, what it touched, what was done, and what is left to do."""

from collections import Counter
from datetime import datetime

from services.gateway.domain.records import EntryType, Incident, Signal, Task, TaskState, TimelineEntry
from services.gateway.domain.report.investigation import write_investigation
from services.gateway.domain.report.markdown import inline, length, moment, quote, within
from services.gateway.domain.report.material import ReportAction, ReportEvidence, ReportInput
from shared.contracts.diagnosis import Diagnosis, Finding
from shared.contracts.investigation import Investigation

# A part that would be longer is cut at a whole item and says how many are missing: a report is read by people.
_TIMELINE_BUDGET = 256 << 10
_PART_BUDGET = 96 << 10
_NOTE_LENGTH = 2_000
_DESCRIPTION_LENGTH = 8_000
_SHOWN_OCCURRENCES = 5
_SHOWN_EVIDENCE = 5
_SHOWN_HYPOTHESES = 5
_OF_SIGNALS = frozenset({EntryType.SIGNAL_JOINED, EntryType.SIGNAL_REFIRED, EntryType.SIGNAL_RESOLVED})


def write_report(material: ReportInput) -> str:
    """Return the draft in Markdown. The same record gives the same bytes; nothing in it can break out of its place."""
    incident = material.incident
    parts: tuple[tuple[str, list[str]], ...] = (
        ("Summary", _summary(material)),
        ("Impact", _impact(material)),
        ("Timeline", _timeline(material)),
        ("Evidence and diagnoses", _diagnoses(material)),
        ("Actions", _actions(material.actions)),
        ("Follow-ups", _tasks(material.tasks)),
        ("Root cause and lessons", ["*To be written by people.*"]),
    )
    lines = [f"# INC-{incident.number}: {inline(incident.title)}", "", *_origin(material)]
    for title, content in parts:
        lines += ["", f"## {title}", "", *content]
    return "\n".join(lines) + "\n"


def _origin(material: ReportInput) -> list[str]:
    head = f"entry {material.entry_count}, `{material.head_hash}`" if material.head_hash else "no entries"
    return [f"Postmortem draft, written from the record alone: version {material.incident.version}, timeline {head}."]


# --- summary -------------------------------------------------------------------------------------------


def _summary(material: ReportInput) -> list[str]:
    incident = material.incident
    pinned = ", chosen by a person" if incident.severity_pinned else ""
    roles = "; ".join(f"{inline(role, 63)}: {inline(who, 200)}" for role, who in sorted(incident.roles.items()))
    lines = [
        f"- **Status:** {incident.status}",
        f"- **Severity:** {incident.severity}{pinned}",
        f"- **Owner:** {inline(incident.owner, 200) if incident.owner else 'nobody'}",
        f"- **Roles:** {roles or 'none'}",
        f"- **Opened:** {moment(incident.created_at)} by {inline(incident.created_by)}, source {incident.source}",
        *_milestones(incident),
        *(f"- **{_word(r.type)}:** {inline(r.incident_id)}" for r in incident.relations),
    ]
    if incident.description.strip():
        lines += ["", *quote(incident.description, _DESCRIPTION_LENGTH, "the incident")]
    return lines


def _milestones(incident: Incident) -> list[str]:
    reached = incident.milestones
    lines = [f"- **Detected:** {moment(reached.detected_at)}"]
    for word, at in (
        ("Acknowledged", reached.acknowledged_at),
        ("Mitigated", reached.mitigated_at),
        ("Resolved", reached.resolved_at),
        ("Closed", reached.closed_at),
    ):
        after = "" if at is None else f" ({length(at - reached.detected_at)} after detection)"
        lines.append(f"- **{word}:** {'not yet' if at is None else moment(at)}{after}")
    return lines


# --- impact --------------------------------------------------------------------------------------------


def _impact(material: ReportInput) -> list[str]:
    incident, entities = material.incident, material.hints.entities
    names = [inline("/".join(part for part in (e.cluster, e.namespace, e.kind, e.name) if part), 800) for e in entities]
    labels = [f"{inline(key, 63)}: {inline(value, 500)}" for key, value in sorted(incident.labels.items())]
    lines = [
        f"- **Services:** {', '.join(inline(service, 200) for service in incident.services) or 'none named'}",
        f"- **Entities:** {', '.join(names) or 'none named'}",
        f"- **Labels:** {'; '.join(labels) or 'none'}",
        f"- **Signals:** {material.signal_count}, of which {material.activity.firing_count} fire",
    ]
    signals = sorted(material.signals, key=lambda signal: (_began(signal), signal.fingerprint))
    shown, left_out = within(signals, _signal, _PART_BUDGET)
    missing = left_out + max(0, material.signal_count - len(signals))
    return [*lines, *_items(shown, missing, "signals")]


def _signal(signal: Signal) -> list[str]:
    spans = [_span(o.starts_at, o.ends_at) for o in signal.occurrences] or [_span(signal.starts_at, signal.ends_at)]
    more = f"; and {len(spans) - _SHOWN_OCCURRENCES} times more" if len(spans) > _SHOWN_OCCURRENCES else ""
    fired = "; ".join(spans[:_SHOWN_OCCURRENCES]) + more
    reports = f"{signal.count} report{'' if signal.count == 1 else 's'} from {inline(signal.source, 100)}"
    return [f"- **{inline(signal.name, 200)}** ({signal.severity}, {reports}): {inline(signal.title)}. Fired {fired}."]


def _span(starts_at: datetime, ends_at: datetime | None) -> str:
    if ends_at is None:
        return f"from {moment(starts_at)} on"
    return f"{moment(starts_at)} to {moment(ends_at)} ({length(ends_at - starts_at)})"


def _began(signal: Signal) -> datetime:
    return min((occurrence.starts_at for occurrence in signal.occurrences), default=signal.starts_at)


# --- timeline ------------------------------------------------------------------------------------------


def _timeline(material: ReportInput) -> list[str]:
    """What people and the lifecycle did comes before what signals did, where there is no room for all."""
    chosen: list[tuple[TimelineEntry, list[str]]] = []
    left_out: Counter[str] = Counter()
    budget = _TIMELINE_BUDGET
    for entry in sorted(material.entries, key=lambda entry: (entry.type in _OF_SIGNALS, entry.sequence)):
        block = _entry(entry) if budget > 0 else []
        budget -= sum(len(line) + 1 for line in block)
        if budget > 0:
            chosen.append((entry, block))
        else:
            left_out[entry.type] += 1
    chosen.sort(key=lambda one: (one[0].occurred_at, one[0].sequence))
    lines = [line for _, block in chosen for line in block]
    words = [f"{count} of type {name}" for name, count in sorted(left_out.items()) if count]
    if unread := material.entry_count - len(material.entries):
        words.append(f"{unread} from the middle of a long timeline")
    if words:
        lines += ["", f"Left out here, for length: {', '.join(words)}. The timeline itself has them all."]
    return lines or ["Nothing yet."]


def _entry(entry: TimelineEntry) -> list[str]:
    start = f"- {moment(entry.occurred_at)}, {inline(entry.actor, 100)}"
    if entry.type is not EntryType.NOTE_ADDED:
        return [f"{start}: {inline(entry.message, 500)}"]
    note = quote(entry.message, _NOTE_LENGTH, f"timeline entry {entry.sequence}")
    return [f"{start} noted:", "", *(f"  {line}" for line in note), ""]


# --- evidence, actions, follow-ups ---------------------------------------------------------------------


def _diagnoses(material: ReportInput) -> list[str]:
    found = sorted(material.diagnoses, key=lambda diagnosis: (diagnosis.observed_at, diagnosis.id))
    shown, left_out = within(found, _diagnosis, _PART_BUDGET)
    lines = _items(shown, left_out + max(0, material.diagnosis_count - len(found)), "diagnoses")
    observed, missing = within(material.evidence, _evidence, _PART_BUDGET)
    lines += _items(observed, missing, "pieces of evidence")
    if material.investigation is not None:
        lines += ["", *_investigation(material.investigation)]
    return lines[1:] or ["None was recorded."]


def _investigation(found: Investigation) -> list[str]:
    lines = write_investigation(found)
    for claim in found.hypotheses[:_SHOWN_HYPOTHESES]:
        lines += _claim("Hypothesis", claim)
    return lines


def _diagnosis(diagnosis: Diagnosis) -> list[str]:
    resource = diagnosis.resource
    name = inline(" ".join(p for p in (resource.cluster, resource.namespace, resource.kind, resource.name) if p), 900)
    by = inline(f"{diagnosis.produced_by} {diagnosis.producer_version}".strip(), 400)
    lines = [f"- **{name}**, observed {moment(diagnosis.observed_at)} by {by}: {inline(diagnosis.summary, 1_000)}"]
    lines += [f"  - Not looked at: {inline(c.part, 200)} ({inline(c.reason)})" for c in diagnosis.coverage]
    claims = [("Hypothesis", claim) for claim in diagnosis.hypotheses] or [
        ("Finding", claim) for claim in diagnosis.findings
    ]
    for word, claim in claims:
        lines += _claim(word, claim)
    return lines


def _claim(word: str, claim: Finding) -> list[str]:
    sure = f"{claim.confidence:.0%} sure, {claim.severity}, rule {inline(claim.rule_id, 200)}"
    why = f": {inline(claim.explanation, 1_000)}" if claim.explanation.strip() else ""
    lines = [f"  - {word}: {inline(claim.title)} ({sure}){why}"]
    if claim.remediation.strip():
        lines.append(f"    - Remedy: {inline(claim.remediation, 1_000)}")
    for evidence in claim.evidence[:_SHOWN_EVIDENCE]:
        asked = f", asked {inline(evidence.query, 500)}" if evidence.query else ""
        lines.append(f"    - {inline(evidence.source, 200)}{asked}: {inline(evidence.observation, 500)}")
    if len(claim.evidence) > _SHOWN_EVIDENCE:
        lines.append(f"    - and {len(claim.evidence) - _SHOWN_EVIDENCE} observations more")
    return lines


def _evidence(evidence: ReportEvidence) -> list[str]:
    asked = f", asked {inline(evidence.query, 500)}" if evidence.query else ""
    at = f" at {moment(evidence.at)}" if evidence.at else ""
    digest = f" (digest {inline(evidence.digest, 200)})" if evidence.digest else ""
    return [f"- {inline(evidence.source, 200)}{at}{asked}: {inline(evidence.observation, 500)}{digest}"]


def _actions(actions: tuple[ReportAction, ...]) -> list[str]:
    shown, left_out = within(actions, _action, _PART_BUDGET)
    return _items(shown, left_out, "actions")[1:] or ["None was recorded."]


def _action(action: ReportAction) -> list[str]:
    kind = f"{inline(action.type, 60)}{f', risk {inline(action.risk, 60)}' if action.risk else ''}"
    lines = [f"- **{inline(action.state, 60)}**: {inline(action.title)} ({kind})"]
    if action.proposed_by:
        lines.append(f"  - Proposed by {inline(action.proposed_by)}, {moment(action.proposed_at)}")
    if action.decided_by:
        lines.append(f"  - Decided by {', '.join(inline(who) for who in action.decided_by)}")
    if action.executed_by or action.executed_at:
        lines.append(f"  - Executed by {inline(action.executed_by or 'nobody named')}, {moment(action.executed_at)}")
    if action.result.strip():
        lines.append(f"  - Result: {inline(action.result, 1_000)}")
    return lines


def _tasks(tasks: tuple[Task, ...]) -> list[str]:
    def order(task: Task) -> tuple[bool, bool, datetime, str]:
        return task.state is not TaskState.OPEN, task.due_at is None, task.due_at or task.created_at, task.id

    shown, left_out = within(sorted(tasks, key=order), _task, _PART_BUDGET)
    return _items(shown, left_out, "tasks")[1:] or ["None was recorded."]


def _task(task: Task) -> list[str]:
    box = "[ ]" if task.state is TaskState.OPEN else "[x]"
    due = f", due {moment(task.due_at)}" if task.due_at else ""
    ended = "" if task.state is TaskState.OPEN else f", {task.state} {moment(task.finished_at)}"
    return [f"- {box} {inline(task.title)} ({inline(task.owner, 200) if task.owner else 'nobody'}{due}{ended})"]


def _items(lines: list[str], left_out: int, noun: str) -> list[str]:
    """Return ``lines`` after an empty one, and a word about what is missing; nothing for nothing."""
    if not lines and not left_out:
        return []
    return ["", *lines, *(["", f"{left_out} {noun} are not shown here."] if left_out else [])]


def _word(text: str) -> str:
    return inline(text.replace("_", " ").capitalize(), 60)
