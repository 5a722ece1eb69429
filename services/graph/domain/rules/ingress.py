"""Ingresses whose class, backend, port or certificate is not there, and errors of their load balancer."""

from collections.abc import Iterable, Iterator

from services.graph.domain.k8s.config import Secret
from services.graph.domain.k8s.network import Ingress, IngressBackend, IngressClass, Service, ServiceBackend
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.issuing import shown_unissued, unissued_certificate
from services.graph.domain.rules.outages import Why, outage_of
from services.graph.domain.rules.showing import (
    is_absent,
    is_leaving,
    look,
    on,
    shown,
    shown_absent,
    some_names,
)
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
# Controllers that serve these names without an IngressClass object.
_WITHOUT_OBJECT = {"gce", "gce-internal"}
# A port that stands for an action written in annotations, and a backend that is no Service then (AWS).
_BY_ANNOTATION = "use-annotation"


def backends_of(ingress: Ingress) -> Iterator[tuple[ServiceBackend, str]]:
    """Yield each Service an Ingress sends to, with the field that says so; the default backend first."""
    spec = ingress.spec
    if found := _service_of(spec.default_backend):
        yield found, "spec.defaultBackend.service"
    for i, rule in enumerate(spec.rules or ()):
        for j, path in enumerate((rule.http.paths if rule.http else None) or ()):
            if found := _service_of(path.backend):
                yield found, f"spec.rules[{i}].http.paths[{j}].backend.service"


def _service_of(backend: IngressBackend | None) -> ServiceBackend | None:
    service = backend.service if backend else None
    return None if service is None or (service.port and service.port.name == _BY_ANNOTATION) else service


def _class_missing(view: View, ingress: Ingress) -> Iterable[Hit]:
    name = ingress.spec.ingress_class_name
    if not name or name in _WITHOUT_OBJECT or not is_absent(view, IngressClass, None, name):
        return
    known = some_names(one.metadata.name for one in view.inventory.all(IngressClass))
    yield Hit(
        ingress.ref,
        f"{ingress.ref} asks for IngressClass {name}, which does not exist",
        (
            shown(ingress, f"ingressClassName is {name}", "spec.ingressClassName"),
            shown_absent(view, IngressClass, None, name),
        ),
        remedies=(Remedy(f"Use a class that exists ({known or 'there is none'}), or install its controller."),),
    )


def _no_class(view: View, ingress: Ingress) -> Iterable[Hit]:
    balancer = ingress.status.load_balancer
    is_served = bool(balancer and balancer.ingress)
    if ingress.spec.ingress_class_name or ingress.annotations.get(CLASS_ANNOTATION) or is_served:
        return
    if not view.inventory.coverage.proves_absence(IngressClass.KIND, None):
        return
    classes = view.inventory.all(IngressClass)
    if any(one.annotations.get(DEFAULT_CLASS) == "true" for one in classes):
        return
    known = some_names(one.metadata.name for one in classes)
    yield Hit(
        ingress.ref,
        f"{ingress.ref} names no class, and no IngressClass is the default: no controller may serve it",
        (
            shown(ingress, "has no class and no address", "spec.ingressClassName"),
            shown(classes[0] if classes else ingress, f"classes: {known or 'none'}; none is the default"),
        ),
        remedies=(Remedy(f"Set spec.ingressClassName of {ingress.ref} ({known or 'install a controller first'})."),),
    )


def _backend_missing(view: View, ingress: Ingress) -> Iterable[Hit]:
    namespace = ingress.metadata.namespace
    missing = [one for one in backends_of(ingress) if is_absent(view, Service, namespace, one[0].name)]
    if not missing or is_leaving(view, ingress):
        return
    names = some_names(backend.name for backend, _ in missing)
    seen = [shown(ingress, f"sends to Service {backend.name}", path) for backend, path in missing[:5]]
    seen += [shown_absent(view, Service, namespace, name) for name in sorted({one.name for one, _ in missing})[:5]]
    yield Hit(
        ingress.ref,
        f"{ingress.ref} sends to Service {names}, which does not exist",
        tuple(seen),
        remedies=(Remedy(f"Create Service {namespace}/{names}, or correct the backend of {ingress.ref}."),),
    )


