"""The remediations, one for each verb that may be proposed."""

from collections.abc import Mapping

from services.actions.domain.remediations.containers import SetImage, SetResources
from services.actions.domain.remediations.cronjobs import Suspend, Unsuspend
from services.actions.domain.remediations.manifests import Apply
from services.actions.domain.remediations.nodes import Cordon, Drain, Uncordon
from services.actions.domain.remediations.patches import Delete, Patch
from services.actions.domain.remediations.pods import DeletePod, Evict
from services.actions.domain.remediations.revisions import Rollback
from services.actions.domain.remediations.rollouts import Pause, Restart, Resume
from services.actions.domain.remediations.scaling import Scale
from services.actions.domain.remediations.shape import Remediation
from shared.contracts.action import KubernetesVerb

_ALL: tuple[type[Remediation], ...] = (
    Scale, Restart, Rollback, Pause, Resume, DeletePod, Evict, Cordon, Uncordon, Drain, Suspend, Unsuspend, SetImage,
    SetResources, Patch, Delete, Apply,
)  # fmt: skip

REMEDIATIONS: Mapping[KubernetesVerb, Remediation] = {one.verb: one() for one in _ALL}
