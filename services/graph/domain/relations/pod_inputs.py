"""What a pod takes in by name: ConfigMaps, Secrets, claims, drivers; of volumes of all sorts and all its containers."""

from collections.abc import Iterator
from typing import NamedTuple

from services.graph.domain.k8s.pods import Container, EnvFrom, EnvVar, PodSpec, ProjectedSource, Volume


class Input(NamedTuple):
    """One reference: the kind and name, the field that says so, whether the pod can do without.

    ``keys`` are those that must be in it; empty where all are taken as they are.
    """

    kind: str
    name: str
    path: str
    optional: bool = False
    keys: tuple[str, ...] = ()


def inputs_of(spec: PodSpec, path: str, pod_name: str | None) -> Iterator[Input]:
    """Return every reference of a pod's spec found at ``path``; ``pod_name`` None: of a template, which has no name."""
    for index, volume in enumerate(spec.volumes or ()):
        yield from _of_volume(volume, f"{path}.volumes[{index}]", pod_name)
    for sort, containers in (
        ("containers", spec.containers),
        ("initContainers", spec.init_containers),
        ("ephemeralContainers", spec.ephemeral_containers),
    ):
        for index, container in enumerate(containers or ()):
            if container.env or container.env_from:
                yield from _of_container(container, f"{path}.{sort}[{index}]")


def needs_the_same(one: PodSpec, other: PodSpec) -> bool:
    """Answer, fast, whether two pods of one controller need the same by the same fields; no may be wrong.

    Names of volumes are not compared: that of the account's token is made up anew for every pod.
    """
    return (
        one.service_account_name == other.service_account_name
        and one.priority_class_name == other.priority_class_name
        and one.runtime_class_name == other.runtime_class_name
        and one.image_pull_secrets == other.image_pull_secrets
        and _same_containers(one, other)
        and _same_volumes(one.volumes or [], other.volumes or [])
    )


def _same_containers(one: PodSpec, other: PodSpec) -> bool:
    for mine, theirs in (
        (one.containers or (), other.containers or ()),
        (one.init_containers or (), other.init_containers or ()),
        (one.ephemeral_containers or (), other.ephemeral_containers or ()),
    ):
        if len(mine) != len(theirs):
            return False
        for first, second in zip(mine, theirs, strict=True):
            if first.env != second.env or first.env_from != second.env_from:
                return False
    return True


def _same_volumes(mine: list[Volume], theirs: list[Volume]) -> bool:
    if len(mine) != len(theirs):
        return False
    for first, second in zip(mine, theirs, strict=True):
        if first.config_map != second.config_map or first.secret != second.secret or first.csi != second.csi:
            return False
        if first.projected != second.projected or first.persistent_volume_claim != second.persistent_volume_claim:
            return False
        # Its claim is called after the pod.
        if first.ephemeral is not None or second.ephemeral is not None:
            return False
    return True


def _of_volume(volume: Volume, path: str, pod_name: str | None) -> Iterator[Input]:
    if volume.projected is not None:
        for index, source in enumerate(volume.projected.sources or ()):
            yield from _of_source(source, f"{path}.projected.sources[{index}]")
    elif volume.config_map is not None:
        config = volume.config_map
        if config.name:
            keys = tuple(item.key for item in config.items or ())
            yield Input("ConfigMap", config.name, f"{path}.configMap.name", bool(config.optional), keys)
    elif volume.secret is not None:
        secret = volume.secret
        if secret.secret_name:
            keys = tuple(item.key for item in secret.items or ())
            yield Input("Secret", secret.secret_name, f"{path}.secret.secretName", bool(secret.optional), keys)
    else:
        yield from _of_storage(volume, path, pod_name)


def _of_storage(volume: Volume, path: str, pod_name: str | None) -> Iterator[Input]:
    if volume.persistent_volume_claim is not None:
        claim = volume.persistent_volume_claim.claim_name
        yield Input("PersistentVolumeClaim", claim, f"{path}.persistentVolumeClaim.claimName")
    elif volume.ephemeral is not None and pod_name is not None:
        yield Input("PersistentVolumeClaim", f"{pod_name}-{volume.name}", f"{path}.ephemeral")
    elif volume.csi is not None:
        if volume.csi.driver:
            yield Input("CSIDriver", volume.csi.driver, f"{path}.csi.driver")
        secret = volume.csi.node_publish_secret_ref
        if secret is not None and secret.name:
            yield Input("Secret", secret.name, f"{path}.csi.nodePublishSecretRef.name")


def _of_source(source: ProjectedSource, path: str) -> Iterator[Input]:
    if source.config_map is not None and source.config_map.name:
        config = source.config_map
        keys = tuple(item.key for item in config.items or ())
        yield Input("ConfigMap", config.name or "", f"{path}.configMap.name", bool(config.optional), keys)
    if source.secret is not None and source.secret.name:
        secret = source.secret
        keys = tuple(item.key for item in secret.items or ())
        yield Input("Secret", secret.name or "", f"{path}.secret.name", bool(secret.optional), keys)


def _of_container(container: Container, path: str) -> Iterator[Input]:
    for index, whole in enumerate(container.env_from or ()):
        yield from _of_env_from(whole, f"{path}.envFrom[{index}]")
    for index, variable in enumerate(container.env or ()):
        if variable.value_from is not None:
            yield from _of_variable(variable, f"{path}.env[{index}].valueFrom")


def _of_env_from(whole: EnvFrom, path: str) -> Iterator[Input]:
    if whole.config_map_ref is not None and whole.config_map_ref.name:
        config = whole.config_map_ref
        yield Input("ConfigMap", config.name or "", f"{path}.configMapRef.name", bool(config.optional))
    if whole.secret_ref is not None and whole.secret_ref.name:
        secret = whole.secret_ref
        yield Input("Secret", secret.name or "", f"{path}.secretRef.name", bool(secret.optional))


def _of_variable(variable: EnvVar, path: str) -> Iterator[Input]:
    source = variable.value_from
    if source is None:
        return
    key = source.config_map_key_ref
    if key is not None and key.name:
        yield Input("ConfigMap", key.name, f"{path}.configMapKeyRef.name", bool(key.optional), (key.key,))
    key = source.secret_key_ref
    if key is not None and key.name:
        yield Input("Secret", key.name, f"{path}.secretKeyRef.name", bool(key.optional), (key.key,))
