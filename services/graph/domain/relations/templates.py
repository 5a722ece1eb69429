"""The pod templates of workloads: of those that nothing else made, because theirs is the template people edit."""

from collections.abc import Iterator
from typing import NamedTuple

from services.graph.domain.k8s.pods import PodSpec, TemplateMeta
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
    if isinstance(thing, CronJob):
        template, path = thing.spec.job_template.spec.template, CRON_TEMPLATE_PATH
    elif isinstance(thing, _SIMPLE) and thing.spec.template is not None:
        template, path = thing.spec.template, TEMPLATE_PATH
    else:
        return None
    return (template.spec, template.metadata, path) if template.spec is not None else None


def templates_of(inventory: Inventory) -> Iterator[Template]:
    """Return the template of every workload whose controller is not among what was read."""
    for kind in (*_SIMPLE, CronJob):
        for thing in inventory.all(kind):
            if inventory.controller_of(thing) is None:
                found = template_of(thing)
                if found is not None:
                    yield Template(thing, found[0], found[2])
