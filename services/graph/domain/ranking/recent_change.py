"""Whether a culprit was changed shortly before its trouble began, by what its own fields tell."""

from datetime import datetime, timedelta

from services.graph.domain.k8s.shape import KubeObject, ManagedMeta
from services.graph.domain.k8s.workloads import Deployment, ReplicaSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Finding

_WINDOW = timedelta(minutes=30)
_REVISION = "deployment.kubernetes.io/revision"


def change_before(inventory: Inventory, finding: Finding) -> str:
    """Return a sentence about the last change before the trouble, or nothing.

    Only what the subject itself shows counts as the trouble's beginning: an Event that could not be read must not
    move it, or missing data would make a change look closer than it was.
    """
    culprit = inventory.find_ref(finding.culprit)
    began = _began(finding)
    if culprit is None or began is None:
        return ""
    before = [moment for moment in _changes(inventory, culprit) if began - _WINDOW <= moment <= began]
    if not before:
        return ""
    minutes = int((began - max(before)).total_seconds() // 60)
    return f"{finding.culprit} was changed {minutes} min before the first sign"


def _began(finding: Finding) -> datetime | None:
    moments = [seen.at for seen in finding.hit.seen if seen.at and seen.source == "object"]
    return min(moments, default=None)


def _changes(inventory: Inventory, culprit: KubeObject) -> list[datetime]:
    moments = [culprit.metadata.creation_timestamp]
    meta = culprit.metadata
    if isinstance(meta, ManagedMeta):
        # Writing a status is what controllers do all the time, and is no change.
        moments += [one.time for one in meta.managed_fields or () if not one.subresource]
    if isinstance(culprit, Deployment):
        sets = [one for one in inventory.owned_by(culprit) if isinstance(one, ReplicaSet)]
        newest = max(sets, key=_revision, default=None)
        moments += [newest.metadata.creation_timestamp] if newest else []
    return [moment for moment in moments if moment is not None]


def _revision(one: ReplicaSet) -> int:
    text = one.annotations.get(_REVISION, "")
    return int(text) if text.isdecimal() else 0
