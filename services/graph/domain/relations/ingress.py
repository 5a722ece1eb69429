"""Ingresses: their backends, the default one and resources included, their class, their certificates."""

from collections.abc import Iterator

from services.graph.domain.k8s.network import Ingress, IngressBackend, Service, ServiceBackendPort
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.relations.drawing import Drawing, Link, Origin, origin_of, ref_in_group
from services.graph.domain.topology.graph import EdgeState, Relation
from services.graph.domain.topology.layers import Layer

BACKEND = Link(Relation.ROUTES_TO, Layer.EDGE, "A rule of the Ingress, or its default, sends traffic to this backend.")
CLASS = Link(Relation.USES_CLASS, Layer.EDGE, "spec.ingressClassName names this class.")
CLASS_BY_ANNOTATION = Link(
    Relation.USES_CLASS, Layer.EDGE, "The annotation kubernetes.io/ingress.class names this class.", 0.8
)
CERTIFICATE = Link(Relation.USES_CERTIFICATE, Layer.EDGE, "spec.tls takes its certificate from this Secret.")
CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def draw_ingress(drawing: Drawing) -> None:
    """Draw Ingress → backends, class and certificates."""
    for ingress in drawing.inventory.all(Ingress):
        origin = origin_of(ingress)
        drawn: dict[Ref, str] = {}
        for backend, path in backends_of(ingress):
            _draw_backend(drawing, origin, backend, path, drawn)
        _draw_class(drawing, origin, ingress)
        secrets = [(index, tls.secret_name) for index, tls in enumerate(ingress.spec.tls or ()) if tls.secret_name]
        for index, name in secrets:
            ref = Ref("Secret", origin.ref.namespace, name)
            drawing.link(origin, CERTIFICATE, ref, f"spec.tls[{index}].secretName")


def backends_of(ingress: Ingress) -> Iterator[tuple[IngressBackend, str]]:
    """Return every backend and its field, the default one first."""
    if ingress.spec.default_backend is not None:
        yield ingress.spec.default_backend, "spec.defaultBackend"
    for number, rule in enumerate(ingress.spec.rules or ()):
        for index, path in enumerate((rule.http.paths if rule.http else None) or ()):
            yield path.backend, f"spec.rules[{number}].http.paths[{index}].backend"


def _draw_backend(drawing: Drawing, origin: Origin, backend: IngressBackend, path: str, drawn: dict[Ref, str]) -> None:
    namespace, note = origin.ref.namespace, ""
    if backend.service is not None and backend.service.name:
        ref = Ref("Service", namespace, backend.service.name)
        note = _say_port(drawing.inventory.find(Service, namespace, ref.name), backend.service.port)
        field = f"{path}.service.name"
    elif backend.resource is not None and backend.resource.name:
        resource = backend.resource
        ref = ref_in_group(resource.api_group or "", resource.kind, namespace, resource.name)
        field = f"{path}.resource.name"
    else:
        return
    # Many paths to one backend are one edge; another only where that path has a wrong port.
    if drawn.get(ref) not in {None, ""} or (ref in drawn and not note):
        return
    drawn[ref] = note
    drawing.link(origin, BACKEND, ref, field, note)


def _say_port(service: Service | None, port: ServiceBackendPort | None) -> str:
    if service is None or port is None or service.spec.type == "ExternalName":
        return ""
    ports = service.spec.ports or ()
    if port.name and all(one.name != port.name for one in ports):
        return f"the Service has no port named {port.name}"
    if not port.name and port.number and all(one.port != port.number for one in ports):
        return f"the Service has no port {port.number}"
    return ""


def _draw_class(drawing: Drawing, origin: Origin, ingress: Ingress) -> None:
    name, old = ingress.spec.ingress_class_name, ingress.annotations.get(CLASS_ANNOTATION)
    if name:
        drawing.link(origin, CLASS, Ref("IngressClass", None, name), "spec.ingressClassName")
    elif old:
        # Controllers compare the word with their own: no object of that name is needed (nginx, gce).
        ref, path = Ref("IngressClass", None, old), f"metadata.annotations[{CLASS_ANNOTATION}]"
        state = drawing.state_of(ref)
        if state is EdgeState.ABSENT:
            state = EdgeState.UNKNOWN
        drawing.judge(origin, CLASS_BY_ANNOTATION, ref, path, state=state, note="by annotation")
