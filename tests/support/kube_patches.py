"""How an API server merges patches into an object, in the types that clients send."""

from copy import deepcopy
from typing import Any

from tests.support.kube_world import Item

# By which member lists of objects merge; lists that are not here are replaced.
_KEYS = {
    "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name", "volumes": "name",
    "volumeMounts": "mountPath", "ports": "containerPort", "imagePullSecrets": "name", "conditions": "type",
}  # fmt: skip


class PatchFailed(Exception):
    """The patch fits the object nowhere."""


def apply_patch(item: Item, body: Any, media: str) -> Item:
    """Return the object with a patch of this content type; the object itself stays. Raises ``PatchFailed``."""
    if media == "application/json-patch+json":
        return _operate(deepcopy(item), body)
    if media == "application/merge-patch+json":
        return merge(item, body)
    if media in {"application/strategic-merge-patch+json", "application/apply-patch+yaml"}:
        return merge_strategically(item, body)
    raise PatchFailed(f"the content type {media} is none of a patch")


def merge(old: Item, new: Item) -> Item:
    """Merge as RFC 7396 has it."""
    found = deepcopy(old)
    for key, value in new.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            present = found.get(key)
            found[key] = merge(present if isinstance(present, dict) else {}, value)
        else:
            found[key] = deepcopy(value)
    return found


def merge_strategically(old: Item, new: Item) -> Item:
    """Merge as Kubernetes does for its own kinds: lists of containers and the like by name."""
    if new.get("$patch") == "replace":
        return {key: deepcopy(value) for key, value in new.items() if key != "$patch"}
    found = deepcopy(old)
    for key, value in new.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            present = found.get(key)
            found[key] = merge_strategically(present if isinstance(present, dict) else {}, value)
        elif isinstance(value, list) and key in _KEYS:
            found[key] = _merge_lists(found.get(key) or [], value, _KEYS[key])
        else:
            found[key] = deepcopy(value)
    return found


def _merge_lists(old: list[Item], new: list[Item], key: str) -> list[Item]:
    found = deepcopy(old)
    for one in new:
        at = next((at for at, present in enumerate(found) if present.get(key) == one.get(key)), None)
        if one.get("$patch") == "delete":
            found = [present for present in found if present.get(key) != one.get(key)]
        elif at is None:
            found.append(deepcopy(one))
        else:
            found[at] = merge_strategically(found[at], one)
    return found


def _operate(item: Any, operations: list[dict[str, Any]]) -> Item:
    for one in operations:
        *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in one["path"].split("/")[1:]]
        holder = _walk(item, steps)
        if one["op"] in {"move", "copy"}:
            *from_steps, from_last = one["from"].split("/")[1:]
            value = deepcopy(_walk(item, [*from_steps, from_last]))
            if one["op"] == "move":
                _remove(_walk(item, from_steps), from_last)
            _put(holder, last, value)
        elif one["op"] == "remove":
            _remove(holder, last)
        elif one["op"] == "test":
            if _walk(holder, [last]) != one["value"]:
                raise PatchFailed(f"testing value {one['path']} failed")
        else:
            if one["op"] == "replace":
                _walk(holder, [last])
            _put(holder, last, deepcopy(one["value"]), is_new=one["op"] == "add")
    found: Item = item
    return found


def _walk(value: Any, steps: list[str]) -> Any:
    for step in steps:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise PatchFailed(f"there is no {step}") from None
    return value


def _put(holder: Any, step: str, value: Any, *, is_new: bool = True) -> None:
    if isinstance(holder, list):
        at = len(holder) if step == "-" else int(step)
        if is_new:
            holder.insert(at, value)
        else:
            holder[at] = value
    else:
        holder[step] = value


def _remove(holder: Any, step: str) -> None:
    try:
        if isinstance(holder, list):
            del holder[int(step)]
        else:
            del holder[step]
    except (KeyError, IndexError):
        raise PatchFailed(f"there is no {step}") from None
