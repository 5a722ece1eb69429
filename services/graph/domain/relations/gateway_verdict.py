"""Whether a Gateway takes a route, and a route may have its backend: one verdict of all that must agree.

For a route and a gateway: the gateway is there; a listener of the name and port the route asks for; the kinds and the
namespaces the listener allows, by labels of the *namespace*; hostnames that meet; and what a controller wrote into
the route's status, believed only where it saw the route's present generation.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.graph.domain.k8s.gateway_api import (
    Gateway,
    Listener,
    ParentRef,
    ReferenceGrant,
    Route,
    RouteNamespaces,
    RouteParentStatus,
)
from services.graph.domain.k8s.shape import Condition, LabelSelector, find_condition, selects
from services.graph.domain.relations.gateway_matching import GATEWAY_GROUP, Wanted, hostnames_meet, is_granted
from services.graph.domain.topology.graph import EdgeState

NAMESPACE_NAME = "kubernetes.io/metadata.name"


class Reason(StrEnum):
    """Why a verdict is what it is."""

    ACCEPTED = "accepted"
    NO_GATEWAY = "no_gateway"
    GATEWAY_UNKNOWN = "gateway_unknown"
    NO_LISTENER = "no_listener"
    KIND_NOT_ALLOWED = "kind_not_allowed"
    NAMESPACE_NOT_ALLOWED = "namespace_not_allowed"
    NAMESPACE_UNKNOWN = "namespace_unknown"
    HOSTNAMES_DO_NOT_MEET = "hostnames_do_not_meet"
    REFUSED_BY_CONTROLLER = "refused_by_controller"
    CONTRADICTED = "contradicted"
    NOT_GRANTED = "not_granted"
    GRANT_UNKNOWN = "grant_unknown"
    NO_TARGET = "no_target"
    TARGET_UNKNOWN = "target_unknown"


_STATE = {
    Reason.ACCEPTED: EdgeState.PRESENT,
    Reason.GATEWAY_UNKNOWN: EdgeState.UNKNOWN,
    Reason.NAMESPACE_UNKNOWN: EdgeState.UNKNOWN,
    Reason.CONTRADICTED: EdgeState.UNKNOWN,
    Reason.GRANT_UNKNOWN: EdgeState.UNKNOWN,
    Reason.TARGET_UNKNOWN: EdgeState.UNKNOWN,
}
_SAYS = {
    Reason.ACCEPTED: "",
    Reason.NO_GATEWAY: "the Gateway does not exist",
    Reason.GATEWAY_UNKNOWN: "the Gateway could not be read",
    Reason.NO_LISTENER: "the Gateway has no listener of that name and port",
    Reason.KIND_NOT_ALLOWED: "no listener takes routes of this kind",
    Reason.NAMESPACE_NOT_ALLOWED: "no listener allows routes of this namespace",
    Reason.NAMESPACE_UNKNOWN: "the listener selects namespaces by labels, and the namespace could not be read",
    Reason.HOSTNAMES_DO_NOT_MEET: "no hostname of the route meets a listener's",
    Reason.REFUSED_BY_CONTROLLER: "the controller did not accept the route",
    Reason.CONTRADICTED: "the controller accepted the route, but the listeners as they are now would not",
    Reason.NOT_GRANTED: "no ReferenceGrant in the target's namespace allows it",
    Reason.GRANT_UNKNOWN: "ReferenceGrants of the target's namespace could not be read",
    Reason.NO_TARGET: "the target does not exist",
    Reason.TARGET_UNKNOWN: "the target could not be read",
}
# How far a route came at a listener: the best listener's reason is the one told.
_PROGRESS = (
    Reason.NO_LISTENER,
    Reason.KIND_NOT_ALLOWED,
    Reason.NAMESPACE_NOT_ALLOWED,
    Reason.HOSTNAMES_DO_NOT_MEET,
    Reason.NAMESPACE_UNKNOWN,
    Reason.ACCEPTED,
)
CONFIRMED, UNCONFIRMED, BY_SPEC = 0.98, 0.7, 0.9


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state, its reason, and what to say of it; ``listeners`` are the names of those that take the route."""

    reason: Reason
    note: str = ""
    confidence: float = BY_SPEC
    listeners: tuple[str, ...] = ()

    @property
    def state(self) -> EdgeState:
        """Whether the relation holds: a reason that is neither good nor unknown is a refusal."""
        return _STATE.get(self.reason, EdgeState.ABSENT)


