"""Changes of pod templates, as the rules of rollouts see them, in the words of changes."""

from collections.abc import Callable, Iterator
from typing import Any

from services.graph.domain.changes.change import Change, ChangeKind, ChangeSource
from services.graph.domain.evidence.revisions import diff_templates
from services.graph.domain.k8s.pods import PodTemplate
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.workloads import CronJob, DaemonSet, Deployment, StatefulSet

TEMPLATES: dict[type[KubeObject], Callable[[Any], PodTemplate]] = {
    Deployment: lambda thing: thing.spec.template,
    StatefulSet: lambda thing: thing.spec.template,
    DaemonSet: lambda thing: thing.spec.template,
    CronJob: lambda thing: thing.spec.job_template.spec.template,
}
_KINDS = {
    "image": ChangeKind.IMAGE,
    "env": ChangeKind.ENV,
    "command": ChangeKind.COMMAND,
    "args": ChangeKind.COMMAND,
    "requests": ChangeKind.RESOURCES,
    "limits": ChangeKind.RESOURCES,
    "probe": ChangeKind.PROBE,
    "config": ChangeKind.CONFIG,
    "node": ChangeKind.NODE,
    "account": ChangeKind.ACCESS,
}


def template_changes(old: PodTemplate, new: PodTemplate, ref: Ref) -> Iterator[Change]:
    """Yield what differs between two pod templates of a workload; when, the caller knows."""
    for one in diff_templates(old, new):
        where = f"containers[{one.container}]." if one.container else ""
        yield Change(
            ref=ref,
            kind=_KINDS.get(one.what, ChangeKind.OTHER),
            source=ChangeSource.REVISION,
            field_path=f"spec.template.spec.{where}{one.what}{f'.{one.name}' if one.name else ''}",
            before=one.old,
            after=one.new,
        )
