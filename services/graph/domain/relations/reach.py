"""Whom a Service means and whom it reaches: the pods its selector selects against the endpoints of its slices."""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.graph.domain.k8s.network import Endpoint, EndpointSlice, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.inventory import Inventory

_FINISHED = frozenset({"Succeeded", "Failed"})


class ReachProblem(StrEnum):
    """What is wrong between a Service and its pods; only what was read whole is ever judged."""

    # It has no selector, and no slice of anybody's names it.
    NO_ENDPOINTS = "no_endpoints"
    SELECTS_NOTHING = "selects_nothing"
    # The selector is right; no pod is ready.
    NONE_READY = "none_ready"
    SOME_NOT_READY = "some_not_ready"
    # A target port that is found in no container: endpoints without ports.
    NO_PORTS = "no_ports"
    # Endpoints of pods that are gone, or are selected no more.
    STALE = "stale"
    # Ready pods that are in no slice.
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReach:
    """The difference between intent and fact. ``pods_known`` and ``slices_known``: whether each was read whole.

    ``ready``, ``not_ready`` and ``terminating`` are selected pods by what the slices say. ``missing`` are selected
    pods, running and ready, that are in no slice; ``waiting`` those in none that are not ready, and are not finished
    either: most have no address yet; ``stale`` endpoints of pods that are not selected, or are gone.
    ``others`` counts endpoints that are no pods. ``unserved`` are ports of the Service that no slice with endpoints
    has. ``strange_labels`` are the pairs of the selector that no pod of the namespace carries.
    """

    service: Ref
    has_selector: bool
    pods_known: bool
    slices_known: bool
    selected: tuple[Ref, ...] = ()
    ready: tuple[Ref, ...] = ()
    not_ready: tuple[Ref, ...] = ()
    terminating: tuple[Ref, ...] = ()
    missing: tuple[Ref, ...] = ()
    waiting: tuple[Ref, ...] = ()
    stale: tuple[Ref, ...] = ()
    others: int = 0
    unserved: tuple[str, ...] = ()
    strange_labels: tuple[tuple[str, str], ...] = ()
    problems: tuple[ReachProblem, ...] = ()


def pod_of(inventory: Inventory, endpoint: Endpoint) -> Pod | None:
    """Return the pod an endpoint is, by uid; where the slice gives none, by name."""
    target = endpoint.target_ref
    if target is None or target.kind not in {None, "Pod"}:
        return None
    if target.uid:
        found = inventory.find_uid(target.uid)
        return found if isinstance(found, Pod) else None
    return inventory.find(Pod, target.namespace, target.name or "")


def reach_of(inventory: Inventory, service: Service) -> ServiceReach:
    """Return how what the Service selects differs from where its traffic goes."""
    namespace, spec = service.metadata.namespace, service.spec
    slices = inventory.slices_of(namespace, service.metadata.name)
    selector = spec.selector or {}
    # What has a type ExternalName has no endpoints, whatever its selector says.
    has_selector = bool(selector) and spec.type != "ExternalName"
    selected = inventory.pods_matching(namespace, selector) if has_selector else []
    pods_known = inventory.coverage.proves_absence("Pod", namespace)
    # Without the pods nothing can be called stale: what slices say is all there is.
    sorted_out = _sort_out(inventory, slices, selected if has_selector and pods_known else None)
    unsliced = [pod for pod in selected if pod.ref not in sorted_out.seen]
    reach = ServiceReach(
        service=service.ref,
        has_selector=has_selector,
        pods_known=pods_known,
        slices_known=inventory.coverage.proves_absence("EndpointSlice", namespace),
        selected=tuple(pod.ref for pod in selected),
        ready=tuple(sorted_out.ready),
        not_ready=tuple(sorted_out.not_ready),
        terminating=tuple(sorted_out.terminating),
        missing=tuple(pod.ref for pod in unsliced if _is_ready(pod)),
        waiting=tuple(pod.ref for pod in unsliced if not _is_ready(pod) and pod.status.phase not in _FINISHED),
        stale=tuple(sorted_out.stale),
        others=sorted_out.others,
        unserved=_unserved(service, slices),
        strange_labels=tuple(pair for pair in selector.items() if not inventory.pods_matching(namespace, dict([pair]))),
    )
    return _judged(reach, is_external=spec.type == "ExternalName")


class _Sorted:
    def __init__(self) -> None:
        self.ready: list[Ref] = []
        self.not_ready: list[Ref] = []
        self.terminating: list[Ref] = []
        self.stale: dict[Ref, None] = {}
        self.seen: set[Ref] = set()
        self.others = 0


def _sort_out(inventory: Inventory, slices: list[EndpointSlice], meant: list[Pod] | None) -> _Sorted:
    # One pod may stand in several slices, of IPv4 and of IPv6, or of ports that differ: it counts once.
    result, uids = _Sorted(), {pod.metadata.uid for pod in meant or ()}
    for one in slices:
        for endpoint in one.endpoints or ():
            target = endpoint.target_ref
            if target is None or target.kind not in {None, "Pod"}:
                result.others += 1
                continue
            pod = pod_of(inventory, endpoint)
            ref = Ref("Pod", target.namespace or one.metadata.namespace, target.name or "")
            if meant is not None and (pod is None or pod.metadata.uid not in uids):
                result.stale[ref] = None
            elif ref not in result.seen:
                result.seen.add(ref)
                _file(result, endpoint).append(ref)
    return result


def _file(result: _Sorted, endpoint: Endpoint) -> list[Ref]:
    if endpoint.conditions is not None and endpoint.conditions.terminating:
        return result.terminating
    return result.ready if endpoint.is_ready else result.not_ready


def _is_ready(pod: Pod) -> bool:
    if pod.metadata.deletion_timestamp is not None or pod.status.phase in _FINISHED or not pod.status.pod_ip:
        return False
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ())


def _unserved(service: Service, slices: list[EndpointSlice]) -> tuple[str, ...]:
    """Return the ports of the Service that no slice with endpoints has, by name, or by number where they have none."""
    filled = [one for one in slices if one.endpoints]
    if not filled or service.spec.type == "ExternalName":
        return ()
    served = {port.name or "" for one in filled for port in one.ports or ()}
    return tuple(port.name or str(port.port) for port in service.spec.ports or () if (port.name or "") not in served)


def _judged(reach: ServiceReach, *, is_external: bool) -> ServiceReach:
    problems: list[ReachProblem] = []
    if is_external:
        return reach
    has_endpoints = bool(reach.ready or reach.not_ready or reach.terminating or reach.others)
    if reach.has_selector and reach.pods_known and not reach.selected:
        problems.append(ReachProblem.SELECTS_NOTHING)
    elif not reach.has_selector and reach.slices_known and not has_endpoints:
        problems.append(ReachProblem.NO_ENDPOINTS)
    if reach.unserved:
        problems.append(ReachProblem.NO_PORTS)
    if reach.slices_known and reach.selected and not reach.ready and not reach.others:
        problems.append(ReachProblem.NONE_READY)
    elif reach.not_ready:
        problems.append(ReachProblem.SOME_NOT_READY)
    if reach.stale and reach.pods_known:
        problems.append(ReachProblem.STALE)
    if reach.missing and reach.slices_known:
        problems.append(ReachProblem.MISSING)
    return replace(reach, problems=tuple(problems))
