"""Investigate an incident: read where it is, draw what surrounds it, run the rules there, rank causes and changes."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from services.graph.domain.changes.collect import collect_changes
from services.graph.domain.changes.raises import raise_by_changes
from services.graph.domain.changes.rank import RankedChange, rank_changes
from services.graph.domain.k8s.cluster import Lease
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.netpol.near import reach_among
from services.graph.domain.ranking.examination import Examination, examine
from services.graph.domain.ranking.ranking import Hypothesis, rank_findings
from services.graph.domain.ranking.verdict import Judgement
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.keepsake import keep, recall
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.relations import build_graph
from services.graph.domain.report.contract import Conclusion, write_diagnosis
from services.graph.domain.report.investigation import Outcome, write_investigation
from services.graph.domain.rules.base import Rule, View
from services.graph.domain.rules.catalogue import RULES
from services.graph.domain.seeding.correlate import correlate
from services.graph.domain.seeding.hints import Told, namespaces_of, read_hints
from services.graph.domain.seeding.seeds import Seeds, find_seeds
from services.graph.domain.topology.blast_radius import blast_radius
from services.graph.domain.topology.graph import Graph
from services.graph.domain.topology.neighbourhood import Neighbourhood, find_neighbourhood
from services.graph.domain.walking.walk import Walk, walk_from
from services.graph.handlers.diagnose import DEFAULT_LIMITS, gaps_of, worth_saying
from services.graph.handlers.gather import Progress, Want, gather, wants_of_everything, wants_of_namespaces
from services.graph.handlers.read_logs import read_logs
from services.graph.ports import ClusterSource, Limits
from shared.contracts.diagnosis import DiagnosedResource, Verdict
from shared.contracts.investigation import Investigation, InvestigationQuestion
from shared.ports import Clock

# What was changed longer before is no news of this incident.
_WINDOW = timedelta(hours=24)
_LEAST_CHANGE, _MOST_UNRELATED = 0.1, 10
_MOST_LOGS = 40
# Namespaces that the seeds' workloads call into, besides those of the seeds.
_MOST_CALLED = 8
_MOST_OBJECTS, _MOST_FURTHER = 5_000, 60
_TOLD = frozenset({CoverageState.OK, CoverageState.MISSING})
_PLATFORM = frozenset({"kube-system", "kube-public", "kube-node-lease"})


@dataclass(frozen=True, slots=True)
class _Scene:
    """What was read, drawn and found around the seeds."""

    inventory: Inventory
    namespaces: tuple[str, ...]
    seeds: Seeds
    graph: Graph
    neighbourhood: Neighbourhood
    hops: Mapping[Ref, int]


def investigate(  # noqa: PLR0913 - what is asked, of whom, and the world it is asked in.
    source: ClusterSource,
    question: InvestigationQuestion,
    *,
    earlier: Inventory | None = None,
    clock: Clock,
    limits: Limits = DEFAULT_LIMITS,
    version: str = "",
    progress: Progress | None = None,
    rules: Sequence[Rule] = RULES,
) -> tuple[Investigation, bytes]:
    """Return what surrounds the incident and what is wrong there, and what was looked at, to be kept.

    ``earlier`` is what an earlier investigation kept, recalled. Works with any subset of rights; what could not be
    seen is said, and never taken to be absent. Nothing a server answers is raised. The same cluster at the same
    moment gives the same answer.
    """
    scene = _look(source, question, clock, limits, progress)
    walk = _walk(scene)
    objects = walk.objects(scene.inventory)
    ordered = sorted(objects, key=lambda thing: (thing.ref not in walk.own, walk.steps[thing.ref]))
    logs, log_gaps = read_logs(source, scene.inventory, ordered, limits, _MOST_LOGS)
    _tell(progress, f"run {len(rules)} rules on {len(objects)} objects")
    examination = examine(View(scene.inventory, scene.inventory.observed_at, logs), objects, rules)
    ranked = worth_saying(rank_findings(examination.findings, scene.inventory, walk))
    body = keep(scene.inventory, _looked_at(scene, ranked), scene.namespaces)
    onset = question.onset or scene.inventory.observed_at
    changes = _changes(scene, earlier, body, onset, ranked)
    ranked = raise_by_changes(ranked, changes, onset)
    gaps = [*_gaps(scene), *log_gaps]
    conclusion = _conclude(source, scene, examination, ranked, gaps, len(logs))
    outcome = Outcome(
        question=question,
        cluster=question.cluster or source.name,
        onset=onset,
        seeds=scene.seeds,
        neighbourhood=scene.neighbourhood,
        further=_further(scene, walk, ranked),
        reach=reach_among(scene.inventory, scene.hops),
        graph=scene.graph,
        blast=blast_radius(scene.graph, scene.seeds.refs),
        diagnosis=write_diagnosis(conclusion, version),
        correlations=correlate(scene.inventory, scene.seeds.found, ranked, changes),
        changes=changes,
        snapshot=hashlib.sha256(body).hexdigest(),
    )
    return write_investigation(outcome, version), body


def _look(
    source: ClusterSource,
    question: InvestigationQuestion,
    clock: Clock,
    limits: Limits,
    progress: Progress | None,
) -> _Scene:
    now, told = clock.now(), read_hints(question, source.name)
    named = namespaces_of(told)
    wants = wants_of_namespaces(named) if named else wants_of_everything()
    inventory = gather(source, wants, limits, now, progress)
    scene = _draw(inventory, told, question, named)
    called = _called(scene) if named else ()
    if called:
        more = _wants_of_called(inventory, called)
        inventory = _joined(inventory, gather(source, more, limits, now, progress))
        scene = _draw(inventory, told, question, (*named, *called))
    return scene


def _draw(
    inventory: Inventory, told: Sequence[Told], question: InvestigationQuestion, namespaces: tuple[str, ...]
) -> _Scene:
    graph, seeds = build_graph(inventory), find_seeds(inventory, told)
    most = max(1, question.max_entities)
    neighbourhood = find_neighbourhood(graph, seeds.refs, hops=question.hops, most=most)
    hops = {one.entity.ref: ceil(one.distance) for one in neighbourhood.neighbours}
    spaces = dict.fromkeys((*namespaces, *(ref.namespace for ref in seeds.refs if ref.namespace)))
    return _Scene(inventory, tuple(spaces), seeds, graph, neighbourhood, hops)


def _called(scene: _Scene) -> tuple[str, ...]:
    """Return the namespaces of the neighbours that were not read whole, the nearest first."""
    found = dict.fromkeys(ref.namespace for ref in scene.hops if ref.namespace and ref.namespace not in _PLATFORM)
    return tuple(space for space in found if space and space not in scene.namespaces)[:_MOST_CALLED]


def _wants_of_called(inventory: Inventory, called: Sequence[str]) -> list[Want]:
    """Return the lists of these namespaces that no read of the whole cluster told of."""
    kinds = [kind for kind in KINDS if kind.is_namespaced and kind.name != Lease.KIND]
    unread = [kind for kind in kinds if inventory.coverage.state(kind.name, None) not in _TOLD]
    return [Want(kind, space) for kind in unread for space in called]


def _joined(first: Inventory, second: Inventory) -> Inventory:
    objects = [thing for one in (first, second) for kind in KINDS for thing in one.all(kind.kept)]
    return Inventory(first.cluster, first.observed_at, objects, first.coverage.plus(second.coverage.entries))


def _walk(scene: _Scene) -> Walk:
    """Return the objects rules run on: the neighbours, and what a person would look at from each seed."""
    steps: dict[Ref, int] = dict(scene.hops)
    own: set[Ref] = set()
    for ref in scene.seeds.refs:
        walk = walk_from(scene.inventory, ref)
        own |= walk.own
        for other, step in walk.steps.items():
            steps[other] = min(step, steps.get(other, step))
    ordered = dict(sorted(steps.items(), key=lambda item: item[1]))
    kept = {ref: step for n, (ref, step) in enumerate(ordered.items()) if n < _MOST_OBJECTS or ref in own}
    return Walk(kept, frozenset(own), is_cut=len(kept) < len(ordered))


def _further(scene: _Scene, walk: Walk, ranked: Iterable[Hypothesis]) -> dict[Ref, int]:
    """Return what is to blame, or shows it, and is no neighbour, with its distance; and seeds the graph lacks."""
    far = max(walk.steps.values(), default=0) + 1
    found = dict.fromkeys(scene.neighbourhood.unknown_seeds, 0)
    for hypothesis in ranked:
        for ref in (hypothesis.culprit, *(one.hit.subject for one in hypothesis.findings)):
            if ref not in scene.hops:
                found.setdefault(ref, walk.steps.get(ref, far))
    return dict(list(found.items())[:_MOST_FURTHER])


def _looked_at(scene: _Scene, ranked: Iterable[Hypothesis]) -> list[Ref]:
    """Return the neighbours, the nearest first, and all that findings rest on."""
    refs = dict.fromkeys(scene.hops)
    for hypothesis in ranked:
        refs[hypothesis.culprit] = None
        for finding in hypothesis.findings:
            refs[finding.hit.subject] = None
            refs.update(dict.fromkeys(seen.about for seen in finding.hit.seen))
    return list(refs)


def _changes(
    scene: _Scene, earlier: Inventory | None, body: bytes, onset: datetime, ranked: Sequence[Hypothesis]
) -> list[RankedChange]:
    since = min(onset, scene.inventory.observed_at) - _WINDOW
    kept = recall(body) if earlier is not None else None
    found = collect_changes(scene.inventory, since, earlier, kept)
    blamed = {one.culprit for one in ranked}
    # Of what is related in no known way, only what stands in the same namespaces may matter.
    near = [one for one in found if one.ref in scene.hops or one.ref in blamed or one.ref.namespace in scene.namespaces]
    likely = [one for one in rank_changes(near, onset, scene.hops) if one.confidence.value >= _LEAST_CHANGE]
    unrelated = [one for one in likely if one.hops is None][:_MOST_UNRELATED]
    return [one for one in likely if one.hops is not None or one in unrelated]


def _conclude(
    source: ClusterSource,
    scene: _Scene,
    examination: Examination,
    ranked: Sequence[Hypothesis],
    gaps: Collection[CoverageEntry],
    logs: int,
) -> Conclusion:
    named = DiagnosedResource(cluster=source.name, kind="Cluster", name=source.name or "cluster")
    judgement = Judgement(Verdict.UNHEALTHY if ranked else Verdict.CANNOT_TELL)
    return Conclusion(named, scene.inventory, examination, ranked, judgement, list(gaps), logs)


def _gaps(scene: _Scene) -> list[CoverageEntry]:
    """Return the reads that failed, without those of the whole cluster that were made good where the incident is."""
    coverage, spaces = scene.inventory.coverage, scene.namespaces

    def is_made_good(gap: CoverageEntry) -> bool:
        return (
            gap.namespace is None
            and bool(spaces)
            and all(coverage.state(gap.kind, one) is CoverageState.OK for one in spaces)
        )

    return [gap for gap in gaps_of(coverage) if not is_made_good(gap)]


def _tell(progress: Progress | None, text: str) -> None:
    if progress:
        progress(text, 0, 1)