def _backend_port(view: View, ingress: Ingress) -> Iterable[Hit]:
    for backend, path in backends_of(ingress):
        service = view.inventory.find(Service, ingress.metadata.namespace, backend.name)
        port = backend.port
        # To an ExternalName without ports some controllers send by the number alone.
        if service is None or port is None or service.spec.type == "ExternalName":
            continue
        wanted = port.name or port.number
        have = [name for one in service.spec.ports or () for name in (one.name, one.port)]
        if wanted is None or wanted in have:
            continue
        known = some_names(f"{one.name or '(no name)'}/{one.port}" for one in service.spec.ports or ())
        yield Hit(
            ingress.ref,
            f"{ingress.ref} sends to port {wanted} of {service.ref}, which has no such port",
            (
                shown(ingress, f"sends to port {wanted}", f"{path}.port"),
                shown(service, f"has the ports {known or 'none'}", "spec.ports"),
            ),
            remedies=(Remedy(f"Use one of the ports {known or 'none'} in {path}.port of {ingress.ref}."),),
        )


def _backend_down(view: View, ingress: Ingress) -> Iterable[Hit]:
    for name in sorted({backend.name for backend, _ in backends_of(ingress)}):
        service = view.inventory.find(Service, ingress.metadata.namespace, name)
        outage = outage_of(view, service) if service else None
        if service and outage and outage.why not in {Why.SCALED_TO_ZERO, Why.UNKNOWN}:
            yield Hit(
                ingress.ref,
                f"{ingress.ref} sends to {service.ref}, which has no ready endpoint ({outage.why})",
                outage.seen,
                culprit=outage.culprit,
                explains=(ingress.ref, service.ref),
                remedies=(look(outage.culprit, f"Mend {outage.culprit}; the Ingress follows."),),
            )


def _tls_missing(view: View, ingress: Ingress) -> Iterable[Hit]:
    namespace = ingress.metadata.namespace
    for i, tls in enumerate(ingress.spec.tls or ()):
        name = tls.secret_name
        if not name or is_leaving(view, ingress) or not is_absent(view, Secret, namespace, name):
            continue
        issued = any(key.startswith("cert-manager.io/") for key in ingress.annotations)
        how = "See why cert-manager has not issued it" if issued else f"Create the TLS Secret {namespace}/{name}"
        hosts = some_names(tls.hosts or ()) or "its hosts"
        unissued = unissued_certificate(view, namespace, name)
        yield Hit(
            ingress.ref,
            f"{ingress.ref} wants the certificate of Secret {name} for {hosts}, which does not exist",
            (
                shown(ingress, f"names Secret {name}", f"spec.tls[{i}].secretName"),
                shown_absent(view, Secret, namespace, name),
                *shown_unissued(unissued),
            ),
            culprit=unissued.ref if unissued else None,
            remedies=(Remedy(f"{how}; until then clients get another certificate or none."),),
        )


def _tls_unusable(view: View, ingress: Ingress) -> Iterable[Hit]:
    for i, tls in enumerate(ingress.spec.tls or ()):
        secret = view.inventory.find(Secret, ingress.metadata.namespace, tls.secret_name or "")
        # Without any key known, a reader may have left them out.
        lacking = sorted({"tls.crt", "tls.key"} - secret.keys) if secret and secret.keys else []
        if secret and lacking:
            yield Hit(
                ingress.ref,
                f"Secret {secret.metadata.name} of {ingress.ref} is no certificate: it lacks {' and '.join(lacking)}",
                (
                    shown(ingress, f"names Secret {secret.metadata.name}", f"spec.tls[{i}].secretName"),
                    shown(secret, f"type {secret.type}, keys {some_names(secret.keys)}", "data"),
                ),
                culprit=secret.ref,
                remedies=(Remedy(f"Create {secret.ref} anew as type kubernetes.io/tls."),),
            )


