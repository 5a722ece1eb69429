"""Which objects a pod, or the pod template of a workload, names."""

from collections.abc import Iterator

from services.graph.domain.k8s.pods import Container, Pod, PodSpec
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.workloads import StatefulSet
from services.graph.domain.relations.pod_inputs import inputs_of
from services.graph.domain.relations.templates import pod_template_of

_MOST_ORDINALS = 50


def pod_spec_of(thing: KubeObject) -> PodSpec | None:
    """Return the spec of a pod, or the one a workload makes pods from; None of what makes none."""
    if isinstance(thing, Pod):
        return thing.spec
    template = pod_template_of(thing)
    return template.spec if template else None


def template_labels_of(thing: KubeObject) -> dict[str, str]:
    """Return the labels of a pod, or those a workload gives its pods."""
    if isinstance(thing, Pod):
        return thing.labels
    template = pod_template_of(thing)
    return (template.metadata.labels if template and template.metadata else None) or {}


def containers_of(spec: PodSpec) -> Iterator[Container]:
    """Yield every container: init, ordinary, ephemeral."""
    yield from spec.init_containers or ()
    yield from spec.containers or ()
    yield from spec.ephemeral_containers or ()


def references_of(thing: KubeObject) -> list[Ref]:
    """Return what the pods of ``thing`` need by name, each once, in the order in which the spec names it."""
    spec = pod_spec_of(thing)
    if spec is None:
        return []
    namespace, pod_name = thing.metadata.namespace, thing.metadata.name if isinstance(thing, Pod) else None
    inputs = (
        Ref(one.kind, None if one.kind == "CSIDriver" else namespace, one.name)
        for one in inputs_of(spec, "spec", pod_name)
    )
    found = [*_of_spec(spec, namespace), *inputs, *_of_claim_templates(thing, namespace)]
    return list(dict.fromkeys(ref for ref in found if ref.name))


def uses_claim(pod: Pod, claim: Ref) -> bool:
    """Answer whether the pod mounts the claim."""
    if pod.metadata.namespace != claim.namespace:
        return False
    return any(
        (volume.persistent_volume_claim and volume.persistent_volume_claim.claim_name == claim.name)
        or (volume.ephemeral and claim.name == f"{pod.metadata.name}-{volume.name}")
        for volume in pod.spec.volumes or ()
    )


def _of_spec(spec: PodSpec, namespace: str | None) -> Iterator[Ref]:
    if spec.node_name:
        yield Ref("Node", None, spec.node_name)
    yield Ref("ServiceAccount", namespace, spec.service_account_name or "default")
    if spec.priority_class_name:
        yield Ref("PriorityClass", None, spec.priority_class_name)
    if spec.runtime_class_name:
        yield Ref("RuntimeClass", None, spec.runtime_class_name)
    for secret in spec.image_pull_secrets or ():
        yield Ref("Secret", namespace, secret.name or "")


def _of_claim_templates(thing: KubeObject, namespace: str | None) -> Iterator[Ref]:
    if not isinstance(thing, StatefulSet):
        return
    first = (thing.spec.ordinals.start if thing.spec.ordinals else None) or 0
    replicas = thing.spec.replicas if thing.spec.replicas is not None else 1
    for template in thing.spec.volume_claim_templates or ():
        for ordinal in range(first, first + min(replicas, _MOST_ORDINALS)):
            yield Ref("PersistentVolumeClaim", namespace, f"{template.metadata.name}-{thing.metadata.name}-{ordinal}")
