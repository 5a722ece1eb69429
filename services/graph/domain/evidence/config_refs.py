"""Which ConfigMaps and Secrets, and which of their keys, a pod spec needs, and where it says so."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.graph.domain.evidence.pod_state import all_containers
from services.graph.domain.k8s.config import ConfigMap, Secret
from services.graph.domain.k8s.pods import Container, KeyToPath, PodSpec, Volume

# The controller manager puts them into every namespace; a pod may be quicker.
_GIVEN = {"kube-root-ca.crt", "openshift-service-ca.crt"}


@dataclass(frozen=True, slots=True)
class ConfigRef:
    """A reference that must hold for the pod to start. ``key`` is None where the whole object is taken."""

    kind: type[ConfigMap] | type[Secret]
    name: str
    key: str | None
    path: str


def needed_config(spec: PodSpec | None) -> list[ConfigRef]:
    """Return the references of a pod spec, those marked optional left out."""
    if spec is None:
        return []
    found = [ref for one in all_containers(spec) for ref in _of_container(one)]
    found += [ref for volume in spec.volumes or () for ref in _of_volume(volume)]
    return [ref for ref in dict.fromkeys(found) if ref.name and ref.name not in _GIVEN]


def _of_container(container: Container) -> Iterator[ConfigRef]:
    path = f"spec.containers[name={container.name}]"
    for one in container.env_from or ():
        for kind, ref, field in (
            (ConfigMap, one.config_map_ref, "configMapRef"),
            (Secret, one.secret_ref, "secretRef"),
        ):
            if ref and not ref.optional:
                yield ConfigRef(kind, ref.name or "", None, f"{path}.envFrom[].{field}")
    for env in container.env or ():
        source = env.value_from
        if source is None:
            continue
        for kind, key, field in (
            (ConfigMap, source.config_map_key_ref, "configMapKeyRef"),
            (Secret, source.secret_key_ref, "secretKeyRef"),
        ):
            if key and not key.optional:
                yield ConfigRef(kind, key.name or "", key.key, f"{path}.env[name={env.name}].valueFrom.{field}")


def _of_volume(volume: Volume) -> Iterator[ConfigRef]:
    path = f"spec.volumes[name={volume.name}]"
    if volume.config_map and not volume.config_map.optional:
        items = volume.config_map.items
        yield from _keys(ConfigMap, volume.config_map.name, items, f"{path}.configMap")
    if volume.secret and not volume.secret.optional:
        name = volume.secret.secret_name or volume.secret.name
        yield from _keys(Secret, name, volume.secret.items, f"{path}.secret")
    for source in (volume.projected.sources if volume.projected else None) or ():
        if source.config_map and not source.config_map.optional:
            yield from _keys(ConfigMap, source.config_map.name, source.config_map.items, f"{path}.projected")
        if source.secret and not source.secret.optional:
            name = source.secret.name or source.secret.secret_name
            yield from _keys(Secret, name, source.secret.items, f"{path}.projected")


def _keys(
    kind: type[ConfigMap] | type[Secret], name: str | None, items: list[KeyToPath] | None, path: str
) -> Iterator[ConfigRef]:
    if not items:
        yield ConfigRef(kind, name or "", None, path)
    for item in items or ():
        yield ConfigRef(kind, name or "", item.key, f"{path}.items[key={item.key}]")
