"""Who made what: owners by uid, and the claims of StatefulSets by their exact names."""

from collections import defaultdict

from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, OwnerReference, Ref
from services.graph.domain.k8s.storage import PersistentVolumeClaim
from services.graph.domain.k8s.workloads import StatefulSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.relations.drawing import Drawing, Link, Origin, group_of, origin_of, ref_in_group
from services.graph.domain.topology.graph import EdgeState, Relation
from services.graph.domain.topology.layers import Layer

OWNED = Link(Relation.OWNED_BY, Layer.APP, "The object names the uid of this owner in its ownerReferences.")
CLAIMED = Link(
    Relation.CLAIMS, Layer.PLATFORM, "A StatefulSet's claims are called <template>-<name>-<ordinal>, exactly."
)
_PATH = "metadata.ownerReferences[0].uid"


def draw_ownership(drawing: Drawing) -> None:
    """Draw child → owner for every object, and StatefulSet → claim."""
    for kind in KINDS:
        if kind.kept is not Event:
            for thing in drawing.inventory.all(kind.kept):
                if thing.metadata.owner_references:
                    _draw_owners(drawing, thing, thing.metadata.owner_references)
    _draw_claims(drawing)


def _draw_owners(drawing: Drawing, thing: KubeObject, owners: list[OwnerReference]) -> None:
    origin = origin_of(thing)
    for index, owner in enumerate(owners):
        path = f"metadata.ownerReferences[{index}].uid" if index else _PATH
        note = "" if owner.controller else "owns, but does not control"
        seen = drawing.inventory.find_uid(owner.uid)
        if seen is not None:
            drawing.link(origin, OWNED, seen.ref, path, note)
        else:
            _draw_unseen_owner(drawing, origin, owner, path)


def _draw_unseen_owner(drawing: Drawing, origin: Origin, owner: OwnerReference, path: str) -> None:
    ref = ref_in_group(group_of(owner.api_version), owner.kind, origin.ref.namespace, owner.name)
    state = drawing.state_of(ref)
    note = ""
    if state is EdgeState.PRESENT:
        # By uid this owner was not seen: what has its name now was made later.
        state, note = EdgeState.ABSENT, "another object of that name took its place"
    drawing.judge(origin, OWNED, ref, path, state=state, note=note)


def split_ordinal(name: str) -> tuple[str, int] | None:
    """Return what stands before the ordinal at the end of a name, and the ordinal; None where there is none."""
    stem, _, digits = name.rpartition("-")
    is_ordinal = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
    return (stem, int(digits)) if stem and is_ordinal else None


def _claims_by_stem(inventory: Inventory) -> dict[tuple[str | None, str], list[str]]:
    found: dict[tuple[str | None, str], list[str]] = defaultdict(list)
    for claim in inventory.all(PersistentVolumeClaim):
        split = split_ordinal(claim.metadata.name)
        if split:
            found[claim.metadata.namespace, split[0]].append(claim.metadata.name)
    return found


def _draw_claims(drawing: Drawing) -> None:
    made = _claims_by_stem(drawing.inventory)
    for thing in drawing.inventory.all(StatefulSet):
        origin, namespace, name = origin_of(thing), thing.metadata.namespace, thing.metadata.name
        for index, template in enumerate(thing.spec.volume_claim_templates or ()):
            stem = f"{template.metadata.name}-{name}"
            path = f"spec.volumeClaimTemplates[{index}].metadata.name"
            there = made.get((namespace, stem), [])
            for claim in there:
                drawing.link(origin, CLAIMED, Ref("PersistentVolumeClaim", namespace, claim), path)
            for claim in _expected(drawing.inventory, thing, stem):
                if claim not in there:
                    drawing.link(origin, CLAIMED, Ref("PersistentVolumeClaim", namespace, claim), path)


def _expected(inventory: Inventory, thing: StatefulSet, stem: str) -> list[str]:
    """Return the claims that must be there: an ordinal's is made before its pod, so only of pods that are there."""
    start = (thing.spec.ordinals.start if thing.spec.ordinals else None) or 0
    replicas = 1 if thing.spec.replicas is None else thing.spec.replicas
    name, namespace = thing.metadata.name, thing.metadata.namespace
    return [
        f"{stem}-{ordinal}"
        for ordinal in range(start, start + replicas)
        if inventory.find(Pod, namespace, f"{name}-{ordinal}") is not None
    ]
