"""Workloads: what makes pods and keeps them."""

from datetime import datetime
from typing import ClassVar

from services.graph.domain.k8s.pods import ClaimSpec, PodTemplate
from services.graph.domain.k8s.shape import (
    Condition,
    IntOrString,
    KubeObject,
    LabelSelector,
    ManagedMeta,
    ObjectMeta,
    Quantity,
    Shape,
)


class RollingUpdate(Shape, frozen=True, kw_only=True, gc=False):
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None
    partition: int | None = None


class UpdateStrategy(Shape, frozen=True, kw_only=True, gc=False):
    type: str | None = None
    rolling_update: RollingUpdate | None = None


class DeploymentSpec(Shape, frozen=True, kw_only=True, gc=False):
    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()
    strategy: UpdateStrategy | None = None
    paused: bool | None = None
    min_ready_seconds: int | None = None
    progress_deadline_seconds: int | None = None


class DeploymentStatus(Shape, frozen=True, kw_only=True, gc=False):
    observed_generation: int | None = None
    replicas: int | None = None
    updated_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    unavailable_replicas: int | None = None
    conditions: list[Condition] | None = None


class Deployment(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Deployment"
    GROUP: ClassVar[str] = "apps"

    metadata: ManagedMeta = ManagedMeta()
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class ReplicaSetSpec(Shape, frozen=True, kw_only=True, gc=False):
    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class ReplicaSetStatus(Shape, frozen=True, kw_only=True, gc=False):
    observed_generation: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    conditions: list[Condition] | None = None


class ReplicaSet(KubeObject, frozen=True, kw_only=True, gc=False):
    """Its revision stands in the annotation ``deployment.kubernetes.io/revision``."""

    KIND: ClassVar[str] = "ReplicaSet"
    GROUP: ClassVar[str] = "apps"

    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()


class ReplicationControllerSpec(Shape, frozen=True, kw_only=True, gc=False):
    replicas: int | None = None
    selector: dict[str, str] | None = None
    template: PodTemplate | None = None


class ReplicationController(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "ReplicationController"

    spec: ReplicationControllerSpec = ReplicationControllerSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()


class VolumeClaimTemplate(Shape, frozen=True, kw_only=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: ClaimSpec = ClaimSpec()


class Ordinals(Shape, frozen=True, kw_only=True, gc=False):
    start: int | None = None


class StatefulSetSpec(Shape, frozen=True, kw_only=True, gc=False):
    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()
    service_name: str | None = None
    volume_claim_templates: list[VolumeClaimTemplate] | None = None
    update_strategy: UpdateStrategy | None = None
    pod_management_policy: str | None = None
    ordinals: Ordinals | None = None


class StatefulSetStatus(Shape, frozen=True, kw_only=True, gc=False):
    observed_generation: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None
    current_replicas: int | None = None
    updated_replicas: int | None = None
    available_replicas: int | None = None
    current_revision: str | None = None
    update_revision: str | None = None
    conditions: list[Condition] | None = None


class StatefulSet(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "StatefulSet"
    GROUP: ClassVar[str] = "apps"

    metadata: ManagedMeta = ManagedMeta()
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class DaemonSetSpec(Shape, frozen=True, kw_only=True, gc=False):
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()
    update_strategy: UpdateStrategy | None = None


class DaemonSetStatus(Shape, frozen=True, kw_only=True, gc=False):
    observed_generation: int | None = None
    desired_number_scheduled: int | None = None
    current_number_scheduled: int | None = None
    number_ready: int | None = None
    number_available: int | None = None
    number_unavailable: int | None = None
    number_misscheduled: int | None = None
    updated_number_scheduled: int | None = None
    conditions: list[Condition] | None = None


class DaemonSet(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "DaemonSet"
    GROUP: ClassVar[str] = "apps"

    metadata: ManagedMeta = ManagedMeta()
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()


class JobSpec(Shape, frozen=True, kw_only=True, gc=False):
    parallelism: int | None = None
    completions: int | None = None
    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    suspend: bool | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()


class JobStatus(Shape, frozen=True, kw_only=True, gc=False):
    active: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    ready: int | None = None
    start_time: datetime | None = None
    completion_time: datetime | None = None
    conditions: list[Condition] | None = None


class Job(KubeObject, frozen=True, kw_only=True, gc=False):
    """A Kubernetes Job; a job of Faultline's own is never called so in this package."""

    KIND: ClassVar[str] = "Job"
    GROUP: ClassVar[str] = "batch"

    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()


class JobTemplate(Shape, frozen=True, kw_only=True, gc=False):
    spec: JobSpec = JobSpec()


class CronJobSpec(Shape, frozen=True, kw_only=True, gc=False):
    schedule: str | None = None
    time_zone: str | None = None
    suspend: bool | None = None
    concurrency_policy: str | None = None
    starting_deadline_seconds: int | None = None
    job_template: JobTemplate = JobTemplate()


class ActiveJob(Shape, frozen=True, kw_only=True, gc=False):
    name: str | None = None
    uid: str | None = None


class CronJobStatus(Shape, frozen=True, kw_only=True, gc=False):
    active: list[ActiveJob] | None = None
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None


class CronJob(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "CronJob"
    GROUP: ClassVar[str] = "batch"

    metadata: ManagedMeta = ManagedMeta()
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()


class ScaleTarget(Shape, frozen=True, kw_only=True, gc=False):
    api_version: str | None = None
    kind: str = ""
    name: str = ""


class MetricTarget(Shape, frozen=True, kw_only=True, gc=False):
    type: str | None = None
    average_utilization: int | None = None
    average_value: Quantity | None = None
    value: Quantity | None = None


class MetricName(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""


class MetricSource(Shape, frozen=True, kw_only=True, gc=False):
    """``name`` of a resource metric, ``metric.name`` of the others."""

    name: str | None = None
    container: str | None = None
    metric: MetricName | None = None
    target: MetricTarget | None = None


class MetricSpec(Shape, frozen=True, kw_only=True, gc=False):
    type: str = ""
    resource: MetricSource | None = None
    container_resource: MetricSource | None = None
    pods: MetricSource | None = None
    object: MetricSource | None = None
    external: MetricSource | None = None


class HpaSpec(Shape, frozen=True, kw_only=True, gc=False):
    scale_target_ref: ScaleTarget = ScaleTarget()
    min_replicas: int | None = None
    max_replicas: int | None = None
    metrics: list[MetricSpec] | None = None


class HpaStatus(Shape, frozen=True, kw_only=True, gc=False):
    current_replicas: int | None = None
    desired_replicas: int | None = None
    last_scale_time: datetime | None = None
    conditions: list[Condition] | None = None


class HorizontalPodAutoscaler(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "HorizontalPodAutoscaler"
    GROUP: ClassVar[str] = "autoscaling"

    metadata: ManagedMeta = ManagedMeta()
    spec: HpaSpec = HpaSpec()
    status: HpaStatus = HpaStatus()


class PdbSpec(Shape, frozen=True, kw_only=True, gc=False):
    selector: LabelSelector | None = None
    min_available: IntOrString | None = None
    max_unavailable: IntOrString | None = None


class PdbStatus(Shape, frozen=True, kw_only=True, gc=False):
    observed_generation: int | None = None
    current_healthy: int | None = None
    desired_healthy: int | None = None
    disruptions_allowed: int | None = None
    expected_pods: int | None = None
    conditions: list[Condition] | None = None


class PodDisruptionBudget(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "PodDisruptionBudget"
    GROUP: ClassVar[str] = "policy"

    metadata: ManagedMeta = ManagedMeta()
    spec: PdbSpec = PdbSpec()
    status: PdbStatus = PdbStatus()
