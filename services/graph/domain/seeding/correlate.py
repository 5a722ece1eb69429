"""Which signals, findings and changes belong to which components, how strongly, and why."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from services.graph.domain.changes.change import Change
from services.graph.domain.changes.rank import RankedChange
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.ranking import Hypothesis
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Finding
from services.graph.domain.seeding.seeds import FoundSeed
from services.graph.domain.walking.owners import owners_of
from shared.contracts.investigation import Correlation

# Who owns what a signal names is meant nearly as much; what a finding only shows itself on, half as much.
_OF_OWNER, _OF_SUBJECT = 0.8, 0.5
MOST = 400


def entity_id(ref: Ref) -> str:
    """Return the id of an object's entity: ``Kind/namespace/name``, or ``Kind/name``."""
    return "/".join(part for part in ref if part)


def finding_id(finding: Finding) -> str:
    """Return the id of a finding: its rule, and the object it is about."""
    return f"{finding.rule.id}@{entity_id(finding.hit.subject)}"


def change_id(change: Change) -> str:
    """Return the id of a change; when it was seen is no part of it, when it was made is."""
    at = change.at.isoformat() if change.at and not change.is_latest else ""
    return _id("chg", entity_id(change.ref), change.field_path, change.before, change.after, at)


def correlate(
    inventory: Inventory,
    seeds: Iterable[FoundSeed],
    hypotheses: Iterable[Hypothesis],
    changes: Iterable[RankedChange],
    most: int = MOST,
) -> list[Correlation]:
    """Return the correlations, signals first, each of a subject and an entity once, with the larger weight."""
    found: dict[str, Correlation] = {}
    for one in (*_of_signals(inventory, seeds), *_of_findings(hypotheses), *_of_changes(changes)):
        before = found.get(one.id)
        if before is None or one.weight > before.weight:
            found[one.id] = one
    return list(found.values())[:most]


def _of_signals(inventory: Inventory, seeds: Iterable[FoundSeed]) -> Iterator[Correlation]:
    for seed in seeds:
        if seed.ref is None:
            continue
        thing = inventory.find_ref(seed.ref)
        owners: Sequence[Ref] = owners_of(inventory, thing) if thing is not None else ()
        for signal in seed.signals:
            said = f"{seed.hint}: {seed.reason}"
            yield _make(signal, "signal", seed.ref, seed.weight, said)
            for owner in owners[-1:]:
                yield _make(signal, "signal", owner, seed.weight * _OF_OWNER, f"{said}; it owns {seed.ref}")


def _of_findings(hypotheses: Iterable[Hypothesis]) -> Iterator[Correlation]:
    for hypothesis in hypotheses:
        value = hypothesis.confidence.value
        for finding in hypothesis.findings:
            subject = finding_id(finding)
            yield _make(subject, "finding", hypothesis.culprit, value, f"{finding.rule.title}: this is what to mend")
            if finding.hit.subject != hypothesis.culprit:
                weight = value * _OF_SUBJECT
                yield _make(subject, "finding", finding.hit.subject, weight, f"{finding.rule.title}: it shows here")


def _of_changes(changes: Iterable[RankedChange]) -> Iterator[Correlation]:
    for one in changes:
        if one.hops is None:
            continue
        why = "; ".join(step.reason for step in one.confidence.steps)
        yield _make(change_id(one.change), "change", one.change.ref, one.confidence.value, why)


def _make(
    subject: str, kind: Literal["signal", "finding", "change"], ref: Ref, weight: float, rationale: str
) -> Correlation:
    entity = entity_id(ref)
    return Correlation(
        id=_id("cor", kind, subject, entity),
        subject=subject,
        subject_kind=kind,
        entity=entity,
        weight=round(weight, 4),
        rationale=rationale[:2_000],
    )


def _id(prefix: str, *parts: str) -> str:
    return f"{prefix}_{hashlib.sha256(chr(0).join(parts).encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
