"""Which objects a pod, or the pod template of a workload, names."""

from collections.abc import Iterator

from services.graph.domain.k8s.pods import Container, Pod, PodSpec, Volume
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)

_MOST_ORDINALS = 50


def pod_spec_of(thing: KubeObject) -> PodSpec | None:
    """Return the spec of a pod, or the one a workload makes pods from; None of what makes none."""
    match thing:
        case Pod():
            return thing.spec
        case CronJob():
            return thing.spec.job_template.spec.template.spec
        case ReplicationController():
            return thing.spec.template.spec if thing.spec.template else None
        case Deployment() | ReplicaSet() | StatefulSet() | DaemonSet() | Job():
            return thing.spec.template.spec
        case _:
            return None


def template_labels_of(thing: KubeObject) -> dict[str, str]:
    """Return the labels of a pod, or those a workload gives its pods."""
    match thing:
        case Pod():
            return thing.labels
        case ReplicationController():
            meta = thing.spec.template.metadata if thing.spec.template else None
        case CronJob():
            meta = thing.spec.job_template.spec.template.metadata
        case Deployment() | ReplicaSet() | StatefulSet() | DaemonSet() | Job():
            meta = thing.spec.template.metadata
        case _:
            return {}
    return (meta.labels if meta else None) or {}


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
    namespace = thing.metadata.namespace
    found = [*_of_spec(spec, namespace), *_of_volumes(thing, spec, namespace), *_of_claim_templates(thing, namespace)]
    for container in containers_of(spec):
        found.extend(_of_container(container, namespace))
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


def _of_volumes(thing: KubeObject, spec: PodSpec, namespace: str | None) -> Iterator[Ref]:
    for volume in spec.volumes or ():
        yield from _of_volume(volume, namespace)
        if volume.ephemeral and isinstance(thing, Pod):
            yield Ref("PersistentVolumeClaim", namespace, f"{thing.metadata.name}-{volume.name}")


def _of_volume(volume: Volume, namespace: str | None) -> Iterator[Ref]:
    if volume.config_map:
        yield Ref("ConfigMap", namespace, volume.config_map.name or "")
    if volume.secret:
        yield Ref("Secret", namespace, volume.secret.secret_name or "")
    if volume.persistent_volume_claim:
        yield Ref("PersistentVolumeClaim", namespace, volume.persistent_volume_claim.claim_name)
    if volume.csi:
        yield Ref("CSIDriver", None, volume.csi.driver)
        if volume.csi.node_publish_secret_ref:
            yield Ref("Secret", namespace, volume.csi.node_publish_secret_ref.name or "")
    for source in (volume.projected.sources if volume.projected else None) or ():
        if source.config_map:
            yield Ref("ConfigMap", namespace, source.config_map.name or "")
        if source.secret:
            yield Ref("Secret", namespace, source.secret.name or "")


def _of_container(container: Container, namespace: str | None) -> Iterator[Ref]:
    for origin in container.env_from or ():
        if origin.config_map_ref:
            yield Ref("ConfigMap", namespace, origin.config_map_ref.name or "")
        if origin.secret_ref:
            yield Ref("Secret", namespace, origin.secret_ref.name or "")
    for variable in container.env or ():
        source = variable.value_from
        if source and source.config_map_key_ref:
            yield Ref("ConfigMap", namespace, source.config_map_key_ref.name or "")
        if source and source.secret_key_ref:
            yield Ref("Secret", namespace, source.secret_key_ref.name or "")


def _of_claim_templates(thing: KubeObject, namespace: str | None) -> Iterator[Ref]:
    if not isinstance(thing, StatefulSet):
        return
    first = (thing.spec.ordinals.start if thing.spec.ordinals else None) or 0
    replicas = thing.spec.replicas if thing.spec.replicas is not None else 1
    for template in thing.spec.volume_claim_templates or ():
        for ordinal in range(first, first + min(replicas, _MOST_ORDINALS)):
            yield Ref("PersistentVolumeClaim", namespace, f"{template.metadata.name}-{thing.metadata.name}-{ordinal}")
