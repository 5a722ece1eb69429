"""A few rules for tests of what runs, ranks and reports them; none knows more than the test that uses it."""

from collections.abc import Iterable

from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.network import EndpointSlice, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.k8s.storage import PersistentVolumeClaim, StorageClass
from services.graph.domain.k8s.workloads import Deployment
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Check, Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.owners import top_of
from services.graph.domain.walking.pod_references import references_of
from services.graph.domain.walking.walk_seeds import slices_of
from shared.contracts.severity import Severity


def a_rule(rule_id: str, check: Check, *kinds: type[KubeObject], base: float = 0.8, **fields: object) -> Rule:
    """Return a rule; a test says only what it is about."""
    given = {
        "title": rule_id.replace("-", " "),
        "layer": Layer.APP,
        "severity": Severity.HIGH,
        "condition": "as the test says",
        "explanation": "It is so.",
        "remediation": "Mend it.",
    }
    return Rule(id=rule_id, check=check, kinds=kinds, base=base, **{**given, **fields})  # type: ignore[arg-type]


def _crashes(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, Pod)
    for status in thing.status.container_statuses or ():
        if status.state and status.state.waiting and status.state.waiting.reason == "CrashLoopBackOff":
            lines = view.logs.lines(thing.ref, status.name, previous=True)
            seen = [Seen("object", thing.ref, "CrashLoopBackOff", "status.containerStatuses[0].state.waiting")]
            seen += [Seen("log", thing.ref, "the last lines", lines=lines)] if lines else []
            yield Hit(
                thing.ref,
                "It ends again and again",
                tuple(seen),
                culprit=top_of(view.inventory, thing.ref),
                remedies=(Remedy("Read the log", ("kubectl", "logs", thing.metadata.name), "low"),),
            )


def _is_unavailable(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, Deployment)
    if (thing.status.ready_replicas or 0) < (thing.spec.replicas or 0):
        yield Hit(thing.ref, "Replicas are missing", (Seen("object", thing.ref, "too few are ready"),))


def _has_no_class(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, PersistentVolumeClaim)
    name = thing.spec.storage_class_name
    if name and view.inventory.presence(StorageClass, None, name) is Presence.ABSENT:
        yield Hit(thing.ref, f"StorageClass {name} does not exist", (Seen("coverage", thing.ref, "does not exist"),))


def _is_pending(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, Pod)
    scheduled = find_condition(thing.status.conditions, "PodScheduled")
    if scheduled and scheduled.reason == "Unschedulable":
        seen = (Seen("object", thing.ref, f"Unschedulable: {scheduled.message}"),)
        yield Hit(thing.ref, "It waits for a node", seen, culprit=top_of(view.inventory, thing.ref))


def _selects_nothing(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, Service)
    selector = thing.spec.selector
    known = view.inventory.coverage.proves_absence("Pod", thing.metadata.namespace)
    if selector and known and not view.inventory.pods_matching(thing.metadata.namespace, selector):
        yield Hit(thing.ref, "Its selector matches no pod: none exists", (Seen("object", thing.ref, "no pod"),))


def _is_not_ready(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, Service)
    ends = [end for one in slices_of(view.inventory, thing) for end in one.endpoints or ()]
    if ends and not any(end.is_ready for end in ends):
        yield Hit(thing.ref, "No endpoint is ready", (Seen("object", thing.ref, "all are not ready"),))


def _lacks_config(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, Pod)
    for ref in references_of(thing):
        if ref.kind == "ConfigMap" and view.inventory.presence(ConfigMap, ref.namespace, ref.name) is Presence.ABSENT:
            seen = (Seen("coverage", ref, f"{ref} does not exist"),)
            yield Hit(thing.ref, f"{ref} does not exist", seen, culprit=Ref("ConfigMap", ref.namespace, ref.name))


def _has_no_limits(view: View, thing: KubeObject) -> Iterable[Hit]:
    assert isinstance(thing, Pod)
    if any(one.resources is None for one in thing.spec.containers or ()):
        yield Hit(thing.ref, "It has no limits", (Seen("object", thing.ref, "no limits"),))


SMALL_RULES: tuple[Rule, ...] = (
    a_rule("crash", _crashes, Pod, base=0.9),
    a_rule("unavailable", _is_unavailable, Deployment, base=0.85),
    a_rule("no-class", _has_no_class, PersistentVolumeClaim, base=0.9, needs=(StorageClass,)),
    a_rule("pending", _is_pending, Pod, base=0.8),
    a_rule("selects-nothing", _selects_nothing, Service, base=0.85, needs=(Pod,)),
    a_rule("not-ready", _is_not_ready, Service, base=0.6, needs=(EndpointSlice,)),
    a_rule("lacks-config", _lacks_config, Pod, base=0.95, needs=(ConfigMap,)),
    a_rule("no-limits", _has_no_limits, Pod, base=0.9, severity=Severity.LOW, is_advice=True),
)
