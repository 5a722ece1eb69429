"""Who may reach whom, drawn for a few pods: only where a policy has a say, because openness is the default."""

from collections.abc import Iterator, Sequence

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.netpol.book import PolicyBook
from services.graph.domain.netpol.verdict import Verdict, VerdictState
from services.graph.domain.topology.graph import Edge, EdgeState, Relation
from services.graph.domain.topology.layers import Layer

# More pods than this make more pairs than anybody can look at.
MOST_PODS = 100

_STATES = {
    VerdictState.ALLOWED: EdgeState.PRESENT,
    VerdictState.DENIED: EdgeState.ABSENT,
    VerdictState.UNKNOWN: EdgeState.UNKNOWN,
}
# Whether the network plugin enforces policies is not known.
_CONFIDENCE = {VerdictState.ALLOWED: 0.95, VerdictState.DENIED: 0.85, VerdictState.UNKNOWN: 0.5}
_RATIONALE = {
    VerdictState.ALLOWED: "Network policies let the one open a connection to the other at some port.",
    VerdictState.DENIED: "Network policies let the one open no connection to the other.",
    VerdictState.UNKNOWN: "Whether network policies allow a connection is not known.",
}


def may_reach(book: PolicyBook, pods: Sequence[Pod]) -> Iterator[Edge]:
    """Yield an edge for each ordered pair of ``pods``, of the first hundred, that a policy or its absence decides."""
    kept = [pod for pod in pods if pod.status.phase not in {"Succeeded", "Failed"}][:MOST_PODS]
    for source in kept:
        for target in kept:
            if source is not target:
                verdict = book.verdict(source, target)
                if verdict.because or verdict.state is not VerdictState.ALLOWED:
                    yield _draw(source, target, verdict)


def _draw(source: Pod, target: Pod, verdict: Verdict) -> Edge:
    return Edge(
        source=source.ref,
        target=target.ref,
        relation=Relation.MAY_REACH,
        layer=Layer.NETWORK,
        state=_STATES[verdict.state],
        confidence=_CONFIDENCE[verdict.state],
        rationale=_RATIONALE[verdict.state],
        note="; ".join(verdict.notes),
        provenance=verdict.because[0].provenance if verdict.because else None,
    )