def _verdict(reason: Reason, note: str = "", confidence: float = BY_SPEC, listeners: tuple[str, ...] = ()) -> Verdict:
    return Verdict(reason, "; ".join(part for part in (_SAYS[reason], note) if part), confidence, listeners)


# What is known of a namespace's labels: None where it could not be read.
LabelsOf = Callable[[str], dict[str, str] | None]


def judge_parent(
    route: Route, parent: ParentRef, gateway: Gateway | None, presence: EdgeState, labels_of: LabelsOf
) -> Verdict:
    """Return whether ``gateway`` takes ``route`` by this parentRef. Between the two, no ReferenceGrant is asked."""
    said = _accepted_status(route, parent)
    if gateway is None:
        # Nobody can have accepted what is not there, whatever an old status says.
        reason = Reason.NO_GATEWAY if presence is EdgeState.ABSENT else Reason.GATEWAY_UNKNOWN
        return _verdict(reason, confidence=CONFIRMED if reason is Reason.NO_GATEWAY else UNCONFIRMED)
    reasons = [(_judge_listener(route, parent, gateway, one, labels_of), one.name) for one in _listeners(gateway)]
    best = max((reason for reason, _ in reasons), key=_PROGRESS.index, default=Reason.NO_LISTENER)
    taken = tuple(name for reason, name in reasons if reason is Reason.ACCEPTED)
    return _with_status(best, taken, said, _say_listeners(gateway, taken))


def _with_status(best: Reason, taken: tuple[str, ...], said: Condition | str, note: str) -> Verdict:
    """Return what the listeners and the controller say together."""
    if isinstance(said, str):
        note = "; ".join(part for part in (said, note) if part)
        return _verdict(best, note, UNCONFIRMED if best is Reason.ACCEPTED else BY_SPEC, taken)
    if said.status == "False":
        words = f"{said.reason or 'no reason'}: {said.message or ''}".strip(": ")
        spec = _SAYS[best] if best in _PROGRESS[:4] else ""
        return _verdict(Reason.REFUSED_BY_CONTROLLER, "; ".join(part for part in (words, spec) if part), CONFIRMED)
    if said.status != "True":
        return _verdict(best, "the controller has not decided", UNCONFIRMED, taken)
    if best is Reason.NAMESPACE_UNKNOWN:
        # The controller could read the namespace.
        return _verdict(Reason.ACCEPTED, "by the controller's word", BY_SPEC)
    if best is not Reason.ACCEPTED:
        return _verdict(Reason.CONTRADICTED, _SAYS[best], UNCONFIRMED)
    return _verdict(Reason.ACCEPTED, note, CONFIRMED, taken)


def _listeners(gateway: Gateway) -> Sequence[Listener]:
    return gateway.spec.listeners or ()


def _say_listeners(gateway: Gateway, taken: tuple[str, ...]) -> str:
    """Return what is wrong with every listener that takes the route, if its status is of today."""
    generation, notes = gateway.metadata.generation, []
    statuses = {one.name: one for one in gateway.status.listeners or ()}
    for name in taken:
        status = statuses.get(name)
        for kind in ("Accepted", "Programmed", "ResolvedRefs"):
            condition = find_condition(status.conditions, kind) if status else None
            if condition is not None and condition.status == "False" and is_fresh(condition, generation):
                notes.append(f"listener {name} is not {kind} ({condition.reason})")
    return "; ".join(notes)


def is_fresh(condition: Condition, generation: int | None) -> bool:
    """Answer whether a condition is about the object as it is now."""
    if generation is None:
        return True
    return condition.observed_generation is not None and condition.observed_generation >= generation


_OPINIONS = {"True": 0, "False": 1}


def _accepted_status(route: Route, parent: ParentRef) -> Condition | str:
    """Return the Accepted condition of this parent, or why there is none to believe.

    One refusal among several controllers' words counts only if none of them accepts.
    """
    found = [
        find_condition(status.conditions, "Accepted")
        for status in route.status.parents or ()
        if _is_of(status, parent, route.metadata.namespace)
    ]
    conditions = [condition for condition in found if condition is not None]
    fresh = [condition for condition in conditions if is_fresh(condition, route.metadata.generation)]
    if fresh:
        return min(fresh, key=lambda condition: _OPINIONS.get(condition.status, len(_OPINIONS)))
    return "its status is of an earlier generation, and not believed" if conditions else "no controller has judged it"


def _is_of(status: RouteParentStatus, parent: ParentRef, namespace: str | None) -> bool:
    return _parent_key(status.parent_ref, namespace) == _parent_key(parent, namespace)


