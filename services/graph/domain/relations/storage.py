"""Storage: claim → volume → class → driver, the default class included, and volumes attached to nodes."""

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.storage import PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeAttachment
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.relations.drawing import Drawing, Link, Origin, origin_of
from services.graph.domain.topology.graph import EdgeState, Relation
from services.graph.domain.topology.layers import Layer

BOUND = Link(Relation.BOUND_TO, Layer.INFRA, "The claim names the volume, and the volume names the claim's uid.")
RESERVED = Link(Relation.BOUND_TO, Layer.INFRA, "The volume's spec.claimRef names this claim.", 0.9)
CLASS = Link(Relation.USES_CLASS, Layer.INFRA, "spec.storageClassName names this class.")
DEFAULT_CLASS = Link(
    Relation.USES_CLASS, Layer.INFRA, "The claim names no class, and this is the cluster's default class.", 0.9
)
DRIVER = Link(Relation.SERVED_BY, Layer.INFRA, "The volume or its class is served by this driver.")
ATTACHES = Link(Relation.ATTACHES, Layer.INFRA, "spec.source.persistentVolumeName names this volume.")
TO_NODE = Link(Relation.ATTACHED_TO, Layer.INFRA, "spec.nodeName names the node the volume is attached to.")
_DEFAULT_CLASS_KEYS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_CLASS_OF_OLD = "volume.beta.kubernetes.io/storage-class"


def draw_storage(drawing: Drawing) -> None:
    """Draw claims, volumes, classes, drivers and attachments."""
    default = find_default_class(drawing.inventory)
    for claim in drawing.inventory.all(PersistentVolumeClaim):
        _draw_claim(drawing, claim, default)
    for volume in drawing.inventory.all(PersistentVolume):
        _draw_volume(drawing, volume)
    for one in drawing.inventory.all(StorageClass):
        # In-tree and external provisioners have no object: only a driver that is registered is one.
        ref = Ref("CSIDriver", None, one.provisioner)
        if drawing.has(ref):
            drawing.link(origin_of(one), DRIVER, ref, "provisioner")
    for attachment in drawing.inventory.all(VolumeAttachment):
        _draw_attachment(drawing, attachment)


def find_default_class(inventory: Inventory) -> StorageClass | None:
    """Return the class of claims that name none: the newest of those marked so, then by name (1.26 and later)."""
    marked = [
        one
        for one in inventory.all(StorageClass)
        if any(one.annotations.get(key) == "true" for key in _DEFAULT_CLASS_KEYS)
    ]
    return min(marked, key=_newest_first) if marked else None


def _newest_first(one: StorageClass) -> tuple[float, str]:
    made = one.metadata.creation_timestamp
    return (-made.timestamp() if made else 0.0, one.metadata.name)


def class_of(claim: PersistentVolumeClaim) -> str | None:
    """Return the class a claim names; None: none, so the default counts; empty: it wants no class at all."""
    old = claim.annotations.get(_CLASS_OF_OLD)
    return claim.spec.storage_class_name if old is None else old


def _draw_claim(drawing: Drawing, claim: PersistentVolumeClaim, default: StorageClass | None) -> None:
    origin, name, volume_name = origin_of(claim), class_of(claim), claim.spec.volume_name
    if name:
        ref = Ref("StorageClass", None, name)
        note = "bound already: the class is a word to match by" if volume_name else ""
        drawing.link(origin, CLASS, ref, "spec.storageClassName", note)
    elif name is None and default is not None and not volume_name:
        drawing.link(origin, DEFAULT_CLASS, default.ref, "spec.storageClassName")
    if volume_name:
        _draw_binding(drawing, origin, Ref("PersistentVolume", None, volume_name))


def _draw_binding(drawing: Drawing, origin: Origin, ref: Ref) -> None:
    volume, path = drawing.inventory.find(PersistentVolume, None, ref.name), "spec.volumeName"
    claim_ref = volume.spec.claim_ref if volume else None
    if volume is None:
        drawing.link(origin, BOUND, ref, path)
    elif claim_ref is None:
        drawing.judge(
            origin, BOUND, ref, path, state=EdgeState.UNKNOWN, note="the volume does not name the claim", confidence=0.5
        )
    elif (claim_ref.namespace, claim_ref.name) != (origin.ref.namespace, origin.ref.name):
        drawing.judge(origin, BOUND, ref, path, state=EdgeState.ABSENT, note="the volume belongs to another claim")
    elif claim_ref.uid and origin.uid and claim_ref.uid != origin.uid:
        note = "the volume belongs to an earlier claim of that name"
        drawing.judge(origin, BOUND, ref, path, state=EdgeState.ABSENT, note=note)
    else:
        drawing.link(origin, BOUND, ref, path, "" if claim_ref.uid else "reserved, not bound yet")


def _draw_volume(drawing: Drawing, volume: PersistentVolume) -> None:
    origin, spec = origin_of(volume), volume.spec
    if spec.storage_class_name:
        drawing.link(origin, CLASS, Ref("StorageClass", None, spec.storage_class_name), "spec.storageClassName")
    if spec.csi is not None and drawing.has(Ref("CSIDriver", None, spec.csi.driver)):
        drawing.link(origin, DRIVER, Ref("CSIDriver", None, spec.csi.driver), "spec.csi.driver")
    claim_ref = spec.claim_ref
    if claim_ref is None or not claim_ref.name:
        return
    claim = drawing.inventory.find(PersistentVolumeClaim, claim_ref.namespace, claim_ref.name)
    if claim is not None and claim.spec.volume_name == volume.metadata.name:
        return  # Drawn from the claim's side.
    source = Ref("PersistentVolumeClaim", claim_ref.namespace, claim_ref.name)
    state, note = drawing.state_of(source), "the claim could not be seen, or is gone"
    if claim is not None:
        is_same = not claim_ref.uid or claim_ref.uid == claim.metadata.uid
        state = EdgeState.UNKNOWN if is_same and not claim.spec.volume_name else EdgeState.ABSENT
        note = "reserved for the claim, not bound yet" if state is EdgeState.UNKNOWN else "the claim has another volume"
    drawing.judge(origin, RESERVED, origin.ref, "spec.claimRef.uid", state=state, note=note, source=source)


def _draw_attachment(drawing: Drawing, attachment: VolumeAttachment) -> None:
    origin, spec = origin_of(attachment), attachment.spec
    error = attachment.status.attach_error
    note = "" if attachment.status.attached else "not attached"
    if error is not None and error.message:
        note = "attaching failed"
    if spec.source.persistent_volume_name:
        ref = Ref("PersistentVolume", None, spec.source.persistent_volume_name)
        drawing.link(origin, ATTACHES, ref, "spec.source.persistentVolumeName", note)
    if spec.node_name:
        drawing.link(origin, TO_NODE, Ref("Node", None, spec.node_name), "spec.nodeName", note)
