"""The pod templates of workloads: of those that nothing else made, because theirs is the template people edit."""

from collections.abc import Iterator
from typing import NamedTuple

from services.graph.domain.k8s.pods import PodSpec, PodTemplate, TemplateMeta
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)
from services.graph.domain.reading.inventory import Inventory

_SIMPLE = (Deployment, StatefulSet, DaemonSet, Job, ReplicaSet, ReplicationController)
TEMPLATE_PATH = "spec.template.spec"
CRON_TEMPLATE_PATH = "spec.jobTemplate.spec.template.spec"


class Template(NamedTuple):
    """A workload, the spec of its pods, and the field where that stands."""

    workload: KubeObject
    spec: PodSpec
    path: str


def template_of(thing: KubeObject) -> tuple[PodSpec, TemplateMeta | None, str] | None:
    """Return the spec and labels of the pods a workload makes, and where they stand; None for what makes none."""
    template = pod_template_of(thing)
    if template is None or template.spec is None:
        return None
    path = CRON_TEMPLATE_PATH if isinstance(thing, CronJob) else TEMPLATE_PATH
    return template.spec, template.metadata, path


def pod_template_of(thing: KubeObject) -> PodTemplate | None:
    """Return what a workload makes its pods from; None for what makes none."""
    if isinstance(thing, CronJob):
        return thing.spec.job_template.spec.template
    return thing.spec.template if isinstance(thing, _SIMPLE) else None


def templates_of(inventory: Inventory) -> Iterator[Template]:
    """Return the template of every workload whose controller is not among what was read."""
    for kind in (*_SIMPLE, CronJob):
        for thing in inventory.all(kind):
            if inventory.controller_of(thing) is None:
                found = template_of(thing)
                if found is not None:
                    yield Template(thing, found[0], found[2])