def _parent_key(parent: ParentRef, namespace: str | None) -> tuple[object, ...]:
    group = GATEWAY_GROUP if parent.group is None else parent.group
    return (
        group,
        parent.kind or "Gateway",
        parent.namespace or namespace,
        parent.name,
        parent.section_name or None,
        parent.port or None,
    )


_KINDS_OF_PROTOCOL = {
    "HTTP": frozenset({"HTTPRoute", "GRPCRoute"}),
    "HTTPS": frozenset({"HTTPRoute", "GRPCRoute"}),
    # Terminated, TLS carries TCP.
    "TLS": frozenset({"TLSRoute", "TCPRoute"}),
    "TCP": frozenset({"TCPRoute"}),
    "UDP": frozenset({"UDPRoute"}),
}
_WITH_HOSTNAMES = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute"})


def _judge_listener(
    route: Route, parent: ParentRef, gateway: Gateway, listener: Listener, labels_of: LabelsOf
) -> Reason:
    if parent.section_name and parent.section_name != listener.name:
        return Reason.NO_LISTENER
    if parent.port and parent.port != listener.port:
        return Reason.NO_LISTENER
    if not _takes_kind(listener, route.KIND):
        return Reason.KIND_NOT_ALLOWED
    allowed = listener.allowed_routes.namespaces if listener.allowed_routes else None
    reason = _judge_namespace(allowed, gateway.metadata.namespace, route.metadata.namespace or "", labels_of)
    if reason is Reason.NAMESPACE_NOT_ALLOWED:
        return reason
    if route.KIND in _WITH_HOSTNAMES and not hostnames_meet(listener.hostname, route.spec.hostnames):
        return Reason.HOSTNAMES_DO_NOT_MEET
    return reason


def _takes_kind(listener: Listener, kind: str) -> bool:
    # A protocol of an implementation's own may take any kind.
    if kind not in _KINDS_OF_PROTOCOL.get(listener.protocol, {kind}):
        return False
    named = listener.allowed_routes.kinds if listener.allowed_routes else None
    if not named:
        return True
    return any(
        one.kind == kind and (GATEWAY_GROUP if one.group is None else one.group) == GATEWAY_GROUP for one in named
    )


def _judge_namespace(
    allowed: RouteNamespaces | None, gateway_namespace: str | None, namespace: str, labels_of: LabelsOf
) -> Reason:
    where = (allowed.from_ if allowed else None) or "Same"
    if where == "All":
        return Reason.ACCEPTED
    if where == "Same":
        return Reason.ACCEPTED if namespace == gateway_namespace else Reason.NAMESPACE_NOT_ALLOWED
    if where != "Selector":
        return Reason.NAMESPACE_NOT_ALLOWED if where == "None" else Reason.NAMESPACE_UNKNOWN
    selector = allowed.selector if allowed else None
    labels = labels_of(namespace)
    if labels is None:
        if not _asks_only_name(selector):
            return Reason.NAMESPACE_UNKNOWN
        # The server gives every namespace this label, so its name is enough.
        labels = {NAMESPACE_NAME: namespace}
    return Reason.ACCEPTED if selects(selector, labels) else Reason.NAMESPACE_NOT_ALLOWED


def _asks_only_name(selector: LabelSelector | None) -> bool:
    if selector is None:
        return True
    keys = [*(selector.match_labels or ()), *(one.key for one in selector.match_expressions or ())]
    return all(key == NAMESPACE_NAME for key in keys)


def judge_target(
    wanted: Wanted, grants: Iterable[ReferenceGrant], *, are_grants_known: bool, presence: EdgeState
) -> Verdict:
    """Return whether a reference to a backend or a certificate holds: it is allowed, and the target is there."""
    if wanted.needs_grant and not is_granted(wanted, grants):
        if are_grants_known:
            return _verdict(Reason.NOT_GRANTED, confidence=CONFIRMED)
        if presence is not EdgeState.ABSENT:
            return _verdict(Reason.GRANT_UNKNOWN, confidence=UNCONFIRMED)
    if presence is EdgeState.ABSENT:
        return _verdict(Reason.NO_TARGET, confidence=CONFIRMED)
    if presence is EdgeState.UNKNOWN:
        return _verdict(Reason.TARGET_UNKNOWN, confidence=UNCONFIRMED)
    return _verdict(Reason.ACCEPTED, confidence=CONFIRMED)
