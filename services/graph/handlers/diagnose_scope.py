"""Diagnose whole namespaces or a whole cluster: one list of causes, told as it grows."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.examination import examine
from services.graph.domain.ranking.ranking import Hypothesis, rank_findings
from services.graph.domain.ranking.verdict import Judgement, Sight, judge
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import get_kind
from services.graph.domain.report.contract import Conclusion, write_diagnosis
from services.graph.domain.rules.base import Rule, View
from services.graph.domain.rules.catalogue import RULES
from services.graph.domain.walking.walk import Walk, walk_everything, walk_namespaces
from services.graph.handlers.diagnose import DEFAULT_LIMITS, gaps_of
from services.graph.handlers.gather import gather, wants_of_everything, wants_of_namespaces
from services.graph.handlers.other_gaps import other_gaps
from services.graph.handlers.read_logs import read_logs
from services.graph.ports import ClusterSource, Limits, Lookup
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Verdict
from shared.ports import Clock

CLUSTER = "Cluster"
_MOST_LOGS, _MOST_HYPOTHESES = 120, 200


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is: what is done now, and how much of how much is."""

    text: str
    done: int
    total: int


def diagnose_scope(
    source: ClusterSource,
    namespaces: Sequence[str] | None,
    *,
    clock: Clock,
    limits: Limits = DEFAULT_LIMITS,
    version: str = "",
    rules: Sequence[Rule] = RULES,
) -> Iterator[Step | Diagnosis]:
    """Yield the steps of the work and, last, the diagnosis of these namespaces, or of the cluster for None.

    Its hypotheses are one list for the whole scope, one a culprit. A namespace that is proven not to exist gives
    ``not_found``.
    """
    named = _name(source, namespaces)
    absent = _absent(source, namespaces or (), limits)
    if absent:
        nothing = Inventory(source.name, clock.now(), (), Coverage(tuple(absent)))
        examination = examine(View(nothing, clock.now()), (), ())
        yield write_diagnosis(Conclusion(named, nothing, examination, (), Judgement(Verdict.NOT_FOUND), ()), version)
        return
    inventory = yield from _gather(source, namespaces, clock, limits)
    walk = walk_everything(inventory) if namespaces is None else walk_namespaces(inventory, namespaces)
    objects = walk.objects(inventory)
    yield Step("read logs of failing containers", 0, 1)
    logs, log_gaps = read_logs(source, inventory, objects, limits, _MOST_LOGS)
    yield Step(f"run {len(rules)} rules on {len(objects)} objects", 0, 1)
    examination = examine(View(inventory, inventory.observed_at, logs), objects, rules)
    ranked = [one for one in rank_findings(examination.findings, inventory, walk) if one.is_tied]
    judgement = _judge(named, namespaces, walk, inventory, ranked)
    gaps = [*_gaps(inventory, namespaces), *log_gaps]
    notes = other_gaps(source, walk)
    conclusion = Conclusion(named, inventory, examination, ranked, judgement, gaps, len(logs), _MOST_HYPOTHESES, notes)
    yield write_diagnosis(conclusion, version)


def _name(source: ClusterSource, namespaces: Sequence[str] | None) -> DiagnosedResource:
    if namespaces is None:
        return DiagnosedResource(cluster=source.name, kind=CLUSTER, name=source.name or "cluster")
    return DiagnosedResource(cluster=source.name, kind="Namespace", name=", ".join(namespaces))


def _absent(source: ClusterSource, namespaces: Sequence[str], limits: Limits) -> list[CoverageEntry]:
    asked = [source.read_object(get_kind("Namespace"), None, name, limits) for name in namespaces]
    return [read.coverage for read in asked if read.lookup is Lookup.NOT_FOUND]


def _gather(
    source: ClusterSource, namespaces: Sequence[str] | None, clock: Clock, limits: Limits
) -> Generator[Step, None, Inventory]:
    """Read in a thread of its own, and yield its steps while it does; returns the inventory."""
    steps: SimpleQueue[Step | None] = SimpleQueue()
    wants = wants_of_everything() if namespaces is None else wants_of_namespaces(namespaces)

    def read() -> Inventory:
        try:
            return gather(
                source, wants, limits, clock.now(), lambda text, done, total: steps.put(Step(text, done, total))
            )
        finally:
            steps.put(None)

    with ThreadPoolExecutor(1, thread_name_prefix="gather") as pool:
        reading = pool.submit(read)
        while (step := steps.get()) is not None:
            yield step
        return reading.result()


def _judge(
    named: DiagnosedResource,
    namespaces: Sequence[str] | None,
    walk: Walk,
    inventory: Inventory,
    ranked: Sequence[Hypothesis],
) -> Judgement:
    within = namespaces if namespaces is not None else [None]
    states = [inventory.coverage.state("Pod", space) for space in within]
    sight = Sight.SEEN
    if not any(step == 0 and inventory.find_ref(ref) for ref, step in walk.steps.items()):
        refused = all(state is CoverageState.FORBIDDEN for state in states)
        whole = all(state is CoverageState.OK for state in states)
        sight = Sight.SEEN if whole else Sight.FORBIDDEN if refused else Sight.UNKNOWN
    return judge(Ref(named.kind, None, named.name), sight, ranked, inventory, within)


def _gaps(inventory: Inventory, namespaces: Sequence[str] | None) -> list[CoverageEntry]:
    gaps = gaps_of(inventory.coverage)
    if namespaces is None:
        return gaps
    covered = inventory.coverage

    def is_made_good(gap: CoverageEntry) -> bool:
        return gap.namespace is None and all(covered.state(gap.kind, one) is CoverageState.OK for one in namespaces)

    return [gap for gap in gaps if not is_made_good(gap)]
