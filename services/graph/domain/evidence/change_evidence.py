"""What changed before a symptom began, as evidence for a finding about a workload."""

from datetime import datetime, timedelta

from services.graph.domain.evidence.revisions import LastChange, last_change
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Remedy, Seen

# Clocks differ a little, and a status is written after what it tells.
_SLACK = timedelta(minutes=1)
Steps = tuple[tuple[float, str], ...]


def change_before(
    inventory: Inventory, workload: Ref, symptom_at: datetime | None, *relevant: str
) -> tuple[tuple[Seen, ...], Steps, tuple[Remedy, ...]]:
    """Return evidence, steps and remedies for what the last rollout changed before the symptom; empty for nothing.

    ``relevant`` names the sorts of change that would cause such a symptom; one of them raises more.
    """
    change = last_change(inventory, inventory.find_ref(workload))
    if change is None or not change.changes:
        return (), (), ()
    if symptom_at and change.at and change.at > symptom_at + _SLACK:
        return (), (), ()
    pertinent = [one for one in change.changes if one.what in relevant] or list(change.changes)
    words = "; ".join(map(str, pertinent[:4]))
    path = f"revision {change.before} → {change.revision}"
    mark = Seen("object", change.replica_set.ref, f"The last rollout changed {words}.", path, change.at)
    is_relevant = any(one.what in relevant for one in change.changes)
    step = (0.06, "the last rollout changed what fails") if is_relevant else (0.03, "a rollout came before it")
    return (mark,), (step,), (undo_remedy(workload, change),)


def undo_remedy(workload: Ref, change: LastChange) -> Remedy:
    """Return the way back to the revision before."""
    argv = (
        "kubectl",
        "rollout",
        "undo",
        f"deployment/{workload.name}",
        "-n",
        workload.namespace or "",
        f"--to-revision={change.before}",
    )
    return Remedy(f"Roll {workload.name} back to revision {change.before}.", argv)
