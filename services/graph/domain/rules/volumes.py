"""Volumes that are lost, failed, not attached, not resized or left over, and several default classes."""

from collections.abc import Iterable
from datetime import timedelta

from services.graph.domain.evidence.witness import seen_condition, seen_event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.storage import PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeAttachment
from services.graph.domain.rules.backing import is_done
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.claims import is_default, users_of
from services.graph.domain.rules.showing import is_absent, is_current, look, newest_event, on, shown, some_names
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_STUCK = timedelta(minutes=5)
_ATTACH = "FailedAttachVolume"


def _lost(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    if claim.status.phase != "Lost":
        return
    name = claim.spec.volume_name or ""
    event = newest_event(view, claim, "ClaimLost", "ClaimMisbound")
    gone = " (it does not exist)" if name and is_absent(view, PersistentVolume, None, name) else ""
    yield Hit(
        claim.ref,
        f"{claim.ref} has lost its volume {name}{gone}",
        (shown(claim, "phase is Lost", "status.phase"), *([seen_event(event)] if event else [])),
        explains=tuple(pod.ref for pod in users_of(view, claim)),
        remedies=(
            Remedy(f"Restore PersistentVolume {name} or its data; the claim cannot be bound again.", risk="high"),
        ),
    )


def _failed(_view: View, volume: PersistentVolume) -> Iterable[Hit]:
    if volume.status.phase == "Failed":
        why = volume.status.message or volume.status.reason or "no reason given"
        seen = (shown(volume, f"phase is Failed: {why}", "status.phase"),)
        yield Hit(volume.ref, f"{volume.ref} failed: {why}", seen, remedies=(look(volume.ref),))


def _released(_view: View, volume: PersistentVolume) -> Iterable[Hit]:
    if volume.status.phase == "Released":
        owner = volume.spec.claim_ref
        text = f"its claim {owner.namespace}/{owner.name} is gone" if owner else "its claim is gone"
        seen = (shown(volume, f"phase is Released: {text}", "status.phase"),)
        remedy = Remedy(f"Take what is needed from {volume.ref}; delete it, or remove spec.claimRef to reuse it.")
        yield Hit(volume.ref, f"{volume.ref} is kept, unused: {text}", seen, remedies=(remedy,))


def _several_defaults(view: View, storage: StorageClass) -> Iterable[Hit]:
    names = sorted(one.metadata.name for one in view.inventory.all(StorageClass) if is_default(one))
    # Said once, of the first.
    if len(names) > 1 and names[0] == storage.metadata.name:
        seen = (shown(storage, f"default classes: {some_names(names)}", "metadata.annotations"),)
        yield Hit(storage.ref, f"Several StorageClasses are the default: {some_names(names)}; the newest wins", seen)


def _attachment_failed(view: View, attachment: VolumeAttachment) -> Iterable[Hit]:
    status, spec = attachment.status, attachment.spec
    found = [
        ("attachError", status.attach_error if not status.attached else None),
        ("detachError", status.detach_error),
    ]
    for field, error in found:
        if error and error.message:
            name = spec.source.persistent_volume_name
            volume = view.inventory.find(PersistentVolume, None, name) if name else None
            what = f"Volume {name or '(inline)'} cannot be {field.removesuffix('Error')}ed at node {spec.node_name}"
            yield Hit(
                attachment.ref,
                f"{what}: {error.message}",
                (shown(attachment, error.message, f"status.{field}.message"),),
                culprit=volume.ref if volume else None,
                explains=_claim_of(volume),
                remedies=(
                    look(attachment.ref, f"Look at {spec.attacher}, at the node, and where else it is attached."),
                ),
            )


def _claim_of(volume: PersistentVolume | None) -> tuple[Ref, ...]:
    owner = volume.spec.claim_ref if volume else None
    return (Ref("PersistentVolumeClaim", owner.namespace, owner.name),) if owner and owner.name else ()


def _attach_events(view: View, pod: Pod) -> Iterable[Hit]:
    event = newest_event(view, pod, _ATTACH)
    # An Event outlives its cause: a pod that started has its volumes.
    if event is None or pod.status.phase != "Pending" or newest_event(view, pod, "SuccessfulAttachVolume", "Started"):
        return
    claims = [one.persistent_volume_claim.claim_name for one in pod.spec.volumes or () if one.persistent_volume_claim]
    claim = next((name for name in claims if _names(view, pod, name, event.message)), claims[0] if claims else "")
    culprit = Ref("PersistentVolumeClaim", pod.metadata.namespace, claim) if claim else None
    is_multi = "Multi-Attach" in event.message
    others = [one for one in _users(view, culprit) if one.ref != pod.ref and one.spec.node_name != pod.spec.node_name]
    seen = [seen_event(event)]
    seen += [shown(one, f"uses the claim too, on node {one.spec.node_name}", "spec.nodeName") for one in others[:3]]
    fix = "Let one pod use it at a time (strategy Recreate), or use ReadWriteMany." if is_multi else ""
    yield Hit(
        pod.ref,
        f"A volume of {pod.ref} cannot be attached: {event.message}",
        tuple(seen),
        culprit=culprit,
        steps=((0.1, "another pod on another node uses the claim"),) if others and is_multi else (),
        explains=(pod.ref,),
        remedies=(look(culprit or pod.ref, fix or "See what the attacher says, and whether the old node is gone."),),
    )


def _names(view: View, pod: Pod, claim: str, message: str) -> bool:
    found = view.inventory.find(PersistentVolumeClaim, pod.metadata.namespace, claim)
    return bool(found and found.spec.volume_name and found.spec.volume_name in message)


def _users(view: View, claim: Ref | None) -> list[Pod]:
    found = view.inventory.find(PersistentVolumeClaim, claim.namespace, claim.name) if claim else None
    return [pod for pod in users_of(view, found) if not is_done(pod)] if found else []


def _resize_failed(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    event = newest_event(view, claim, "VolumeResizeFailed", "FileSystemResizeFailed", "ExternalExpanding")
    kinds = {"ControllerResizeError", "NodeResizeError", "ModifyVolumeError"}
    bad = [one for one in claim.status.conditions or () if one.type in kinds and one.status == "True"]
    bad = [one for one in bad if is_current(claim, one)]
    is_failed = event is not None and event.is_warning and claim.status.phase == "Bound" and not _has_grown(claim)
    if bad or is_failed:
        text = (bad[0].message if bad else event.message if event else "") or "no reason given"
        seen = [*(seen_condition(claim, one) for one in bad), *([seen_event(event)] if event else [])]
        yield Hit(claim.ref, f"{claim.ref} cannot be resized: {text}", tuple(seen), remedies=(look(claim.ref),))


def _has_grown(claim: PersistentVolumeClaim) -> bool:
    asked = (claim.spec.resources.requests or {}).get("storage") if claim.spec.resources else None
    return asked is not None and asked == (claim.status.capacity or {}).get("storage")


def _stuck_leaving(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    asked = claim.metadata.deletion_timestamp
    if asked is None or view.now - asked <= _STUCK:
        return
    users = [pod for pod in users_of(view, claim) if not is_done(pod)]
    if users:
        names = some_names(pod.metadata.name for pod in users)
        seen = (
            shown(
                claim, f"is to be deleted; held by {', '.join(claim.metadata.finalizers or ())}", "metadata.finalizers"
            ),
            *(shown(pod, "mounts it", "spec.volumes") for pod in users[:3]),
        )
        remedy = Remedy(f"Delete {names} if the data may go; the claim follows.", risk="high")
        yield Hit(claim.ref, f"{claim.ref} is deleted but still used by {names}", seen, remedies=(remedy,))


RULES: tuple[Rule, ...] = (
    Rule(
        id="claim-lost",
        title="Claim has lost its volume",
        layer=Layer.INFRA,
        severity=Severity.CRITICAL,
        kinds=(PersistentVolumeClaim,),
        condition="status.phase of the claim is Lost.",
        explanation="The volume it was bound to is gone; the data may be too.",
        remediation="Restore the volume.",
        base=0.95,
        check=on(PersistentVolumeClaim, _lost),
        conditions=(68,),
    ),
    Rule(
        id="volume-failed",
        title="Volume failed",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(PersistentVolume,),
        condition="status.phase of the PersistentVolume is Failed.",
        explanation="It could not be reclaimed.",
        remediation="Act on its message.",
        base=0.9,
        check=on(PersistentVolume, _failed),
        conditions=(68,),
    ),
    Rule(
        id="volume-released",
        title="Volume is kept without a claim",
        layer=Layer.INFRA,
        severity=Severity.INFO,
        kinds=(PersistentVolume,),
        condition="status.phase of the PersistentVolume is Released.",
        explanation="It keeps the data of a deleted claim, and costs what it costs.",
        remediation="Delete it, or free it for reuse.",
        base=0.5,
        check=on(PersistentVolume, _released),
        conditions=(69,),
        is_advice=True,
    ),
    Rule(
        id="storage-class-defaults",
        title="Several default StorageClasses",
        layer=Layer.INFRA,
        severity=Severity.LOW,
        kinds=(StorageClass,),
        condition="More than one StorageClass carries the annotation of the default.",
        explanation="Since 1.26 the newest is taken; before, claims without class were refused.",
        remediation="Keep one.",
        base=0.6,
        check=on(StorageClass, _several_defaults),
        conditions=(70,),
        is_advice=True,
    ),
    Rule(
        id="volume-attachment-failed",
        title="Volume cannot be attached or detached",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(VolumeAttachment,),
        condition="A VolumeAttachment has an attachError while not attached, or a detachError.",
        explanation="Pods that mount the volume on that node wait.",
        remediation="Act on the error.",
        base=0.9,
        check=on(VolumeAttachment, _attachment_failed),
        conditions=(68,),
    ),
    Rule(
        id="pod-volume-not-attached",
        title="Pod waits for a volume to be attached",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="A pending pod with an Event FailedAttachVolume, and none of success.",
        explanation="A ReadWriteOnce volume is used on another node, or its attacher fails.",
        remediation="Free the volume where it is used, or repair the attacher.",
        base=0.8,
        check=on(Pod, _attach_events),
        conditions=(67, 68),
    ),
    Rule(
        id="claim-resize-failed",
        title="Claim cannot be resized",
        layer=Layer.INFRA,
        severity=Severity.MEDIUM,
        kinds=(PersistentVolumeClaim,),
        condition="A condition or a warning Event of the claim says that resizing failed, and it has not grown.",
        explanation="The volume keeps its size.",
        remediation="Act on the message.",
        base=0.8,
        check=on(PersistentVolumeClaim, _resize_failed),
        conditions=(67,),
    ),
    Rule(
        id="claim-stuck-terminating",
        title="Deleted claim is still used",
        layer=Layer.INFRA,
        severity=Severity.LOW,
        kinds=(PersistentVolumeClaim,),
        condition="A claim has been terminating for five minutes, and pods that run mount it.",
        explanation="It is kept until no pod uses it.",
        remediation="Delete the pods, or find who deleted the claim.",
        base=0.7,
        check=on(PersistentVolumeClaim, _stuck_leaving),
        conditions=(69,),
    ),
)
