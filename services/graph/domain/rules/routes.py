"""Routes of the Gateway API: what their parents say of them, and parents, backends and grants that are not there."""

from collections.abc import Iterable, Iterator

from services.graph.domain.evidence.witness import seen_condition
from services.graph.domain.k8s.gateway_api import (
    BackendRef,
    Gateway,
    GatewayClass,
    GRPCRoute,
    HTTPRoute,
    ParentRef,
    ReferenceGrant,
    Route,
    TCPRoute,
    TLSRoute,
    UDPRoute,
)
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.shape import Ref, find_condition
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.gateways import is_bad, is_granted
from services.graph.domain.rules.outages import Why, outage_of
from services.graph.domain.rules.showing import (
    is_absent,
    is_leaving,
    is_settling,
    look,
    on,
    shown,
    shown_absent,
    some_names,
)
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

ROUTES: tuple[type[Route], ...] = (HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute)


def backends_of(route: Route) -> Iterator[tuple[BackendRef, Ref, str]]:
    """Yield each Service a route sends or mirrors to, with the field that says so; other kinds are left out."""
    for i, rule in enumerate(route.spec.rules or ()):
        mirrors = [one.request_mirror.backend_ref for one in rule.filters or () if one.request_mirror]
        for j, backend in enumerate([*(rule.backend_refs or ()), *mirrors]):
            if backend and (backend.group or "", backend.kind or "Service") == ("", "Service"):
                namespace = backend.namespace or route.metadata.namespace
                yield backend, Ref(Service.KIND, namespace, backend.name), f"spec.rules[{i}].backendRefs[{j}]"


def parents_of(route: Route) -> Iterator[tuple[ParentRef, Ref]]:
    """Yield each Gateway a route names as parent; a mesh's Service is none."""
    for one in route.spec.parent_refs or ():
        if (one.group or Gateway.GROUP, one.kind or "Gateway") == (Gateway.GROUP, "Gateway"):
            yield one, Ref(Gateway.KIND, one.namespace or route.metadata.namespace, one.name)


def _rejected(view: View, route: Route) -> Iterable[Hit]:
    if is_leaving(view, route):
        return
    for parent in route.status.parents or ():
        found = [(find_condition(parent.conditions, kind), "True") for kind in ("Accepted", "ResolvedRefs")]
        found.append((find_condition(parent.conditions, "PartiallyInvalid"), "False"))
        bad = [one for one, good in found if one and is_bad(view, route, one, good)]
        if bad:
            name = parent.parent_ref.name
            reasons = some_names(one.reason or one.type for one in bad)
            where = f"status.parents[parentRef.name={name}].conditions"
            yield Hit(
                route.ref,
                f"{route.ref} is refused by {name}: {reasons}. {bad[0].message or ''}".rstrip(),
                tuple(seen_condition(route, one, where) for one in bad),
                remedies=(Remedy(f"Correct {route.ref} ({reasons}), or what {name} allows."),),
            )


def _parent_missing(view: View, route: Route) -> Iterable[Hit]:
    for parent, ref in parents_of(route):
        where = shown(route, f"names {ref} as parent", "spec.parentRefs")
        if is_absent(view, Gateway, ref.namespace, ref.name):
            seen = (where, shown_absent(view, Gateway, ref.namespace, ref.name))
            remedy = Remedy(f"Create {ref}, or correct spec.parentRefs of {route.ref}.")
            yield Hit(route.ref, f"{route.ref} is for {ref}, which does not exist", seen, remedies=(remedy,))
            continue
        gateway = view.inventory.find(Gateway, ref.namespace, ref.name)
        if gateway is None:
            continue
        listeners = gateway.spec.listeners or ()
        fits = [one for one in listeners if parent.section_name in {None, one.name} and parent.port in {None, one.port}]
        if not fits:
            asked = parent.section_name or parent.port
            known = some_names(f"{one.name}:{one.port}" for one in listeners)
            seen = (where, shown(gateway, f"has the listeners {known or 'none'}", "spec.listeners"))
            remedy = Remedy(f"Name a listener of {ref} in spec.parentRefs of {route.ref} ({known or 'none'}).")
            yield Hit(route.ref, f"{ref} has no listener {asked}, which {route.ref} asks for", seen, remedies=(remedy,))


def _backend_missing(view: View, route: Route) -> Iterable[Hit]:
    if is_leaving(view, route):
        return
    for backend, ref, path in backends_of(route):
        if is_absent(view, Service, ref.namespace, ref.name):
            unused = ((-0.4, "its weight is 0: no traffic goes there"),) if backend.weight == 0 else ()
            seen = (shown(route, f"sends to {ref}", path), shown_absent(view, Service, ref.namespace, ref.name))
            remedy = Remedy(f"Create {ref}, or correct {path} of {route.ref}.")
            summary = f"{route.ref} sends to {ref}, which does not exist"
            yield Hit(route.ref, summary, seen, steps=unused, remedies=(remedy,))


def _backend_port(view: View, route: Route) -> Iterable[Hit]:
    for backend, ref, path in backends_of(route):
        service = view.inventory.find(Service, ref.namespace, ref.name)
        ports = [one.port for one in service.spec.ports or ()] if service else []
        if service is None or backend.port in {None, *ports}:
            continue
        known = some_names(map(str, ports)) or "none"
        seen = (
            shown(route, f"sends to port {backend.port} of {ref}", f"{path}.port"),
            shown(service, f"has the ports {known}", "spec.ports"),
        )
        remedy = Remedy(f"Use one of the ports {known} in {path} of {route.ref}.")
        yield Hit(route.ref, f"{ref} has no port {backend.port}, which {route.ref} sends to", seen, remedies=(remedy,))


