"""Namespaces that do not go away, aggregated APIs that do not answer, and a metrics API that is not there."""

from collections.abc import Iterable

from services.graph.domain.evidence.witness import seen_condition, seen_event
from services.graph.domain.k8s.cluster import APIService, Certificate, Namespace, NodeMetrics
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.shape import Condition, KubeObject, Ref, find_condition
from services.graph.domain.k8s.workloads import HorizontalPodAutoscaler
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import KINDS, Kind
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.outages import outage_of
from services.graph.domain.rules.showing import (
    SETTLING,
    is_absent,
    is_current,
    is_settling,
    look,
    on,
    shown,
    shown_absent,
)
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_METRICS = "v1beta1.metrics.k8s.io"
_HOLDING = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)


def _terminating(view: View, namespace: Namespace) -> Iterable[Hit]:
    if namespace.status.phase != "Terminating":
        return
    holding = [find_condition(namespace.status.conditions, kind) for kind in _HOLDING]
    bad = [one for one in holding if one and one.status == "True"]
    asked = namespace.metadata.deletion_timestamp
    is_recent = asked is not None and view.now - asked < SETTLING
    is_stuck = any(one.type in _HOLDING[:3] or one.type == _HOLDING[4] for one in bad)
    if is_recent and not is_stuck:
        return
    dead = _dead_apis(view) if any(one.type == _HOLDING[0] for one in bad) else []
    seen = [shown(namespace, "phase is Terminating", "status.phase")]
    seen += [seen_condition(namespace, one) for one in bad]
    seen += [seen_condition(api, one) for api, one in dead[:2]]
    seen += _held(view, namespace)
    why = bad[0].message or bad[0].reason if bad else f"finalizers: {', '.join(namespace.spec.finalizers or ())}"
    yield Hit(
        namespace.ref,
        f"{namespace.ref} does not go away: {why}",
        tuple(seen),
        culprit=dead[0][0].ref if dead else None,
        steps=((0.05, "an aggregated API does not answer, which stops every deletion"),) if dead else (),
        explains=(namespace.ref,),
        remedies=(_release(namespace, dead[0][0].ref if dead else None),),
    )


def _held(view: View, namespace: Namespace) -> list[Seen]:
    """Evidence of what in the namespace is to be deleted and has finalizers, of the kinds that were read."""
    things = (thing for kind in KINDS if kind.is_namespaced for thing in _inside(view, kind, namespace))
    held = [one for one in things if one.metadata.deletion_timestamp and one.metadata.finalizers]
    return [
        shown(one, f"held by {', '.join(one.metadata.finalizers or ())}", "metadata.finalizers") for one in held[:3]
    ]


def _inside(view: View, kind: Kind, namespace: Namespace) -> list[KubeObject]:
    return view.inventory.in_namespace(kind.kept, namespace.metadata.name)


def _release(namespace: Namespace, api: Ref | None) -> Remedy:
    if api:
        return look(api, f"Repair {api}, or delete it if nothing uses it; {namespace.ref} then goes away.")
    text = f"Find what still has finalizers in {namespace.metadata.name}, and repair the controller they belong to."
    return look(namespace.ref, text)


def _dead_apis(view: View) -> list[tuple[APIService, Condition]]:
    found = ((one, find_condition(one.status.conditions, "Available")) for one in view.inventory.all(APIService))
    return [(api, condition) for api, condition in found if condition and condition.status != "True"]


def _api_unavailable(view: View, api: APIService) -> Iterable[Hit]:
    condition = find_condition(api.status.conditions, "Available")
    if condition is None or condition.status == "True" or is_settling(view, api):
        return
    seen = [seen_condition(api, condition)]
    where = api.spec.service
    if where and where.name:
        seen += _backend(view, where.namespace, where.name)
    hurt = [one.ref for one in view.inventory.all(Namespace) if one.status.phase == "Terminating"]
    if api.metadata.name == _METRICS:
        hurt += [one.ref for one in view.inventory.all(HorizontalPodAutoscaler)]
    target = f"Service {where.namespace}/{where.name}" if where else "the API server"
    yield Hit(
        api.ref,
        f"{api.ref} is not available: {condition.message or condition.reason or condition.status}",
        tuple(seen),
        explains=tuple(hurt),
        remedies=(look(api.ref, f"Repair {target} behind it, or delete the APIService if it is a leftover."),),
    )


