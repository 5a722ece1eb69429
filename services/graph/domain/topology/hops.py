"""How far apart a relation puts two objects, and which way trouble goes along it."""

from typing import NamedTuple

from services.graph.domain.topology.graph import Edge, EdgeState, Relation


class Hop(NamedTuple):
    """What following a relation costs, from its source and back from its target; None: never followed that way.

    ``is_shared``: what many use says nothing of those who use it, so from the target it is followed only if seeded.
    ``is_minor``: what is found this way is a record of what led there, and has its turn after everything else.
    """

    along: float | None
    back: float | None
    is_shared: bool = False
    is_minor: bool = False


# ConfigMaps that are in every pod, and of no consequence to any.
EVERYWHERE = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"})

# In hops: what belongs together is near, what is merely used by both is far.
HOPS: dict[Relation, Hop] = {
    Relation.OWNED_BY: Hop(0.5, 0.5),
    Relation.CLAIMS: Hop(0.5, 1.0),
    Relation.SELECTS: Hop(0.5, 0.5),
    Relation.ROUTES_TO: Hop(0.5, 0.5),
    Relation.CALLS: Hop(1.0, 1.0),
    Relation.ATTACHED_TO: Hop(1.0, 1.0),
    Relation.GRANTED_BY: Hop(1.0, 1.0),
    Relation.BOUND_TO: Hop(0.5, 0.5),
    Relation.USES_CONFIG: Hop(1.0, 1.0),
    Relation.USES_SECRET: Hop(1.0, 1.0),
    Relation.USES_CERTIFICATE: Hop(1.0, 1.0),
    Relation.PULLS_WITH: Hop(1.0, 1.5, is_shared=True),
    Relation.SCALES: Hop(0.5, 0.5),
    Relation.PROTECTS: Hop(0.5, 0.5),
    Relation.ISOLATES: Hop(1.0, 0.5),
    Relation.MAY_REACH: Hop(1.0, 1.0),
    Relation.RUNS_ON: Hop(1.0, 1.0, is_shared=True),
    Relation.RUNS_AS: Hop(1.0, 1.0, is_shared=True),
    Relation.BINDS: Hop(1.5, 1.0),
    Relation.GIVES: Hop(0.5, 1.5, is_shared=True),
    Relation.AGGREGATES: Hop(1.5, 1.5),
    Relation.MEMBER_OF: Hop(1.5, None, is_shared=True),
    Relation.SERVED_BY: Hop(1.0, 1.0),
    Relation.USES_CLASS: Hop(1.0, 1.5, is_shared=True),
    Relation.PRIORITISED_BY: Hop(1.5, 1.5, is_shared=True),
    Relation.RUNS_WITH: Hop(1.0, 1.5, is_shared=True),
    Relation.LIMITS: Hop(1.0, 0.5),
    Relation.ATTACHES: Hop(0.5, 0.5),
    Relation.HEARTBEATS: Hop(0.5, 0.5, is_minor=True),
    Relation.MEASURES: Hop(0.5, 0.5, is_minor=True),
    # Events are evidence of the objects there are, and no objects to go through.
    Relation.REPORTS_ON: Hop(0.5, None),
}

# The source needs the target: trouble goes from the target to the source.
NEEDS_TARGET = frozenset(
    {
        Relation.CALLS,
        Relation.ROUTES_TO,
        Relation.SELECTS,
        Relation.ATTACHED_TO,
        Relation.GRANTED_BY,
        Relation.CLAIMS,
        Relation.BOUND_TO,
        Relation.USES_CONFIG,
        Relation.USES_SECRET,
        Relation.USES_CERTIFICATE,
        Relation.USES_CLASS,
        Relation.PULLS_WITH,
        Relation.RUNS_AS,
        Relation.RUNS_ON,
        Relation.RUNS_WITH,
        Relation.PRIORITISED_BY,
        Relation.SERVED_BY,
        Relation.GIVES,
        Relation.AGGREGATES,
    }
)
# The target needs the source: a policy that isolates a pod, a quota, the autoscaler that sizes it.
NEEDS_SOURCE = frozenset({Relation.ISOLATES, Relation.LIMITS, Relation.SCALES, Relation.BINDS, Relation.ATTACHES})


def is_refused(edge: Edge, *, is_target_there: bool) -> bool:
    """Answer whether an edge says that a relation does not hold although both are there: nothing goes along it."""
    return edge.state is EdgeState.ABSENT and is_target_there
