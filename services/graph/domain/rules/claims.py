"""Claims on volumes that stay pending, and why: the class, its provisioner, or no volume that fits."""

from collections import defaultdict
from collections.abc import Iterable

from services.graph.domain.evidence.witness import seen_event
from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.storage import CSIDriver, PersistentVolumeClaim, StorageClass
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.backing import is_done
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.once import once
from services.graph.domain.rules.showing import (
    is_absent,
    is_leaving,
    is_settling,
    look,
    newest_event,
    on,
    shown,
    shown_absent,
    some_names,
)
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_OLD_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
ON_DEMAND = "WaitForFirstConsumer"


def is_default(storage: StorageClass) -> bool:
    """Answer whether claims without a class get this one."""
    return "true" in {storage.annotations.get(DEFAULT_CLASS), storage.annotations.get(_OLD_DEFAULT_CLASS)}


def class_name(claim: PersistentVolumeClaim) -> str | None:
    """Return the class a claim asks for: None for the default, empty for none at all."""
    return claim.annotations.get(_OLD_CLASS, claim.spec.storage_class_name)


def users_of(view: View, claim: PersistentVolumeClaim) -> list[Pod]:
    """Return the pods that mount the claim, by name or as their ephemeral volume."""
    return _mounting(view.inventory).get((claim.metadata.namespace, claim.metadata.name), [])


@once
def _mounting(inventory: Inventory) -> dict[tuple[str | None, str], list[Pod]]:
    found: dict[tuple[str | None, str], list[Pod]] = defaultdict(list)
    for pod in inventory.all(Pod):
        for name in _claims(pod):
            found[pod.metadata.namespace, name].append(pod)
    return dict(found)


def _claims(pod: Pod) -> set[str]:
    volumes = pod.spec.volumes or ()
    named = {one.persistent_volume_claim.claim_name for one in volumes if one.persistent_volume_claim}
    return named | {f"{pod.metadata.name}-{one.name}" for one in volumes if one.ephemeral}


def is_waiting(view: View, claim: PersistentVolumeClaim) -> bool:
    """Answer whether a claim is to be bound and is not."""
    return claim.status.phase == "Pending" and not is_leaving(view, claim)


def _events(view: View, claim: PersistentVolumeClaim, *reasons: str) -> tuple[Seen, ...]:
    event = newest_event(view, claim, *reasons)
    return (seen_event(event),) if event else ()


def users_refs(view: View, claim: PersistentVolumeClaim) -> tuple[Ref, ...]:
    """Return the pods that wait for a claim."""
    return tuple(pod.ref for pod in users_of(view, claim) if not is_done(pod))


