"""Pods, and the pod templates of workloads."""

from datetime import datetime
from typing import ClassVar

import msgspec

from services.graph.domain.k8s.shape import (
    Condition,
    IntOrString,
    KubeObject,
    LabelSelector,
    Quantity,
    Shape,
)


class Named(Shape, frozen=True, kw_only=True, gc=False):
    """A reference by name, in the same namespace; ``optional`` where it may be absent."""

    name: str | None = None
    optional: bool | None = None


class KeyRef(Named, frozen=True, kw_only=True, gc=False):
    """A key of a ConfigMap or Secret."""

    key: str = ""


class FieldRef(Shape, frozen=True, kw_only=True, gc=False):
    field_path: str = ""


class EnvSource(Shape, frozen=True, kw_only=True, gc=False):
    config_map_key_ref: KeyRef | None = None
    secret_key_ref: KeyRef | None = None
    field_ref: FieldRef | None = None


class EnvVar(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    value: str | None = None
    value_from: EnvSource | None = None


class EnvFrom(Shape, frozen=True, kw_only=True, gc=False):
    prefix: str | None = None
    config_map_ref: Named | None = None
    secret_ref: Named | None = None


class ContainerPort(Shape, frozen=True, kw_only=True, gc=False):
    name: str | None = None
    container_port: int = 0
    protocol: str | None = None
    host_port: int | None = None


class Resources(Shape, frozen=True, kw_only=True, gc=False):
    requests: dict[str, Quantity] | None = None
    limits: dict[str, Quantity] | None = None


class HttpGet(Shape, frozen=True, kw_only=True, gc=False):
    path: str | None = None
    port: IntOrString | None = None
    scheme: str | None = None
    host: str | None = None


class PortCheck(Shape, frozen=True, kw_only=True, gc=False):
    port: IntOrString | None = None
    service: str | None = None
    host: str | None = None


class ExecCheck(Shape, frozen=True, kw_only=True, gc=False):
    command: list[str] | None = None


class Probe(Shape, frozen=True, kw_only=True, gc=False):
    http_get: HttpGet | None = None
    tcp_socket: PortCheck | None = None
    grpc: PortCheck | None = None
    exec: ExecCheck | None = None
    initial_delay_seconds: int | None = None
    timeout_seconds: int | None = None
    period_seconds: int | None = None
    failure_threshold: int | None = None


class Capabilities(Shape, frozen=True, kw_only=True, gc=False):
    add: list[str] | None = None
    drop: list[str] | None = None


class SecurityContext(Shape, frozen=True, kw_only=True, gc=False):
    """Of a container or of a pod."""

    privileged: bool | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    capabilities: Capabilities | None = None


class VolumeMount(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    mount_path: str = ""
    sub_path: str | None = None


class Container(Shape, frozen=True, kw_only=True, gc=False):
    """A container, an init container (``restart_policy`` Always: a native sidecar), or an ephemeral one."""

    name: str = ""
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    ports: list[ContainerPort] | None = None
    env: list[EnvVar] | None = None
    env_from: list[EnvFrom] | None = None
    resources: Resources | None = None
    volume_mounts: list[VolumeMount] | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    image_pull_policy: str | None = None
    security_context: SecurityContext | None = None
    restart_policy: str | None = None
    target_container_name: str | None = None


class KeyToPath(Shape, frozen=True, kw_only=True, gc=False):
    key: str = ""
    path: str = ""


class ConfigMapVolume(Named, frozen=True, kw_only=True, gc=False):
    items: list[KeyToPath] | None = None


class SecretVolume(Shape, frozen=True, kw_only=True, gc=False):
    """A secret as a volume; ``name`` is how projected sources call it."""

    secret_name: str | None = None
    name: str | None = None
    items: list[KeyToPath] | None = None
    optional: bool | None = None


class ClaimVolume(Shape, frozen=True, kw_only=True, gc=False):
    claim_name: str = ""


class ClaimTemplate(Shape, frozen=True, kw_only=True, gc=False):
    spec: "ClaimSpec | None" = None


class EphemeralVolume(Shape, frozen=True, kw_only=True, gc=False):
    volume_claim_template: ClaimTemplate | None = None


class CsiVolume(Shape, frozen=True, kw_only=True, gc=False):
    driver: str = ""
    node_publish_secret_ref: Named | None = None


class HostPath(Shape, frozen=True, kw_only=True, gc=False):
    path: str = ""


class ProjectedSource(Shape, frozen=True, kw_only=True, gc=False):
    config_map: ConfigMapVolume | None = None
    secret: SecretVolume | None = None


class Projected(Shape, frozen=True, kw_only=True, gc=False):
    sources: list[ProjectedSource] | None = None


class Volume(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    config_map: ConfigMapVolume | None = None
    secret: SecretVolume | None = None
    persistent_volume_claim: ClaimVolume | None = None
    ephemeral: EphemeralVolume | None = None
    projected: Projected | None = None
    csi: CsiVolume | None = None
    host_path: HostPath | None = None


class Toleration(Shape, frozen=True, kw_only=True, gc=False):
    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None


class NodeSelectorTerm(Shape, frozen=True, kw_only=True, gc=False):
    match_expressions: list["NodeRequirement"] | None = None
    match_fields: list["NodeRequirement"] | None = None


class NodeRequirement(Shape, frozen=True, kw_only=True, gc=False):
    """In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class NodeSelector(Shape, frozen=True, kw_only=True, gc=False):
    node_selector_terms: list[NodeSelectorTerm] | None = None


class NodeAffinity(Shape, frozen=True, kw_only=True, gc=False):
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class Affinity(Shape, frozen=True, kw_only=True, gc=False):
    node_affinity: NodeAffinity | None = None


class SchedulingGate(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""


class HostAlias(Shape, frozen=True, kw_only=True, gc=False):
    """Names that the pod's own hosts file answers, before any DNS."""

    ip: str | None = None
    hostnames: list[str] | None = None


class PodSpec(Shape, frozen=True, kw_only=True, gc=False):
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    ephemeral_containers: list[Container] | None = None
    volumes: list[Volume] | None = None
    node_name: str | None = None
    node_selector: dict[str, str] | None = None
    affinity: Affinity | None = None
    tolerations: list[Toleration] | None = None
    service_account_name: str | None = None
    automount_service_account_token: bool | None = None
    image_pull_secrets: list[Named] | None = None
    restart_policy: str | None = None
    dns_policy: str | None = None
    host_network: bool | None = None
    hostname: str | None = None
    subdomain: str | None = None
    host_aliases: list[HostAlias] | None = None
    priority_class_name: str | None = None
    runtime_class_name: str | None = None
    scheduling_gates: list[SchedulingGate] | None = None
    security_context: SecurityContext | None = None
    termination_grace_period_seconds: int | None = None
    active_deadline_seconds: int | None = None


class TemplateMeta(Shape, frozen=True, kw_only=True, gc=False):
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class PodTemplate(Shape, frozen=True, kw_only=True, gc=False):
    """What pods of a workload are made from."""

    metadata: TemplateMeta | None = None
    spec: PodSpec | None = None


class Waiting(Shape, frozen=True, kw_only=True, gc=False):
    reason: str | None = None
    message: str | None = None


class Running(Shape, frozen=True, kw_only=True, gc=False):
    started_at: datetime | None = None


class Terminated(Shape, frozen=True, kw_only=True, gc=False):
    exit_code: int | None = None
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Shape, frozen=True, kw_only=True, gc=False):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    ready: bool | None = None
    started: bool | None = None
    restart_count: int | None = None
    image: str | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class PodIp(Shape, frozen=True, kw_only=True, gc=False):
    ip: str | None = None


class PodStatus(Shape, frozen=True, kw_only=True, gc=False):
    """``reason`` is where eviction stands."""

    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    ephemeral_container_statuses: list[ContainerStatus] | None = None
    pod_ip: str | None = msgspec.field(default=None, name="podIP")
    pod_ips: list[PodIp] | None = msgspec.field(default=None, name="podIPs")
    host_ip: str | None = msgspec.field(default=None, name="hostIP")
    nominated_node_name: str | None = None
    start_time: datetime | None = None
    qos_class: str | None = None
    resize: str | None = None


class Pod(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Pod"

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class ClaimSpec(Shape, frozen=True, kw_only=True, gc=False):
    """``storage_class_name`` None: the default class; empty: no class at all."""

    access_modes: list[str] | None = None
    storage_class_name: str | None = None
    volume_name: str | None = None
    volume_mode: str | None = None
    selector: LabelSelector | None = None
    resources: Resources | None = None