def _load_balancer_error(_view: View, ingress: Ingress) -> Iterable[Hit]:
    balancer = ingress.status.load_balancer
    for one in (balancer.ingress if balancer else None) or ():
        for port in one.ports or ():
            if port.error:
                text = f"port {port.port} of the load balancer of {ingress.ref}: {port.error}"
                path = "status.loadBalancer.ingress[].ports[].error"
                yield Hit(ingress.ref, text, (shown(ingress, port.error, path),), remedies=(look(ingress.ref),))


RULES: tuple[Rule, ...] = (
    Rule(
        id="ingress-class-missing",
        title="IngressClass does not exist",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Ingress,),
        condition="spec.ingressClassName names an IngressClass that is proven absent.",
        explanation="No controller takes up the Ingress, so that nothing serves its hosts.",
        remediation="Name a class that exists, or install the controller.",
        base=0.9,
        check=on(Ingress, _class_missing),
        conditions=(52,),
        needs=(IngressClass,),
    ),
    Rule(
        id="ingress-without-class",
        title="Ingress without class, and no default",
        layer=Layer.EDGE,
        severity=Severity.MEDIUM,
        kinds=(Ingress,),
        condition="Neither field nor annotation names a class, no class is the default, and it has no address.",
        explanation="Most controllers ignore such an Ingress.",
        remediation="Set spec.ingressClassName.",
        base=0.65,
        check=on(Ingress, _no_class),
        conditions=(52,),
        needs=(IngressClass,),
    ),
    Rule(
        id="ingress-backend-missing",
        title="Ingress sends to a Service that does not exist",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Ingress,),
        condition="A backend, the default one included, names a Service that is proven absent.",
        explanation="The controller answers 503 or 404 for that path.",
        remediation="Create the Service, or correct the backend.",
        base=0.93,
        check=on(Ingress, _backend_missing),
        conditions=(53,),
        needs=(Service,),
    ),
    Rule(
        id="ingress-backend-port",
        title="Ingress sends to a port the Service lacks",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Ingress,),
        condition="A backend's port, by name or number, is none of the Service's ports.",
        explanation="The controller has no endpoint for that path and answers 503.",
        remediation="Use a port of the Service: its port, not its targetPort.",
        base=0.92,
        check=on(Ingress, _backend_port),
        conditions=(53,),
    ),
    Rule(
        id="ingress-backend-down",
        title="Backend of an Ingress has no ready endpoint",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Ingress,),
        condition="A backend Service exists and no endpoint of it is ready.",
        explanation="The Ingress is right; it follows from what is behind the Service.",
        remediation="Mend what is behind the Service.",
        base=0.45,
        check=on(Ingress, _backend_down),
        conditions=(45, 53),
        needs=(Service,),
    ),
    Rule(
        id="ingress-tls-secret-missing",
        title="TLS Secret of an Ingress does not exist",
        layer=Layer.EDGE,
        severity=Severity.MEDIUM,
        kinds=(Ingress,),
        condition="spec.tls names a Secret that is proven absent.",
        explanation="Clients get the controller's default certificate, and refuse it.",
        remediation="Create or issue the certificate.",
        base=0.9,
        check=on(Ingress, _tls_missing),
        conditions=(54,),
        needs=(Secret,),
    ),
    Rule(
        id="ingress-tls-secret-unusable",
        title="TLS Secret of an Ingress is no certificate",
        layer=Layer.EDGE,
        severity=Severity.MEDIUM,
        kinds=(Ingress,),
        condition="The Secret spec.tls names has keys, but not both tls.crt and tls.key.",
        explanation="The controller cannot use it, and serves its default certificate.",
        remediation="Create the Secret as kubernetes.io/tls.",
        base=0.9,
        check=on(Ingress, _tls_unusable),
        conditions=(54,),
        needs=(Secret,),
    ),
    Rule(
        id="ingress-load-balancer-error",
        title="Load balancer of an Ingress reports an error",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Ingress,),
        condition="A port in status.loadBalancer has an error.",
        explanation="The load balancer could not open the port.",
        remediation="Read the controller's log.",
        base=0.9,
        check=on(Ingress, _load_balancer_error),
        conditions=(55,),
    ),
)
