"""Claims that only a volume made by hand can meet: none fits, the named one is absent, or belongs to another."""

import re
from collections.abc import Iterable

from services.graph.domain.evidence.quantities import parse_quantity
from services.graph.domain.evidence.witness import seen_condition, seen_event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref, find_condition, selects
from services.graph.domain.k8s.storage import PersistentVolume, PersistentVolumeClaim, StorageClass
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.claims import ON_DEMAND, class_name, effective_class, is_waiting, users_refs
from services.graph.domain.rules.showing import (
    is_absent,
    is_leaving,
    is_settling,
    look,
    newest_event,
    on,
    shown,
    shown_absent,
)
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

# Words of the scheduler, of 1.36 and of before (plugins/volumebinding).
_PLACE = re.compile(r"volume node affinity conflict|PersistentVolume's node affinity")
_NO_PROVISIONER = "kubernetes.io/no-provisioner"


def _no_volume_fits(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    if not is_waiting(view, claim) or not view.inventory.coverage.proves_absence(PersistentVolume.KIND, None):
        return
    name = class_name(claim)
    storage = view.inventory.find(StorageClass, None, effective_class(view, claim))
    is_static = name == "" or (storage is not None and storage.provisioner == _NO_PROVISIONER)
    is_idle = storage is not None and storage.volume_binding_mode == ON_DEMAND and not users_refs(view, claim)
    if not is_static or is_idle or claim.spec.volume_name:
        return
    volumes = view.inventory.all(PersistentVolume)
    wanted = name or (storage.metadata.name if storage else "")
    reasons = {one.metadata.name: _why_not(claim, wanted, one) for one in volumes}
    # One fits: then binding is a matter of moments, or of where the pod may run.
    if any(reason is None for reason in reasons.values()):
        return
    nearest = sorted(reasons.items(), key=lambda pair: len(pair[1] or ()))[:3]
    seen = [Seen("object", Ref("PersistentVolume", None, one), "; ".join(why or ()), "spec") for one, why in nearest]
    event = newest_event(view, claim, "FailedBinding")
    yield Hit(
        claim.ref,
        f"No PersistentVolume fits {claim.ref}, and its class makes none",
        (
            shown(claim, f"asks for {_asked(claim)}, and is Pending", "spec"),
            *seen,
            *([seen_event(event)] if event else []),
        ),
        steps=((0.05, "an Event says so too"),) if event else (),
        explains=users_refs(view, claim),
        remedies=(Remedy(f"Create a PersistentVolume with {_asked(claim)}, or use a class that provisions."),),
    )


def _asked(claim: PersistentVolumeClaim) -> str:
    size = (claim.spec.resources.requests or {}).get("storage") if claim.spec.resources else None
    return f"{size or 'any size'}, {', '.join(claim.spec.access_modes or ()) or 'any mode'}"


def _why_not(claim: PersistentVolumeClaim, wanted_class: str, volume: PersistentVolume) -> list[str] | None:
    """Return why a volume cannot be bound to a claim; None where it can."""
    spec, owner, why = volume.spec, volume.spec.claim_ref, []
    if owner and (owner.namespace, owner.name) != (claim.metadata.namespace, claim.metadata.name):
        why.append(f"belongs to claim {owner.namespace}/{owner.name}")
    elif volume.status.phase not in {"Available", None, "Bound"}:
        why.append(f"is {volume.status.phase}")
    if (spec.storage_class_name or "") != wanted_class:
        why.append(f"is of class {spec.storage_class_name or '(none)'}")
    lacking = set(claim.spec.access_modes or ()) - set(spec.access_modes or ())
    if lacking:
        why.append(f"does not allow {', '.join(sorted(lacking))}")
    asked = parse_quantity((claim.spec.resources.requests or {}).get("storage")) if claim.spec.resources else None
    size = parse_quantity((spec.capacity or {}).get("storage"))
    if asked is not None and size is not None and size < asked:
        why.append(f"has {(spec.capacity or {}).get('storage')}, which is too small")
    if (spec.volume_mode or "Filesystem") != (claim.spec.volume_mode or "Filesystem"):
        why.append(f"is in mode {spec.volume_mode}")
    if claim.spec.selector and not selects(claim.spec.selector, volume.labels):
        why.append("is not selected by the claim's selector")
    return why or None


def _volume_missing(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    name = claim.spec.volume_name
    if not name or claim.status.phase != "Pending" or is_leaving(view, claim) or is_settling(view, claim):
        return
    where = shown(claim, f"is for volume {name}, and is Pending", "spec.volumeName")
    volume = view.inventory.find(PersistentVolume, None, name)
    owner = volume.spec.claim_ref if volume else None
    if is_absent(view, PersistentVolume, None, name):
        summary = f"{claim.ref} is for PersistentVolume {name}, which does not exist"
        proof = shown_absent(view, PersistentVolume, None, name)
    elif volume and owner and (owner.namespace, owner.name) != (claim.metadata.namespace, claim.metadata.name):
        summary = f"{claim.ref} is for {volume.ref}, which belongs to claim {owner.namespace}/{owner.name}"
        proof = shown(volume, f"belongs to {owner.namespace}/{owner.name}", "spec.claimRef")
    else:
        return
    remedy = Remedy(f"Correct spec.volumeName of {claim.ref}, by making it anew, or free {name}.")
    yield Hit(claim.ref, summary, (where, proof), explains=users_refs(view, claim), remedies=(remedy,))


def _wrong_place(view: View, pod: Pod) -> Iterable[Hit]:
    condition = find_condition(pod.status.conditions, "PodScheduled")
    if pod.status.phase != "Pending" or condition is None or not _PLACE.search(condition.message or ""):
        return
    mounted = [one.persistent_volume_claim.claim_name for one in pod.spec.volumes or () if one.persistent_volume_claim]
    found = [view.inventory.find(PersistentVolumeClaim, pod.metadata.namespace, name) for name in mounted]
    bound = [one for one in found if one and one.spec.volume_name]
    # With several, or none that could be read, it is not known which of them it is.
    culprit = bound[0].ref if len(bound) == 1 else None
    yield Hit(
        pod.ref,
        f"{pod.ref} may run only where its volume is, and no such node takes it",
        (
            seen_condition(pod, condition),
            *(shown(one, f"is bound to {one.spec.volume_name}", "spec.volumeName") for one in bound[:3]),
        ),
        culprit=culprit,
        steps=() if all(found) else ((-0.1, "its claims could not all be read"),),
        explains=(pod.ref,),
        remedies=(look(culprit or pod.ref, "Compare the volume's node affinity with the nodes that are ready."),),
    )


RULES: tuple[Rule, ...] = (
    Rule(
        id="claim-no-volume-fits",
        title="No volume fits a claim",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(PersistentVolumeClaim,),
        condition="A pending claim whose class makes no volumes, where every PersistentVolume is proven unfit.",
        explanation="Class, size, access modes, mode or selector of the claim match no free volume.",
        remediation="Create a fitting volume, or use a class that provisions.",
        base=0.85,
        check=on(PersistentVolumeClaim, _no_volume_fits),
        conditions=(67,),
        needs=(PersistentVolume, StorageClass),
    ),
    Rule(
        id="claim-volume-missing",
        title="Volume a claim names is not to be had",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(PersistentVolumeClaim,),
        condition="A pending claim names a PersistentVolume that is proven absent, or belongs to another claim.",
        explanation="The claim can be bound to that volume only.",
        remediation="Make the claim anew with another volume, or free the one it names.",
        base=0.9,
        check=on(PersistentVolumeClaim, _volume_missing),
        conditions=(67,),
        needs=(PersistentVolume,),
    ),
    Rule(
        id="pod-volume-elsewhere",
        title="Pod's volume is where it cannot run",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="A pending pod whose scheduler names the node affinity of a volume.",
        explanation="The volume belongs to a zone or node that is full, gone or excluded by the pod.",
        remediation="Make room where the volume is, or move its data.",
        base=0.75,
        check=on(Pod, _wrong_place),
        conditions=(2, 67),
    ),
)