def _backend(view: View, namespace: str | None, name: str) -> list[Seen]:
    if is_absent(view, Service, namespace, name):
        return [shown_absent(view, Service, namespace, name)]
    service = view.inventory.find(Service, namespace, name)
    outage = outage_of(view, service) if service else None
    return list(outage.seen) if outage else []


def _no_metrics(view: View, namespace: Namespace) -> Iterable[Hit]:
    # Said once for the cluster.
    if namespace.metadata.name != "kube-system":
        return
    if view.inventory.coverage.state(NodeMetrics.KIND, None) is CoverageState.MISSING:
        ref = Ref(APIService.KIND, None, _METRICS)
        seen = (Seen("coverage", Ref(NodeMetrics.KIND, None, "*"), "the server has no API metrics.k8s.io"),)
        remedy = Remedy("Install metrics-server if usage and autoscaling by CPU or memory are wanted.")
        yield Hit(ref, "There is no metrics API: usage is unknown", seen, remedies=(remedy,))


def _certificate(view: View, certificate: Certificate) -> Iterable[Hit]:
    ready = find_condition(certificate.status.conditions, "Ready")
    issuing = find_condition(certificate.status.conditions, "Issuing")
    is_first = is_settling(view, certificate) and issuing is not None and issuing.status == "True"
    if ready is None or ready.status == "True" or not is_current(certificate, ready) or is_first:
        return
    warnings = [one for one in view.inventory.events_of(certificate) if one.is_warning][-2:]
    seen = [seen_condition(certificate, ready), *([seen_condition(certificate, issuing)] if issuing else [])]
    yield Hit(
        certificate.ref,
        f"{certificate.ref} is not ready: {ready.message or ready.reason or ''}",
        (*seen, *map(seen_event, warnings)),
        steps=((0.05, "an Event warns of it"),) if warnings else (),
        remedies=(look(certificate.ref, "Follow its CertificateRequest, Order and Challenge to the issuer."),),
    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="namespace-stuck-terminating",
        title="Namespace does not go away",
        layer=Layer.PLATFORM,
        severity=Severity.MEDIUM,
        kinds=(Namespace,),
        condition="Phase Terminating for two minutes, or with a condition that says what holds it.",
        explanation="Finalizers, content that cannot be deleted, or an aggregated API that does not answer.",
        remediation="Repair the API or the controller the condition names; do not force the finalizer away.",
        base=0.85,
        check=on(Namespace, _terminating),
        conditions=(77,),
    ),
    Rule(
        id="api-service-unavailable",
        title="Aggregated API does not answer",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=(APIService,),
        condition="The APIService's condition Available is not True.",
        explanation="Its resources answer 503, discovery is incomplete, and no namespace can be deleted.",
        remediation="Repair the Service behind it, or delete it.",
        base=0.92,
        check=on(APIService, _api_unavailable),
        conditions=(78,),
    ),
    Rule(
        id="metrics-api-absent",
        title="No metrics API",
        layer=Layer.OBSERVABILITY,
        severity=Severity.INFO,
        kinds=(Namespace,),
        condition="The server has no API group metrics.k8s.io.",
        explanation="Usage cannot be shown, and autoscaling by CPU or memory cannot work.",
        remediation="Install metrics-server if that is wanted.",
        base=0.5,
        check=on(Namespace, _no_metrics),
        conditions=(76,),
        is_advice=True,
    ),
    Rule(
        id="certificate-not-ready",
        title="Certificate is not ready",
        layer=Layer.EDGE,
        severity=Severity.HIGH,
        kinds=(Certificate,),
        condition="Its condition Ready is not True, for this generation, and it is not just being issued.",
        explanation="Its Secret is absent, expired or of another issuer.",
        remediation="Follow the request to the issuer.",
        base=0.85,
        check=on(Certificate, _certificate),
        conditions=(85,),
    ),
)
