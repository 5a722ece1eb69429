"""What a change would see of the small cluster, without a server."""

from copy import deepcopy
from functools import cache

from services.actions.domain.kinds import find_kind
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations import REMEDIATIONS
from services.actions.domain.remediations.shape import Sight, Target
from shared.contracts.action import KubernetesPayload
from tests.support.kube_requests import select
from tests.support.kube_small_cluster import a_cluster, item_of
from tests.support.kube_world import KubeWorld, Place


def see(payload: KubernetesPayload, world: KubeWorld | None = None) -> Sight:
    """Return what ``payload`` would see of a world, by default of the small cluster."""
    world = world or _cluster()
    kind = find_kind(payload.kind)
    assert kind is not None
    target = Target(payload=payload, kind=kind)
    seen = KubeObject(deepcopy(item_of(world, payload.kind, payload.name) or {}))
    others = {}
    for look in REMEDIATIONS[payload.verb].looks(target, seen):
        place = Place(look.kind.group, look.kind.version, look.kind.plural)
        found = select(world.lists[place], {"labelSelector": look.labels, "fieldSelector": look.fields})
        others[look.name] = tuple(
            KubeObject(deepcopy(one)) for one in found if look.namespace in {None, one["metadata"].get("namespace")}
        )
    return Sight(target=target, object=seen, others=others)


@cache
def _cluster() -> KubeWorld:
    # What is seen of it is copied, so it never changes.
    return a_cluster()
