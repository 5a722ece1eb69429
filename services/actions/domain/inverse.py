"""The merge patch that turns an object back into what it was."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.actions.domain.fields import strip_noise
from services.actions.domain.masking import Mask
from services.actions.domain.objects import KubeObject
from shared.contracts.action import KubernetesPayload, KubernetesVerb

# As much as a proposal may hold.
_MOST_BYTES = 16 << 10


def undo_by_patch(
    payload: KubernetesPayload, before: KubeObject, after: KubeObject
) -> tuple[KubernetesPayload | None, str]:
    """Return the patch that undoes what lies between two states, and words for people."""
    old, new = strip_noise(before.raw), strip_noise(after.raw)
    body = merge_back(new, old)
    if not body:
        return None, "nothing to undo: nothing changed"
    mask = Mask()
    if mask.apply(body) != body:
        return None, "patch back by hand: what stood there is secret, and is not kept here"
    if len(msgspec.json.encode(body)) > _MOST_BYTES:
        return None, "patch back by hand: the diff shows what stood there, and it is too long for a proposal"
    parameters = {"patch": body, "patchType": "merge"}
    undo = msgspec.structs.replace(payload, verb=KubernetesVerb.PATCH, parameters=parameters)
    return undo, "patch the fields back to what they were"


def merge_back(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch (RFC 7396) that makes ``old`` of ``new``; lists as a whole."""
    found: dict[str, Any] = {key: None for key in new if key not in old}
    for key, value in old.items():
        present = new.get(key)
        if isinstance(value, Mapping) and isinstance(present, Mapping):
            if inner := merge_back(present, value):
                found[key] = inner
        elif key not in new or present != value:
            found[key] = value
    return found