def _class_missing(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    name = class_name(claim)
    if not name or not is_waiting(view, claim) or view.inventory.find(StorageClass, None, name):
        return
    event = newest_event(view, claim, "ProvisioningFailed")
    is_told = bool(event and "not found" in event.message and f'"{name}"' in event.message)
    is_proven = is_absent(view, StorageClass, None, name)
    if not is_told and not is_proven:
        return
    steps = [(0.05, "an Event says so too")] if is_told and is_proven else []
    if not is_proven:
        steps.append((-0.1, "classes could not be read; an Event says so"))
    seen = [shown(claim, f"asks for StorageClass {name}, and is Pending", "spec.storageClassName")]
    if is_proven:
        seen.append(shown_absent(view, StorageClass, None, name))
    known = some_names(one.metadata.name for one in view.inventory.all(StorageClass))
    text = f"Create StorageClass {name}, or make {claim.ref} anew with a class that exists ({known or 'none known'})."
    yield Hit(
        claim.ref,
        f"{claim.ref} asks for StorageClass {name}, which does not exist",
        (*seen, *([seen_event(event)] if event and is_told else [])),
        steps=tuple(steps),
        explains=users_refs(view, claim),
        remedies=(Remedy(text, ("kubectl", "get", "storageclass"), risk="low"),),
    )


def _no_default_class(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    if class_name(claim) is not None or claim.spec.volume_name or not is_waiting(view, claim):
        return
    if not view.inventory.coverage.proves_absence(StorageClass.KIND, None):
        return
    classes = view.inventory.all(StorageClass)
    if any(map(is_default, classes)):
        return
    event = _events(view, claim, "FailedBinding")
    known = some_names(one.metadata.name for one in classes)
    yield Hit(
        claim.ref,
        f"{claim.ref} names no class, and no StorageClass is the default",
        (shown(claim, "has no storageClassName, and is Pending", "spec.storageClassName"), *event),
        steps=((0.05, "an Event says so too"),) if event else (),
        explains=users_refs(view, claim),
        remedies=(Remedy(f"Make it anew with a class ({known or 'none exists'}), or mark one as the default."),),
    )


def _provisioning_failed(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    event = newest_event(view, claim, "ProvisioningFailed")
    # A missing class is a finding of its own.
    if event is None or not is_waiting(view, claim) or event.message.startswith("storageclass.storage.k8s.io"):
        return
    storage = view.inventory.find(StorageClass, None, effective_class(view, claim))
    is_unknown = "no volume plugin matched" in event.message
    yield Hit(
        claim.ref,
        f"No volume can be made for {claim.ref}: {event.message}",
        (shown(claim, "is Pending", "status.phase"), seen_event(event)),
        culprit=storage.ref if storage and is_unknown else None,
        explains=users_refs(view, claim),
        remedies=(look(claim.ref, "Act on what the provisioner says: quota, topology, credentials, parameters."),),
    )


def _provisioner_silent(view: View, claim: PersistentVolumeClaim) -> Iterable[Hit]:
    storage = view.inventory.find(StorageClass, None, effective_class(view, claim))
    if storage is None or not is_waiting(view, claim) or is_settling(view, claim) or claim.spec.volume_name:
        return
    provisioner = storage.provisioner
    event = newest_event(view, claim, "ExternalProvisioning")
    is_asked = storage.volume_binding_mode != ON_DEMAND or event is not None
    is_builtin = provisioner.startswith("kubernetes.io/")
    if is_builtin or not is_asked or newest_event(view, claim, "ProvisioningFailed", "Provisioning"):
        return
    if event is None and not view.inventory.coverage.proves_absence(Event.KIND, claim.metadata.namespace):
        # What it said may be among the Events that could not be read.
        return
    has_driver = not is_absent(view, CSIDriver, None, provisioner)
    steps = [] if has_driver else [(0.15, "no CSIDriver has its name")]
    if event:
        steps.append((0.1, "an Event says that it is waited for"))
    yield Hit(
        claim.ref,
        f"{claim.ref} waits for provisioner {provisioner}, which does nothing",
        (
            shown(claim, "is Pending, and no provisioner has reported on it", "status.phase"),
            shown(storage, f"provisioner is {provisioner}", "provisioner"),
            *([] if has_driver else [shown_absent(view, CSIDriver, None, provisioner)]),
            *([seen_event(event)] if event else []),
        ),
        culprit=claim.ref if has_driver else storage.ref,
        steps=tuple(steps),
        explains=users_refs(view, claim),
        remedies=(Remedy(f"Install or restart {provisioner}, or correct the provisioner of {storage.ref}."),),
    )


def effective_class(view: View, claim: PersistentVolumeClaim) -> str:
    """Return the class that counts for a claim; empty for none."""
    name = class_name(claim)
    if name is not None:
        return name
    return next((one.metadata.name for one in view.inventory.all(StorageClass) if is_default(one)), "")


RULES: tuple[Rule, ...] = (
    Rule(
        id="claim-class-missing",
        title="StorageClass of a claim does not exist",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(PersistentVolumeClaim,),
        condition="A pending claim names a StorageClass that is proven absent, or that an Event calls not found.",
        explanation="Nothing will ever make or bind a volume for it; pods that mount it stay Pending.",
        remediation="Create the class, or make the claim anew with one that exists.",
        base=0.92,
        check=on(PersistentVolumeClaim, _class_missing),
        conditions=(67,),
        needs=(StorageClass,),
    ),
    Rule(
        id="claim-without-class",
        title="Claim without class, and no default",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(PersistentVolumeClaim,),
        condition="A pending claim names neither class nor volume, and no StorageClass is the default.",
        explanation="The claim waits for a volume made by hand.",
        remediation="Name a class, or mark one as the default.",
        base=0.85,
        check=on(PersistentVolumeClaim, _no_default_class),
        conditions=(67,),
        needs=(StorageClass,),
    ),
    Rule(
        id="claim-provisioning-failed",
        title="Provisioner cannot make a volume",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(PersistentVolumeClaim,),
        condition="A pending claim with an Event ProvisioningFailed that is not about a missing class.",
        explanation="The provisioner was asked and failed.",
        remediation="Act on what the Event says.",
        base=0.8,
        check=on(PersistentVolumeClaim, _provisioning_failed),
        conditions=(67,),
    ),
    Rule(
        id="claim-provisioner-silent",
        title="Provisioner does nothing for a claim",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(PersistentVolumeClaim,),
        condition="A claim that should be provisioned is pending for two minutes, and its provisioner says nothing.",
        explanation="The provisioner is not installed, not running, or its name is misspelt in the class.",
        remediation="Look at the provisioner's pods and at the class.",
        base=0.6,
        check=on(PersistentVolumeClaim, _provisioner_silent),
        conditions=(67,),
        needs=(StorageClass, CSIDriver),
    ),
)
