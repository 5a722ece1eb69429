"""Routes that no listener of their Gateway admits, by namespace, kind or hostname, whatever status says."""

from collections.abc import Iterable

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.gateway_api import Gateway, Listener, ParentRef, Route
from services.graph.domain.k8s.shape import selects
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.routes import ROUTES, parents_of
from services.graph.domain.rules.showing import is_leaving, on, shown
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

# Kinds a listener takes where it names none (gateway-api, Listener.protocol).
_KINDS = {
    "HTTP": {"HTTPRoute", "GRPCRoute"},
    "HTTPS": {"HTTPRoute", "GRPCRoute"},
    "TLS": {"TLSRoute", "TCPRoute"},
    "TCP": {"TCPRoute"},
    "UDP": {"UDPRoute"},
}


def _not_admitted(view: View, route: Route) -> Iterable[Hit]:
    if is_leaving(view, route):
        return
    for parent, ref in parents_of(route):
        gateway = view.inventory.find(Gateway, ref.namespace, ref.name)
        asked = [one for one in (gateway.spec.listeners if gateway else None) or () if _is_asked(parent, one)]
        reasons = [_why_not(view, route, gateway, one) for one in asked] if gateway else []
        # One that admits it, or may, is enough.
        if gateway is None or not reasons or not all(reasons):
            continue
        seen = [shown(route, f"names {ref} as parent", "spec.parentRefs")]
        seen += [
            shown(gateway, f"listener {one.name}: {why}", "spec.listeners")
            for one, why in zip(asked, reasons, strict=True)
        ]
        yield Hit(
            route.ref,
            f"No listener of {ref} admits {route.ref}: {reasons[0]}",
            tuple(seen),
            remedies=(Remedy(f"Change {route.ref}, or what the listeners of {ref} allow."),),
        )


def _is_asked(parent: ParentRef, listener: Listener) -> bool:
    return parent.section_name in {None, listener.name} and parent.port in {None, listener.port}


def _why_not(view: View, route: Route, gateway: Gateway, listener: Listener) -> str:
    """Return why a listener does not admit a route; empty where it does, or where that is not known."""
    allowed = listener.allowed_routes
    kinds = {one.kind for one in (allowed.kinds if allowed else None) or ()} or _KINDS.get(listener.protocol)
    if kinds is not None and route.KIND not in kinds:
        return f"takes {', '.join(sorted(kinds))} only"
    return _wrong_namespace(view, route, gateway, listener) or _wrong_host(route, listener)


def _wrong_namespace(view: View, route: Route, gateway: Gateway, listener: Listener) -> str:
    allowed = listener.allowed_routes.namespaces if listener.allowed_routes else None
    home = route.metadata.namespace
    match (allowed.from_ if allowed else None) or "Same":
        case "Same" if home != gateway.metadata.namespace:
            return f"takes routes of its own namespace only, this one is of {home}"
        case "Selector" if allowed and home:
            namespace = view.inventory.find(Namespace, None, home)
            if namespace and not selects(allowed.selector, namespace.labels):
                return f"its selector does not select namespace {home}"
        case "None":
            return "takes no routes"
    return ""


def _wrong_host(route: Route, listener: Listener) -> str:
    hosts = route.spec.hostnames or []
    if not listener.hostname or not hosts or any(_overlap(listener.hostname, host) for host in hosts):
        return ""
    return f"serves {listener.hostname}, the route is for {', '.join(hosts[:3])}"


def _overlap(left: str, right: str) -> bool:
    """Answer whether two hostnames have one in common; a leading ``*`` stands for one label or more."""
    left, right = left.lower(), right.lower()
    if left == right:
        return True
    wide, narrow = (left, right) if left.startswith("*.") else (right, left)
    if not wide.startswith("*."):
        return False
    if narrow.startswith("*."):
        return narrow.endswith(wide[1:]) or wide.endswith(narrow[1:])
    return narrow.endswith(wide[1:]) and len(narrow) > len(wide) - 1


RULES: tuple[Rule, ...] = (
    Rule(
        id="route-not-admitted",
        title="No listener admits a route",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=ROUTES,
        condition="Every listener the parentRef asks for excludes the route by kind, namespace or hostname.",
        explanation="The route is attached nowhere, so that nothing serves it.",
        remediation="Change the route's hostnames or parent, or allowedRoutes and hostname of the listener.",
        base=0.88,
        check=on(Route, _not_admitted),
        conditions=(59, 60),
    ),
)
