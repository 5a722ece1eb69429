"""Diagnose one object: ask for it, read what surrounds it, run the rules, rank the causes. Nothing is ever written."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.ranking.examination import examine
from services.graph.domain.ranking.ranking import Hypothesis, rank_findings
from services.graph.domain.ranking.verdict import Judgement, Sight, judge
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import Kind, find_kind
from services.graph.domain.report.contract import Conclusion, write_diagnosis
from services.graph.domain.rules.base import Rule, View
from services.graph.domain.rules.catalogue import RULES
from services.graph.domain.walking.walk import Walk, walk_from
from services.graph.handlers.gather import Progress, gather, wants_of_everything, wants_of_namespaces
from services.graph.handlers.other_gaps import other_gaps
from services.graph.handlers.read_logs import read_logs
from services.graph.ports import ClusterSource, Limits, Lookup, ObjectRead
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Verdict
from shared.ports import Clock

_MOST_UNTIED = 5
_SIGHT_OF_LOOKUP = {
    Lookup.FOUND: Sight.SEEN,
    Lookup.NOT_FOUND: Sight.ABSENT,
    Lookup.FORBIDDEN: Sight.FORBIDDEN,
    Lookup.UNKNOWN: Sight.UNKNOWN,
}
DEFAULT_LIMITS = Limits()


class UnknownKind(ValueError):
    """No kind of this name is read."""


@dataclass(frozen=True, slots=True)
class _Target:
    ref: Ref
    kind: Kind
    asked: ObjectRead


def diagnose_resource(
    source: ClusterSource,
    resource: DiagnosedResource,
    *,
    clock: Clock,
    limits: Limits = DEFAULT_LIMITS,
    version: str = "",
    progress: Progress | None = None,
    rules: Sequence[Rule] = RULES,
) -> Diagnosis:
    """Return the diagnosis of one object. Works with any subset of rights, and says what it could not see.

    Raises ``UnknownKind`` for a kind that is not read, and nothing for what a server answers.
    """
    target = _ask(source, resource, limits)
    named = DiagnosedResource(
        cluster=resource.cluster or source.name,
        namespace=target.ref.namespace,
        kind=target.ref.kind,
        name=target.ref.name,
    )
    if target.asked.lookup is Lookup.NOT_FOUND:
        nothing = Inventory(source.name, clock.now(), (), Coverage((target.asked.coverage,)))
        examination = examine(View(nothing, clock.now()), (), ())
        conclusion = Conclusion(named, nothing, examination, (), Judgement(Verdict.NOT_FOUND), ())
        return write_diagnosis(conclusion, version)
    found = [target.asked.thing] if target.asked.thing is not None else []
    wants = wants_of_namespaces([home]) if (home := _home(target.ref)) else wants_of_everything()
    inventory = gather(source, wants, limits, clock.now(), progress, also=found)
    conclusion = _conclude(source, named, target, inventory, limits, rules)
    return write_diagnosis(conclusion, version)


def _ask(source: ClusterSource, resource: DiagnosedResource, limits: Limits) -> _Target:
    kind = find_kind(resource.kind)
    if kind is None:
        raise UnknownKind(f"{resource.kind!r} is no kind that is read")
    namespace = (resource.namespace or "default") if kind.is_namespaced else None
    asked = source.read_object(kind, namespace, resource.name, limits)
    return _Target(Ref(kind.name, namespace, resource.name), kind, asked)


def _home(ref: Ref) -> str | None:
    return ref.name if ref.kind == "Namespace" else ref.namespace


def _conclude(
    source: ClusterSource,
    named: DiagnosedResource,
    target: _Target,
    inventory: Inventory,
    limits: Limits,
    rules: Sequence[Rule],
) -> Conclusion:
    walk = walk_from(inventory, target.ref)
    objects = walk.objects(inventory)
    # The target's own pods tell most, so their logs are read first.
    logs, log_gaps = read_logs(source, inventory, _own_first(objects, walk), limits)
    examination = examine(View(inventory, inventory.observed_at, logs), objects, rules)
    ranked = worth_saying(rank_findings(examination.findings, inventory, walk))
    sight = _sight(target, inventory)
    judgement = judge(target.ref, sight, ranked, inventory, (target.ref.namespace or _home(target.ref),))
    gaps = [*_of_target(target, sight), *gaps_of(inventory.coverage, target.ref), *log_gaps]
    notes = other_gaps(source, walk)
    return Conclusion(named, inventory, examination, ranked, judgement, gaps, logs=len(logs), notes=notes)


def _own_first(objects: Sequence[KubeObject], walk: Walk) -> list[KubeObject]:
    return sorted(objects, key=lambda thing: (thing.ref not in walk.own, walk.steps[thing.ref]))


def worth_saying(ranked: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return the hypotheses that are about the target.

    What nothing ties to it is a candidate only while the target is in trouble, and then few of it.
    """
    tied = [one for one in ranked if one.is_tied]
    untied = [one for one in ranked if not one.is_tied]
    return [*tied, *untied[:_MOST_UNTIED]] if tied else []


def _sight(target: _Target, inventory: Inventory) -> Sight:
    if inventory.find_ref(target.ref) is not None:
        return Sight.SEEN
    if target.asked.lookup is not Lookup.FOUND and inventory.coverage.proves_absence(
        target.ref.kind, target.ref.namespace
    ):
        return Sight.ABSENT
    return _SIGHT_OF_LOOKUP[target.asked.lookup]


def gaps_of(coverage: Coverage, target: Ref | None = None) -> list[CoverageEntry]:
    """Return the reads that failed and that nothing made good; one of the whole cluster is, by that of the target's."""
    home = _home(target) if target else None

    def is_made_good(gap: CoverageEntry) -> bool:
        return home is not None and gap.namespace is None and coverage.state(gap.kind, home) is CoverageState.OK

    return [gap for gap in coverage.gaps() if not is_made_good(gap)]


def _of_target(target: _Target, sight: Sight) -> list[CoverageEntry]:
    return [target.asked.coverage] if sight in {Sight.FORBIDDEN, Sight.UNKNOWN} else []
