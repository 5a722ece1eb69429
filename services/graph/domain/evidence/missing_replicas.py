"""What rules say of a workload whose pods are not all ready."""

from services.graph.domain.evidence.blame import blame_workload, sick_pods, unread_step
from services.graph.domain.evidence.pod_state import is_older
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.rules.base import Hit, Remedy, View


def workload_hit(view: View, workload: KubeObject, summary: str, path: str) -> Hit:
    found = blame_workload(view, workload)
    is_own = found.culprit == workload.ref
    namespace = workload.metadata.namespace or ""
    argv = ("kubectl", "describe", workload.KIND.lower(), workload.metadata.name, "-n", namespace)
    remedy = Remedy("Look at the first pod that is not ready.", argv, "low")
    explains = () if is_own else (workload.ref,)
    marks = (seen(workload, path, summary), *found.seen)
    steps = unread_step(view, workload) if is_own else ()
    return Hit(workload.ref, summary, marks, found.culprit, steps, explains, (remedy,))


def is_settling(view: View, workload: KubeObject) -> bool:
    """Answer whether its pods were read, and those that are not ready are new."""
    if not view.inventory.coverage.proves_absence(Pod.KIND, workload.metadata.namespace):
        return not is_older(workload.metadata.creation_timestamp, view.now)
    sick = sick_pods(view.inventory, workload)
    times = [pod.metadata.creation_timestamp for pod in sick] or [workload.metadata.creation_timestamp]
    return not any(is_older(time, view.now) for time in times)
