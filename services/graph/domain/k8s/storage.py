"""Volumes, the claims on them, and their classes."""

from typing import ClassVar

from services.graph.domain.k8s.pods import ClaimSpec
from services.graph.domain.k8s.shape import Condition, KubeObject, ManagedMeta, Quantity, Shape


class ClaimStatus(Shape, frozen=True, kw_only=True, gc=False):
    phase: str | None = None
    capacity: dict[str, Quantity] | None = None
    conditions: list[Condition] | None = None


class PersistentVolumeClaim(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "PersistentVolumeClaim"

    metadata: ManagedMeta = ManagedMeta()
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


class ClaimRef(Shape, frozen=True, kw_only=True, gc=False):
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class CsiSource(Shape, frozen=True, kw_only=True, gc=False):
    driver: str = ""
    volume_handle: str | None = None


class PersistentVolumeSpec(Shape, frozen=True, kw_only=True, gc=False):
    storage_class_name: str | None = None
    claim_ref: ClaimRef | None = None
    capacity: dict[str, Quantity] | None = None
    access_modes: list[str] | None = None
    volume_mode: str | None = None
    persistent_volume_reclaim_policy: str | None = None
    csi: CsiSource | None = None


class PersistentVolumeStatus(Shape, frozen=True, kw_only=True, gc=False):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None


class PersistentVolume(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "PersistentVolume"

    spec: PersistentVolumeSpec = PersistentVolumeSpec()
    status: PersistentVolumeStatus = PersistentVolumeStatus()


class StorageClass(KubeObject, frozen=True, kw_only=True, gc=False):
    """The default one carries the annotation ``storageclass.kubernetes.io/is-default-class: "true"``."""

    KIND: ClassVar[str] = "StorageClass"
    GROUP: ClassVar[str] = "storage.k8s.io"

    provisioner: str = ""
    reclaim_policy: str | None = None
    volume_binding_mode: str | None = None


class AttachmentSource(Shape, frozen=True, kw_only=True, gc=False):
    persistent_volume_name: str | None = None


class VolumeAttachmentSpec(Shape, frozen=True, kw_only=True, gc=False):
    attacher: str = ""
    node_name: str = ""
    source: AttachmentSource = AttachmentSource()


class VolumeError(Shape, frozen=True, kw_only=True, gc=False):
    message: str | None = None


class VolumeAttachmentStatus(Shape, frozen=True, kw_only=True, gc=False):
    attached: bool | None = None
    attach_error: VolumeError | None = None
    detach_error: VolumeError | None = None


class VolumeAttachment(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "VolumeAttachment"
    GROUP: ClassVar[str] = "storage.k8s.io"

    spec: VolumeAttachmentSpec = VolumeAttachmentSpec()
    status: VolumeAttachmentStatus = VolumeAttachmentStatus()


class CSIDriver(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "CSIDriver"
    GROUP: ClassVar[str] = "storage.k8s.io"
