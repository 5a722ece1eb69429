"""Write what an investigation found as the contract has it: bounded, in a fixed order, with ids that stay the same."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

import msgspec

from services.graph.domain.changes.rank import RankedChange
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.netpol.near import Reach
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.seeding.correlate import change_id, entity_id
from services.graph.domain.seeding.seeds import FoundSeed, Seeds
from services.graph.domain.topology.blast_radius import BlastRadius, Reached
from services.graph.domain.topology.graph import Edge, EdgeState, Entity, Graph
from services.graph.domain.topology.layers import layer_of
from services.graph.domain.topology.neighbourhood import CutReason, Neighbourhood
from shared.contracts import investigation as contract
from shared.contracts.diagnosis import ConfidenceStep, DiagnosedResource, Diagnosis, DiagnosisStatus

MOST_EDGES, MOST_CHANGES, MOST_UNKNOWN = 2_000, 50, 50
_TEXT = 2_000
_WORDS = {
    CutReason.MOST: "more were found than asked for",
    CutReason.HUB: "they are connected only through something that very much is connected with",
    CutReason.DISTANCE: "they are further away than asked for",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything an investigation is made of; ``diagnosis`` has its findings, hypotheses and coverage."""

    question: contract.InvestigationQuestion
    cluster: str
    onset: datetime
    seeds: Seeds
    neighbourhood: Neighbourhood
    # What belongs to the graph besides the neighbours: culprits further away, seeds that nothing refers to.
    further: Mapping[Ref, int]
    # Who may reach whom among the neighbours, where network policies have a say.
    reach: Reach
    graph: Graph
    blast: BlastRadius
    diagnosis: Diagnosis
    correlations: Sequence[contract.Correlation]
    changes: Sequence[RankedChange]
    snapshot: str


def write_investigation(outcome: Outcome, version: str) -> contract.Investigation:
    """Return the investigation; its id is made from its content."""
    edges = list(_edges(_all_edges(outcome)))
    made = contract.Investigation(
        id="",
        incident_id=outcome.question.incident_id,
        trigger=outcome.question.trigger,
        cluster=outcome.cluster,
        observed_at=outcome.diagnosis.observed_at,
        producer_version=version,
        status=outcome.diagnosis.status if outcome.seeds.found else DiagnosisStatus.PARTIAL,
        summary=_summary(outcome),
        onset=outcome.onset,
        seeds=tuple(_seeds(outcome.seeds)),
        entities=tuple(_entities(outcome)),
        edges=tuple(edges[:MOST_EDGES]),
        cut=tuple(_cuts(outcome, len(edges))),
        blast_radius=contract.BlastRadius(
            upstream=tuple(_reached(outcome.blast.upstream)), downstream=tuple(_reached(outcome.blast.downstream))
        ),
        correlations=tuple(outcome.correlations),
        findings=outcome.diagnosis.findings,
        hypotheses=outcome.diagnosis.hypotheses,
        changes=tuple(_change(one) for one in outcome.changes[:MOST_CHANGES]),
        coverage=outcome.diagnosis.coverage,
        snapshot=outcome.snapshot,
    )
    digest = hashlib.sha256(contract.encode_investigation(made)).hexdigest()
    return msgspec.structs.replace(made, id=f"inv_{digest[:32]}")


def resource_of(ref: Ref) -> DiagnosedResource:
    """Return an object as contracts name it."""
    return DiagnosedResource(namespace=ref.namespace, kind=ref.kind, name=ref.name)


def _summary(outcome: Outcome) -> str:
    if outcome.diagnosis.hypotheses:
        return outcome.diagnosis.summary
    if not outcome.seeds.found:
        return "Nothing the incident names was found in the cluster."
    names = ", ".join(map(str, outcome.seeds.refs[:3]))
    if outcome.diagnosis.status is DiagnosisStatus.PARTIAL:
        return f"Nothing is known to be wrong around {names}, but not everything could be read."
    return f"Nothing is seen to be wrong around {names}."


def _seeds(seeds: Seeds) -> Iterator[contract.Seed]:
    for one in (*seeds.found, *seeds.unknown[:MOST_UNKNOWN]):
        yield _seed(one)


def _seed(one: FoundSeed) -> contract.Seed:
    return contract.Seed(
        hint=one.hint[:_TEXT],
        reason=one.reason[:_TEXT],
        entity=entity_id(one.ref) if one.ref else "",
        presence=str(one.presence),
        weight=one.weight,
        signals=one.signals,
    )