def _backend_down(view: View, route: Route) -> Iterable[Hit]:
    for ref in sorted({ref for backend, ref, _ in backends_of(route) if backend.weight != 0}, key=str):
        service = view.inventory.find(Service, ref.namespace, ref.name)
        outage = outage_of(view, service) if service else None
        if service and outage and outage.why not in {Why.SCALED_TO_ZERO, Why.UNKNOWN}:
            yield Hit(
                route.ref,
                f"{route.ref} sends to {ref}, which has no ready endpoint ({outage.why})",
                outage.seen,
                culprit=outage.culprit,
                explains=(route.ref, ref),
                remedies=(look(outage.culprit, f"Mend {outage.culprit}; the route follows."),),
            )


def _grant_missing(view: View, route: Route) -> Iterable[Hit]:
    for _, ref, path in backends_of(route):
        if ref.namespace == route.metadata.namespace or is_granted(view, route, ref) is not False:
            continue
        grants = view.inventory.in_namespace(ReferenceGrant, ref.namespace)
        near = some_names(one.metadata.name for one in grants)
        seen = (
            shown(route, f"sends to {ref}, of another namespace", path),
            shown(grants[0] if grants else route, f"grants in {ref.namespace}: {near or 'none'}; none fits"),
        )
        remedy = Remedy(
            f"Create a ReferenceGrant in {ref.namespace}, from {route.KIND} of {route.metadata.namespace} to Service."
        )
        yield Hit(route.ref, f"No ReferenceGrant lets {route.ref} send to {ref}", seen, remedies=(remedy,))


def _unclaimed(view: View, route: Route) -> Iterable[Hit]:
    parents = list(parents_of(route))
    if route.status.parents or not parents or is_settling(view, route) or is_leaving(view, route):
        return
    gateway = view.inventory.find(Gateway, parents[0][1].namespace, parents[0][1].name)
    if gateway is None:
        return
    used = view.inventory.find(GatewayClass, None, gateway.spec.gateway_class_name)
    accepted = find_condition(used.status.conditions, "Accepted") if used else None
    programmed = find_condition(gateway.status.conditions, "Programmed")
    # A controller that serves the Gateway is there: what it thinks of this route is not known, and blames nobody.
    if programmed and programmed.status == "True":
        return
    culprit = used.ref if used and accepted and accepted.status != "True" else gateway.ref
    yield Hit(
        route.ref,
        f"No controller has said anything of {route.ref}",
        (shown(route, f"names {gateway.ref} as parent, and has no status", "status.parents"),),
        culprit=culprit,
        remedies=(look(culprit, f"See whether the controller of {gateway.ref} runs and serves {route.KIND}."),),
    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="route-rejected",
        title="Route is refused by its parent",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=ROUTES,
        condition="Accepted or ResolvedRefs of a parent is not True, or PartiallyInvalid is, for this generation.",
        explanation="The parent does not serve the route, or answers 500 for part of it.",
        remediation="Act on the condition's reason.",
        base=0.9,
        check=on(Route, _rejected),
        conditions=(59,),
    ),
    Rule(
        id="route-parent-missing",
        title="Route's Gateway or listener does not exist",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=ROUTES,
        condition="A parentRef names a Gateway that is proven absent, or a listener or port the Gateway lacks.",
        explanation="Nothing serves the route.",
        remediation="Correct spec.parentRefs.",
        base=0.92,
        check=on(Route, _parent_missing),
        conditions=(60,),
        needs=(Gateway,),
    ),
    Rule(
        id="route-backend-missing",
        title="Route sends to a Service that does not exist",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=ROUTES,
        condition="A backendRef or mirror names a Service that is proven absent.",
        explanation="The gateway answers 500 for that share of the traffic.",
        remediation="Create the Service, or correct the backendRef.",
        base=0.93,
        check=on(Route, _backend_missing),
        conditions=(60,),
        needs=(Service,),
    ),
    Rule(
        id="route-backend-port",
        title="Route sends to a port the Service lacks",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=ROUTES,
        condition="A backendRef's port is none of the Service's ports.",
        explanation="The gateway has no endpoint for it.",
        remediation="Use a port of the Service, not its targetPort.",
        base=0.92,
        check=on(Route, _backend_port),
        conditions=(60,),
    ),
    Rule(
        id="route-backend-down",
        title="Backend of a route has no ready endpoint",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=ROUTES,
        condition="A backend Service exists and no endpoint of it is ready.",
        explanation="The route is right; it follows from what is behind the Service.",
        remediation="Mend what is behind the Service.",
        base=0.45,
        check=on(Route, _backend_down),
        conditions=(45, 60),
        needs=(Service,),
    ),
    Rule(
        id="route-grant-missing",
        title="Route may not send to another namespace",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=ROUTES,
        condition="A backendRef to another namespace, where no ReferenceGrant fits by group, kind and name.",
        explanation="The gateway refuses the reference.",
        remediation="Create a ReferenceGrant in the namespace of the Service.",
        base=0.9,
        check=on(Route, _grant_missing),
        conditions=(60,),
        needs=(ReferenceGrant,),
    ),
    Rule(
        id="route-unclaimed",
        title="No controller speaks of a route",
        layer=Layer.EDGE,
        severity=Severity.MEDIUM,
        kinds=ROUTES,
        condition="A route has no status after two minutes, and its Gateway, which exists, is not programmed either.",
        explanation="The controller does not run, or does not take up the Gateway.",
        remediation="Look at the controller of the Gateway.",
        base=0.5,
        check=on(Route, _unclaimed),
        conditions=(59,),
    ),
)
