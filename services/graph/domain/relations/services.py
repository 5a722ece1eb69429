"""Services: the pods they mean, by their selector, and the pods they reach, by the uids in their slices."""

from services.graph.domain.k8s.network import SERVICE_NAME, Endpoint, EndpointSlice, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.relations.addresses import find_addresses
from services.graph.domain.relations.drawing import Drawing, Link, Origin, origin_of
from services.graph.domain.topology.graph import EdgeState, Relation
from services.graph.domain.topology.layers import Layer

SELECTS = Link(Relation.SELECTS, Layer.NETWORK, "The pod has every label of the Service's selector.")
SLICED = Link(Relation.ROUTES_TO, Layer.NETWORK, "The slice carries the Service's name in kubernetes.io/service-name.")
REACHES = Link(Relation.ROUTES_TO, Layer.NETWORK, "The slice names the uid of this pod in an endpoint's targetRef.")
REACHES_BY_NAME = Link(
    Relation.ROUTES_TO, Layer.NETWORK, "The slice names this pod in an endpoint's targetRef, without a uid.", 0.8
)
ALIAS = Link(Relation.ROUTES_TO, Layer.NETWORK, "spec.externalName is the cluster's name of that Service.")
READY, NOT_READY, TERMINATING = "ready", "not ready: no traffic goes there", "terminating"
DRAINING = "terminating, but serving: takes traffic when nothing else is ready"


def draw_services(drawing: Drawing) -> None:
    """Draw Service → pods meant, Service → slices, and slice → pods reached."""
    for service in drawing.inventory.all(Service):
        origin, spec = origin_of(service), service.spec
        if spec.type == "ExternalName":
            _draw_alias(drawing, origin, spec.external_name or "")
        elif spec.selector:
            for pod in drawing.inventory.pods_matching(origin.ref.namespace, spec.selector):
                drawing.link(origin, SELECTS, Ref("Pod", origin.ref.namespace, pod.metadata.name), "spec.selector")
    for one in drawing.inventory.all(EndpointSlice):
        _draw_slice(drawing, one)


def _draw_alias(drawing: Drawing, origin: Origin, name: str) -> None:
    for address in find_addresses(name):
        if address.is_cluster_name and address.namespace:
            drawing.link(origin, ALIAS, Ref("Service", address.namespace, address.service), "spec.externalName")


def _draw_slice(drawing: Drawing, one: EndpointSlice) -> None:
    origin = origin_of(one)
    name = one.labels.get(SERVICE_NAME)
    if name:
        service = Ref("Service", origin.ref.namespace, name)
        state = drawing.state_of(service)
        path = "metadata.labels[kubernetes.io/service-name]"
        drawing.judge(origin, SLICED, origin.ref, path, state=state, source=service)
    drawn: set[Ref] = set()
    for index, endpoint in enumerate(one.endpoints or ()):
        target = endpoint.target_ref
        if target is None or not target.name or target.kind not in {None, "Pod"}:
            continue
        ref = Ref("Pod", target.namespace or origin.ref.namespace, target.name)
        if ref not in drawn:
            drawn.add(ref)
            _draw_endpoint(drawing, origin, endpoint, ref, f"endpoints[{index}].targetRef.uid")


def _draw_endpoint(drawing: Drawing, origin: Origin, endpoint: Endpoint, ref: Ref, path: str) -> None:
    uid = endpoint.target_ref.uid if endpoint.target_ref else None
    note = say_conditions(endpoint)
    if not uid:
        drawing.link(origin, REACHES_BY_NAME, ref, path, note)
        return
    pod = drawing.inventory.find(Pod, ref.namespace, ref.name)
    if pod is not None and pod.metadata.uid and pod.metadata.uid != uid:
        # A StatefulSet's pod keeps its name: the slice still names the one before.
        note = "stale: names an earlier pod of that name"
        drawing.judge(origin, REACHES, ref, path, state=EdgeState.ABSENT, note=note)
        return
    drawing.link(origin, REACHES, ref, path, note)


def say_conditions(endpoint: Endpoint) -> str:
    """Return what the conditions of an endpoint mean: nil ready is ready, nil terminating is not."""
    conditions = endpoint.conditions
    if conditions is not None and conditions.terminating:
        return DRAINING if conditions.serving else TERMINATING
    return READY if endpoint.is_ready else NOT_READY
