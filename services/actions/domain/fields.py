"""What a change hangs on: the fields it reads or writes, without servers' noise, and one digest of them."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from services.actions.domain.objects import KubeObject, Path, pick, write_path
from shared.contracts.action import KubernetesPayload

# Servers and controllers write these by themselves; nobody proposes or approves them.
_META_NOISE = frozenset(
    {"managedFields", "resourceVersion", "generation", "creationTimestamp", "selfLink", "uid", "deletionTimestamp",
     "deletionGracePeriodSeconds"}
)  # fmt: skip
_ANNOTATION_NOISE = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision",
     "deprecated.daemonset.template.generation", "control-plane.alpha.kubernetes.io/leader"}
)  # fmt: skip


def strip_noise(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without its status and without what servers write into its metadata."""
    kept = {key: value for key, value in raw.items() if key != "status"}
    meta = kept.get("metadata")
    if isinstance(meta, Mapping):
        meta = {key: value for key, value in meta.items() if key not in _META_NOISE}
        notes = meta.get("annotations")
        if isinstance(notes, Mapping):
            meta["annotations"] = {key: value for key, value in notes.items() if key not in _ANNOTATION_NOISE}
            if not meta["annotations"]:
                del meta["annotations"]
        kept["metadata"] = meta
    return kept


def extract(seen: KubeObject, paths: Iterable[Path]) -> dict[str, Any]:
    """Return what stands at each path, by the path as text; None where nothing does. Noise is left out."""
    clean = strip_noise(seen.raw)
    return {write_path(path): pick(clean, path) for path in paths}


def digest_of(value: Any) -> str:
    """Return the SHA-256, in hex, of a value's canonical JSON: keys sorted, no spaces."""
    return sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def target_digest(payload: KubernetesPayload, uid: str, fields: Mapping[str, Any]) -> str:
    """Return what stands for a change: what is asked, which object it meets, and the fields it reads or writes."""
    return digest_of({"payload": payload, "uid": uid, "fields": dict(fields)})
