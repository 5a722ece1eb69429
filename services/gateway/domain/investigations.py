"""Decide which cluster an incident is investigated in, and what of an investigation an incident shows and tells."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from services.gateway.domain.records import (
    EntryDraft,
    EntryType,
    Hints,
    Incident,
    KeptInvestigation,
    LeadingHypothesis,
)
from shared.contracts.diagnosis import DiagnosedResource, Finding
from shared.contracts.investigation import Investigation, InvestigationQuestion, ObservedChange

# What an incident shows of its newest investigation; the whole of it is one request away.
SHOWN_ENTITIES, SHOWN_EDGES, SHOWN_CORRELATIONS, SHOWN_HYPOTHESES = 50, 100, 50, 10
_LEADING = 3
_MOST_CHANGES_TOLD, _LEAST_CHANGE = 10, 0.3
# An incident that is asked about for weeks tells again of what it told longest ago, rather than growing for ever.
_MOST_TOLD = 1_000
_MESSAGE_LENGTH = 500
# How the tools of clouds and people name contexts: user@cluster, arn:…:cluster/name, gke_project_zone_name.
_PARTS = re.compile(r"[@/:_]")
GRAPH = "graph"


class Place(NamedTuple):
    """Where an incident is: the cluster as graph workers call it, and as the incident does."""

    context: str
    cluster: str | None


class Question(NamedTuple):
    """What goes to the worker: the cluster as it calls it, the question, and what to compare with.

    ``left_out`` is how many signals of the incident the question does not tell of.
    """

    context: str
    question: InvestigationQuestion
    earlier: str | None
    left_out: int = 0


def clusters_named(incident: Incident, hints: Hints | None) -> tuple[str, ...]:
    """Return what the incident calls its cluster, the plainest first."""
    label = incident.labels.get("cluster")
    named = (hint.cluster for hint in (hints.entities if hints is not None else ()))
    return tuple(dict.fromkeys(name for name in (label, *named) if name))


def choose_place(known: Sequence[str], named: Sequence[str]) -> Place | None:
    """Return the one cluster of ``known`` that is meant; None where it cannot be told.

    A name means the context of that name, however its letters are; else the only one that ends with it as a part of
    its own (``admin@prod``, ``arn:…:cluster/prod``). Where no name is given and one cluster is known, it is that.
    """
    if not named:
        return Place(known[0], None) if len(known) == 1 else None
    found = ((name, _meant(known, name)) for name in named)
    return next((Place(context, name) for name, context in found if context is not None), None)


def _meant(known: Sequence[str], name: str) -> str | None:
    if name in known:
        return name
    folded = name.casefold()
    alike = [one for one in known if one.casefold() == folded]
    alike = alike or [one for one in known if _PARTS.split(one)[-1].casefold() == folded]
    return alike[0] if len(alike) == 1 else None


def outline(found: Investigation) -> dict[str, Any]:
    """Return what lists show of an investigation, by the names of its record."""
    return {
        "observed_at": found.observed_at,
        "summary": found.summary,
        "status": found.status,
        "hypotheses": tuple(_lead(one) for one in found.hypotheses[:_LEADING]),
        "hypothesis_count": len(found.hypotheses),
        "finding_count": len(found.findings),
        "change_count": len(found.changes),
        "entity_count": len(found.entities),
        "edge_count": len(found.edges),
        "gap_count": len(found.coverage),
    }


def shown(found: Investigation) -> str:
    """Return what the incident shows, as JSON: the nearest entities, the edges among them, correlations, hypotheses."""
    entities = sorted(found.entities, key=lambda one: (one.hops, one.id))[:SHOWN_ENTITIES]
    ids = {one.id for one in entities}
    edges = [one for one in found.edges if one.source in ids and one.target in ids][:SHOWN_EDGES]
    body = {
        "graphEntities": entities,
        "graphEdges": edges,
        "correlations": found.correlations[:SHOWN_CORRELATIONS],
        "hypotheses": [_brief(one) for one in found.hypotheses[:SHOWN_HYPOTHESES]],
    }
    return msgspec.json.encode(body).decode()


def news(record: KeptInvestigation, found: Investigation, told: Iterable[str]) -> tuple[list[EntryDraft], list[str]]:
    """Return the entries for what the timeline does not tell of yet, and the ids of all it tells of that was found.

    What was found in one cluster is news in another. One that finds nothing new has an entry only if a person waits for
    it; nor has the first, where nothing the incident names was found.
    """
    known = set(told)
    leading = {_told_id(record, _id_of(one)): one for one in found.hypotheses[:_LEADING]}
    likely = [one for one in found.changes if one.confidence >= _LEAST_CHANGE][:_MOST_CHANGES_TOLD]
    changed = {_told_id(record, one.id): one for one in likely}
    # Those told of before are among them, so that what is found again and again is not forgotten and told anew.
    ids = [record.context, *leading, *changed]
    hypotheses = [one for key, one in leading.items() if key not in known]
    changes = [one for key, one in changed.items() if key not in known]
    is_first = record.context not in known and any(seed.entity for seed in found.seeds)
    if not (hypotheses or changes or is_first or record.is_awaited):
        return [], [one for one in ids if one in known]
    drafts = [_investigated(record, found, is_news=bool(hypotheses or changes))]
    drafts += [_hypothesis(record, found, one) for one in hypotheses]
    drafts += [_change(record, found, one) for one in changes]
    return drafts, ids


def remember(told: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    """Return the ids that were told of, with ``more`` as the newest; of too many the newest."""
    again = set(more)
    return tuple(dict.fromkeys((*(one for one in told if one not in again), *more)))[-_MOST_TOLD:]


def name_entity(resource: DiagnosedResource) -> str:
    """Return the id of an entity: kind, namespace where it has one, and name."""
    return "/".join(part for part in (resource.kind, resource.namespace, resource.name) if part)


def culprit_of(finding: Finding) -> DiagnosedResource | None:
    """Return what a finding blames: what to mend, else what shows it."""
    blamed = finding.culprit or finding.subject
    return blamed if isinstance(blamed, DiagnosedResource) else None


def _told_id(record: KeptInvestigation, found_id: str) -> str:
    return f"{record.context}|{found_id}"


def _id_of(finding: Finding) -> str:
    blamed = culprit_of(finding)
    return f"{finding.rule_id}@{name_entity(blamed)}" if blamed is not None else finding.rule_id


def _lead(finding: Finding) -> LeadingHypothesis:
    return LeadingHypothesis(
        rule_id=finding.rule_id, title=finding.title, confidence=finding.confidence, severity=finding.severity
    )


def _brief(finding: Finding) -> dict[str, Any]:
    blamed = culprit_of(finding)
    return {
        "ruleId": finding.rule_id,
        "title": finding.title,
        "confidence": finding.confidence,
        "severity": finding.severity,
        "culprit": blamed,
        "arithmetic": finding.arithmetic or (),
    }


def _investigated(record: KeptInvestigation, found: Investigation, *, is_news: bool) -> EntryDraft:
    again = "" if is_news else "Nothing new: "
    return _draft(
        EntryType.INVESTIGATED,
        record,
        found,
        f"Investigated {record.cluster or record.context}. {again}{found.summary}",
        trigger=record.trigger,
        status=found.status,
        jobId=record.job_id,
        entities=len(found.entities),
        hypotheses=len(found.hypotheses),
        changes=len(found.changes),
        gaps=len(found.coverage),
        snapshot=found.snapshot,
    )


def _hypothesis(record: KeptInvestigation, found: Investigation, one: Finding) -> EntryDraft:
    return _draft(
        EntryType.HYPOTHESIS_FOUND,
        record,
        found,
        f"Suspected cause ({one.confidence:.0%}): {one.title}",
        ruleId=one.rule_id,
        confidence=one.confidence,
        severity=one.severity,
        culprit=msgspec.to_builtins(culprit_of(one)),
    )


def _change(record: KeptInvestigation, found: Investigation, one: ObservedChange) -> EntryDraft:
    draft = _draft(
        EntryType.CHANGE_FOUND,
        record,
        found,
        f"Change near the incident: {one.summary}",
        changeId=one.id,
        entity=one.entity,
        confidence=one.confidence,
        fieldPath=one.field_path,
        at=one.at.isoformat() if one.at is not None else None,
        isLatest=one.is_latest,
    )
    # A cluster's clock that goes ahead of ours must not make a change of the future.
    occurred_at = min(one.at, found.observed_at) if one.at is not None else found.observed_at
    return msgspec.structs.replace(draft, occurred_at=occurred_at)


def _draft(
    type_: EntryType,
    record: KeptInvestigation,
    found: Investigation,
    message: str,
    **payload: Any,
) -> EntryDraft:
    return EntryDraft(
        type=type_,
        actor="system",
        source=GRAPH,
        occurred_at=found.observed_at,
        message=message if len(message) <= _MESSAGE_LENGTH else message[: _MESSAGE_LENGTH - 1] + "…",
        payload={"investigationId": record.id, **payload},
    )
