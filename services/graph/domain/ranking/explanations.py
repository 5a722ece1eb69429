"""Which trouble follows from which: what a culprit's findings say, and what the cluster's relations imply."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.storage import PersistentVolumeClaim
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Finding
from services.graph.domain.walking.called_services import called_services
from services.graph.domain.walking.owners import owned_below, owners_of
from services.graph.domain.walking.pod_references import pod_spec_of, uses_claim
from services.graph.domain.walking.serving_index import edges_to
from services.graph.domain.walking.surroundings import served_by
from services.graph.domain.walking.walk_seeds import behind_service, slices_of

# Signs of troubles that only some kinds can cause: a network policy never explains that memory ran out.
_CAUSES_OF_SIGN: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (("OOMKilled",), frozenset({"Node", "LimitRange"})),
    (
        ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"),
        frozenset({"Secret", "ServiceAccount", "Node"}),
    ),
    (
        ("Unschedulable", "FailedScheduling"),
        frozenset(
            {
                "PersistentVolumeClaim",
                "PersistentVolume",
                "StorageClass",
                "Node",
                "ResourceQuota",
                "PriorityClass",
                "CSIDriver",
                "RuntimeClass",
            }
        ),
    ),
)
_WORKLOADS = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Pod"})


def touched_by(inventory: Inventory, findings: Iterable[Finding]) -> frozenset[Ref]:
    """Return the objects whose trouble the rules themselves say follows from the culprit of ``findings``."""
    touched: set[Ref] = set()
    for finding in findings:
        stated = {finding.hit.subject, *finding.hit.explains} - {finding.culprit}
        touched |= stated
        touched.update(owner for ref in stated for owner in _owners(inventory, ref))
    return frozenset(touched)


def implied_by(inventory: Inventory, culprit: Ref, troubled: Collection[Ref]) -> frozenset[Ref]:
    """Return the objects whose trouble the relations of the cluster lead to when ``culprit`` is in trouble.

    Of edges only those in trouble themselves, ``troubled``, are looked at: there may be thousands of others.
    """
    thing = inventory.find_ref(culprit)
    if culprit.kind == "PersistentVolumeClaim":
        return frozenset(_users(inventory, {culprit}))
    if culprit.kind == "StorageClass":
        claims = inventory.all(PersistentVolumeClaim)
        named = {claim.ref for claim in claims if claim.spec.storage_class_name == culprit.name}
        return frozenset({*named, *_users(inventory, named)})
    if culprit.kind in _WORKLOADS and thing is not None:
        return frozenset(_downstream(inventory, thing, troubled))
    if isinstance(thing, Service):
        return frozenset(
            {*_routes_to(inventory, {thing.ref}, troubled), *(one.ref for one in slices_of(inventory, thing))}
        )
    return frozenset()


def kinds_that_cause(finding: Finding) -> frozenset[str] | None:
    """Return the kinds that can lead to trouble with these signs; None where any can."""
    words = " ".join(_words(finding))
    return next((kinds for signs, kinds in _CAUSES_OF_SIGN if any(sign in words for sign in signs)), None)


def callees_named(inventory: Inventory, finding: Finding) -> frozenset[Ref]:
    """Return the Services, and the workloads behind them, that logs or messages of a finding name and its pods call."""
    thing = inventory.find_ref(finding.hit.subject)
    if thing is None or pod_spec_of(thing) is None:
        return frozenset()
    words = " ".join(_words(finding))
    found: set[Ref] = set()
    for service in called_services(inventory, thing):
        if service.metadata.name in words:
            found.add(service.ref)
            for pod in behind_service(inventory, service):
                found.update((pod.ref, *owners_of(inventory, pod)))
    return frozenset(found - {thing.ref, *owners_of(inventory, thing)})


def _words(finding: Finding) -> Iterator[str]:
    yield finding.hit.summary
    for seen in finding.hit.seen:
        yield seen.observation
        yield from seen.lines


def _owners(inventory: Inventory, ref: Ref) -> Sequence[Ref]:
    thing = inventory.find_ref(ref)
    return owners_of(inventory, thing) if thing is not None else ()


def _users(inventory: Inventory, claims: set[Ref]) -> Iterator[Ref]:
    for namespace in {claim.namespace for claim in claims}:
        for pod in inventory.in_namespace(Pod, namespace):
            if any(uses_claim(pod, claim) for claim in claims):
                yield pod.ref
                yield from owners_of(inventory, pod)


def _downstream(inventory: Inventory, workload: KubeObject, troubled: Collection[Ref]) -> Iterator[Ref]:
    """Yield what depends on the pods of a workload: its own parts, the Services over them, the edges to those."""
    below = owned_below(inventory, workload.ref)
    yield from (one.ref for one in below)
    served = {ref for one in (workload, *below) for ref in served_by(inventory, one)}
    yield from served
    for ref in served:
        service = inventory.find_ref(ref)
        if isinstance(service, Service):
            yield from (one.ref for one in slices_of(inventory, service))
    yield from _routes_to(inventory, served, troubled)


def _routes_to(inventory: Inventory, services: set[Ref], troubled: Collection[Ref]) -> Iterator[Ref]:
    for service in services:
        yield from (edge for edge in edges_to(inventory, service) if edge in troubled)