def _entities(outcome: Outcome) -> Iterator[contract.GraphEntity]:
    seeds = {one.ref: one for one in outcome.seeds.found}
    found = [(one.entity, ceil(one.distance)) for one in outcome.neighbourhood.neighbours]
    for ref, hops in outcome.further.items():
        presence = seeds[ref].presence if ref in seeds else Presence.UNKNOWN
        stated = Entity(ref=ref, layer=layer_of(ref.kind), state=EdgeState(presence.value))
        found.append((outcome.graph.entities.get(ref, stated), hops))
    for entity, hops in found:
        yield contract.GraphEntity(
            id=entity_id(entity.ref),
            resource=resource_of(entity.ref),
            layer=str(entity.layer),
            presence=str(entity.state),
            uid=entity.uid,
            hops=hops,
            is_seed=entity.ref in seeds,
        )


def _all_edges(outcome: Outcome) -> Iterator[Edge]:
    yield from outcome.neighbourhood.edges
    yield from outcome.reach.edges
    near, further = outcome.neighbourhood.refs, outcome.further
    for ref in further:
        yield from (edge for edge in outcome.graph.out_of(ref) if edge.target in near or edge.target in further)
        yield from (edge for edge in outcome.graph.into(ref) if edge.source in near)


def _edges(edges: Iterable[Edge]) -> Iterator[contract.GraphEdge]:
    """Yield each relation between two objects once, as the field says it that is surest."""
    best: dict[str, Edge] = {}
    for edge in edges:
        key = "|".join((entity_id(edge.source), str(edge.relation), entity_id(edge.target), edge.note))
        before = best.get(key)
        if before is None or (-edge.confidence, _path(edge)) < (-before.confidence, _path(before)):
            best[key] = edge
    for key, edge in sorted(best.items()):
        yield _edge(key, edge)


def _edge(key: str, edge: Edge) -> contract.GraphEdge:
    origin = edge.provenance
    return contract.GraphEdge(
        id=f"edg_{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}",
        source=entity_id(edge.source),
        target=entity_id(edge.target),
        relation=str(edge.relation),
        layer=str(edge.layer),
        state=str(edge.state),
        confidence=edge.confidence,
        rationale=edge.rationale,
        note=edge.note,
        origin=contract.Origin(
            resource=resource_of(origin.ref),
            uid=origin.uid,
            field_path=origin.field_path,
            resource_version=origin.resource_version,
        )
        if origin
        else None,
    )


def _path(edge: Edge) -> str:
    return edge.provenance.field_path if edge.provenance else ""


def _cuts(outcome: Outcome, edges: int) -> Iterator[contract.Cut]:
    for one in outcome.neighbourhood.cut:
        yield contract.Cut(kind=one.kind, count=one.count, reason=_WORDS[one.reason])
    reach = outcome.reach
    if reach.spoken_for:
        yield contract.Cut(kind="Pod", count=reach.spoken_for, reason="another pod of their workload shows their reach")
    if reach.left_out:
        yield contract.Cut(kind="Pod", count=reach.left_out, reason="whom they may reach was not asked: too many")
    up, down = outcome.blast.left_out
    counts = (
        ("edges", edges - MOST_EDGES),
        ("upstream", up),
        ("downstream", down),
        ("seeds", outcome.seeds.left_out),
        ("unknown seeds", len(outcome.seeds.unknown) - MOST_UNKNOWN),
        ("changes", len(outcome.changes) - MOST_CHANGES),
    )
    for what, count in counts:
        if count > 0:
            yield contract.Cut(kind=what, count=count, reason="more were found than are kept")


def _reached(found: Iterable[Reached]) -> Iterator[str]:
    for one in found:
        yield entity_id(one.ref)


def _change(one: RankedChange) -> contract.ObservedChange:
    change = one.change
    steps = [ConfidenceStep(reason="base of changes", delta=one.confidence.base)]
    steps += [ConfidenceStep(reason=step.reason, delta=step.delta) for step in one.confidence.steps]
    return contract.ObservedChange(
        id=change_id(change),
        entity=entity_id(change.ref),
        summary=str(change)[:_TEXT],
        resource=resource_of(change.ref),
        kind=str(change.kind),
        source=str(change.source),
        field_path=change.field_path,
        before=change.before,
        after=change.after,
        at=change.at,
        is_latest=change.is_latest,
        by=change.by,
        hops=one.hops,
        confidence=one.confidence.value,
        arithmetic=tuple(steps),
    )
