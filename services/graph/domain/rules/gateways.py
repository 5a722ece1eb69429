"""Gateways, their classes and listeners: what their controllers say of them, and what they name that is not there."""

from collections.abc import Iterable

from services.graph.domain.evidence.witness import seen_condition
from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.config import Secret
from services.graph.domain.k8s.gateway_api import (
    Gateway,
    GatewayClass,
    GrantFrom,
    GrantTo,
    ListenerStatus,
    ReferenceGrant,
)
from services.graph.domain.k8s.shape import Condition, KubeObject, Ref, find_condition
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.showing import (
    is_absent,
    is_current,
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

_GROUP = GatewayClass.GROUP
_WAITING = {"Pending", "Waiting"}


def is_granted(view: View, source: KubeObject, target: Ref, group: str = "") -> bool | None:
    """Answer whether an object may refer to one of another namespace; None where grants could not be read.

    One ``from`` and one ``to`` of the same grant, in the target's namespace, have to match (gateway-api, apis/v1).
    """
    grants = view.inventory.in_namespace(ReferenceGrant, target.namespace)
    for grant in grants:
        asks = any(_is_from(one, source) for one in grant.spec.from_ or ())
        if asks and any(_is_to(one, target, group) for one in grant.spec.to or ()):
            return True
    return False if view.inventory.coverage.proves_absence(ReferenceGrant.KIND, target.namespace) else None


def _is_from(one: GrantFrom, source: KubeObject) -> bool:
    return (one.group, one.kind, one.namespace) == (source.GROUP, source.KIND, source.metadata.namespace)


def _is_to(one: GrantTo, target: Ref, group: str) -> bool:
    return (one.group, one.kind) == (group, target.kind) and one.name in {None, "", target.name}


def is_bad(view: View, thing: KubeObject, condition: Condition | None, wanted: str = "True") -> bool:
    """Answer whether a condition tells of trouble with the object as it is now, and not of its first moments."""
    if condition is None or condition.status == wanted or not is_current(thing, condition):
        return False
    is_waiting = condition.status == "Unknown" or condition.reason in _WAITING
    return not (is_waiting and is_settling(view, thing))


def _class_not_accepted(view: View, thing: GatewayClass) -> Iterable[Hit]:
    condition = find_condition(thing.status.conditions, "Accepted")
    if condition is None or not is_bad(view, thing, condition):
        return
    users = [one.ref for one in view.inventory.all(Gateway) if one.spec.gateway_class_name == thing.metadata.name]
    is_waiting = condition.status == "Unknown" or condition.reason in _WAITING
    controller = thing.spec.controller_name
    text = f"no controller {controller} takes it up" if is_waiting else condition.message or condition.reason or ""
    steps = () if users else ((-0.3, "no Gateway uses it"),)
    yield Hit(
        thing.ref,
        f"{thing.ref} is not accepted: {text}",
        (seen_condition(thing, condition), shown(thing, f"controllerName is {controller}", "spec.controllerName")),
        steps=steps,
        explains=tuple(users),
        remedies=(Remedy(f"Install or restart the controller {controller}, or correct the class."),),
    )


def _class_missing(view: View, gateway: Gateway) -> Iterable[Hit]:
    name = gateway.spec.gateway_class_name
    if name and is_absent(view, GatewayClass, None, name):
        known = some_names(one.metadata.name for one in view.inventory.all(GatewayClass))
        yield Hit(
            gateway.ref,
            f"{gateway.ref} asks for GatewayClass {name}, which does not exist",
            (
                shown(gateway, f"gatewayClassName is {name}", "spec.gatewayClassName"),
                shown_absent(view, GatewayClass, None, name),
            ),
            remedies=(Remedy(f"Use a class that exists ({known or 'there is none'}), or install its controller."),),
        )


def _not_programmed(view: View, gateway: Gateway) -> Iterable[Hit]:
    name = gateway.spec.gateway_class_name
    # Then that is what to say of it.
    if is_leaving(view, gateway) or is_absent(view, GatewayClass, None, name):
        return
    conditions = [find_condition(gateway.status.conditions, kind) for kind in ("Accepted", "Programmed", "Ready")]
    bad = [one for one in conditions if one and is_bad(view, gateway, one) and one.type != "Ready"]
    if not bad:
        return
    first = bad[0]
    used = view.inventory.find(GatewayClass, None, name)
    accepted = find_condition(used.status.conditions, "Accepted") if used else None
    of_class = used if used and accepted and is_bad(view, used, accepted) else None
    yield Hit(
        gateway.ref,
        f"{gateway.ref} is not {first.type.lower()}: {first.reason or first.status} {first.message or ''}".rstrip(),
        tuple(seen_condition(gateway, one) for one in bad),
        culprit=of_class.ref if of_class else None,
        steps=((-0.2, "its class is not accepted either"),) if of_class else (),
        remedies=(look(gateway.ref),),
    )


def _listener_troubles(view: View, gateway: Gateway, listener: ListenerStatus) -> list[Condition]:
    wanted = {"Accepted": "True", "ResolvedRefs": "True", "Conflicted": "False"}
    found = [(find_condition(listener.conditions, kind), good) for kind, good in wanted.items()]
    bad = [one for one, good in found if one and is_bad(view, gateway, one, good)]
    programmed = find_condition(listener.conditions, "Programmed")
    if not bad and programmed and is_bad(view, gateway, programmed):
        return [programmed]
    return bad


def _listener(view: View, gateway: Gateway) -> Iterable[Hit]:
    if is_leaving(view, gateway) or is_absent(view, GatewayClass, None, gateway.spec.gateway_class_name):
        return
    for listener in gateway.status.listeners or ():
        bad = _listener_troubles(view, gateway, listener)
        where = f"status.listeners[name={listener.name}].conditions"
        if bad:
            reasons = some_names(one.reason or one.type for one in bad)
            yield Hit(
                gateway.ref,
                f"Listener {listener.name} of {gateway.ref}: {reasons}. {bad[0].message or ''}".rstrip(),
                tuple(seen_condition(gateway, one, where) for one in bad),
                remedies=(Remedy(f"Correct listener {listener.name} of {gateway.ref} ({reasons})."),),
            )


def _certificate(view: View, gateway: Gateway) -> Iterable[Hit]:
    for listener in gateway.spec.listeners or ():
        for one in (listener.tls.certificate_refs if listener.tls else None) or ():
            if (one.group or "", one.kind or "Secret") != ("", "Secret"):
                continue
            namespace = one.namespace or gateway.metadata.namespace
            target = Ref(Secret.KIND, namespace, one.name)
            where = shown(gateway, f"listener {listener.name} names {target}", "spec.listeners[].tls.certificateRefs")
            if is_absent(view, Secret, namespace, one.name):
                seen = (where, shown_absent(view, Secret, namespace, one.name))
                summary = f"{target}, the certificate of listener {listener.name} of {gateway.ref}, does not exist"
                yield Hit(gateway.ref, summary, seen, remedies=(Remedy(f"Create {target} as kubernetes.io/tls."),))
            elif namespace != gateway.metadata.namespace and is_granted(view, gateway, target) is False:
                summary = f"No ReferenceGrant in {namespace} lets {gateway.ref} use {target}"
                remedy = Remedy(f"Create a ReferenceGrant in {namespace} from {gateway.ref} to {target}.")
                yield Hit(gateway.ref, summary, (where,), remedies=(remedy,))


def _grant_for_nobody(view: View, grant: ReferenceGrant) -> Iterable[Hit]:
    for one in grant.spec.from_ or ():
        if one.namespace and is_absent(view, Namespace, None, one.namespace):
            seen = (shown(grant, f"is for {one.kind} of {one.namespace}", "spec.from[].namespace"),)
            yield Hit(grant.ref, f"{grant.ref} is for namespace {one.namespace}, which does not exist", seen)


RULES: tuple[Rule, ...] = (
    Rule(
        id="gateway-class-not-accepted",
        title="GatewayClass is not accepted",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(GatewayClass,),
        condition="Its condition Accepted is not True, for this generation, and it is older than two minutes.",
        explanation="No Gateway of the class is served.",
        remediation="Install or repair the controller the class names.",
        base=0.85,
        check=on(GatewayClass, _class_not_accepted),
        conditions=(56,),
    ),
    Rule(
        id="gateway-class-missing",
        title="GatewayClass does not exist",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Gateway,),
        condition="spec.gatewayClassName names a class that is proven absent.",
        explanation="No controller takes up the Gateway.",
        remediation="Name a class that exists, or install its controller.",
        base=0.92,
        check=on(Gateway, _class_missing),
        conditions=(56,),
        needs=(GatewayClass,),
    ),
    Rule(
        id="gateway-not-programmed",
        title="Gateway is not accepted or programmed",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Gateway,),
        condition="Accepted or Programmed is not True for this generation, for longer than its first two minutes.",
        explanation="The controller could not set up what the Gateway asks for.",
        remediation="Act on the condition's reason.",
        base=0.85,
        check=on(Gateway, _not_programmed),
        conditions=(57,),
    ),
    Rule(
        id="gateway-listener-invalid",
        title="Listener of a Gateway does not work",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Gateway,),
        condition="A listener's Accepted or ResolvedRefs is not True, or it is Conflicted, for this generation.",
        explanation="Routes of that listener are not served.",
        remediation="Correct the certificate, port, protocol or hostname the reason names.",
        base=0.9,
        check=on(Gateway, _listener),
        conditions=(58,),
    ),
    Rule(
        id="gateway-certificate-missing",
        title="Certificate of a listener is missing or not granted",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Gateway,),
        condition="A certificateRef names a Secret that is proven absent, or of a namespace without ReferenceGrant.",
        explanation="The listener cannot serve TLS.",
        remediation="Create the Secret, or the ReferenceGrant.",
        base=0.92,
        check=on(Gateway, _certificate),
        conditions=(58, 60),
        needs=(Secret, ReferenceGrant),
    ),
    Rule(
        id="reference-grant-for-nobody",
        title="ReferenceGrant for a namespace that does not exist",
        layer=Layer.EDGE,
        severity=Severity.INFO,
        kinds=(ReferenceGrant,),
        condition="A namespace in spec.from is proven absent.",
        explanation="It allows nothing; often the name is misspelt, and a route is refused elsewhere.",
        remediation="Correct the namespace, or delete the entry.",
        base=0.6,
        check=on(ReferenceGrant, _grant_for_nobody),
        conditions=(61,),
        needs=(Namespace,),
        is_advice=True,
    ),
)
