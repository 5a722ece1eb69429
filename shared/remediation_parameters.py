"""Decide whether a change of a cluster can be meant: its kind, its place, its parameters."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.contracts.action import KubernetesPayload, KubernetesVerb

MOST_REPLICAS = 10_000
MOST_GRACE_SECONDS = 24 * 3_600
MOST_DRAIN_SECONDS = 3_600
_MOST_REVISION = 1 << 53
_MOST_IMAGES = 20
_PARAMETERS = "payload.parameters"
_V = KubernetesVerb
_ROLLED = frozenset({"deployment", "statefulset", "daemonset"})
_POD, _NODE, _CRON_JOB = frozenset({"pod"}), frozenset({"node"}), frozenset({"cronjob"})
# Verbs that are not here take any kind.
KINDS_OF: Mapping[KubernetesVerb, frozenset[str]] = {
    _V.SCALE: frozenset({"deployment", "statefulset", "replicaset", "replicationcontroller"}),
    _V.RESTART: _ROLLED,
    _V.ROLLBACK: _ROLLED,
    _V.PAUSE: frozenset({"deployment"}),
    _V.RESUME: frozenset({"deployment"}),
    _V.DELETE_POD: _POD,
    _V.EVICT: _POD,
    _V.CORDON: _NODE,
    _V.UNCORDON: _NODE,
    _V.DRAIN: _NODE,
    _V.SUSPEND: _CRON_JOB,
    _V.UNSUSPEND: _CRON_JOB,
    _V.SET_IMAGE: _ROLLED | _CRON_JOB,
    _V.SET_RESOURCES: _ROLLED | _CRON_JOB,
}
_NAMES = {
    "deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet", "replicaset": "ReplicaSet",
    "replicationcontroller": "ReplicationController", "pod": "Pod", "node": "Node", "cronjob": "CronJob",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_CONTAINER = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_IMAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/:@-]{0,510}[A-Za-z0-9])?")
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY = re.compile(r"[0-9]{1,18}(?:\.[0-9]{0,9})?(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
# What identifies an object, and what servers write: no patch is about it.
_IDENTITY = frozenset({"apiVersion", "kind", "status"})
_META_IDENTITY = frozenset(
    {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
     "managedFields", "selfLink"}
)  # fmt: skip
_OPERATIONS = frozenset({"add", "remove", "replace", "move", "copy", "test"})
_PATCH_TYPES = ("strategic", "merge", "json")

Problems = Iterator[tuple[str, str]]
_Rule = Callable[[object], str | None]


def kind_word(kind: str) -> str:
    """Return a kind as one word, however it is written: kubectl takes `Secret`, `secrets` and `secrets.v1.` alike."""
    return kind.partition(".")[0].lower().removesuffix("s")


def parameter_names(verb: KubernetesVerb) -> tuple[str, ...]:
    """Return what a change may say of itself beside its object, in the order it is asked for."""
    return tuple(_RULES[verb])


def required_parameters(verb: KubernetesVerb) -> frozenset[str]:
    """Return the parameters a change cannot do without."""
    return _REQUIRED.get(verb, frozenset())


def kinds_of(verb: KubernetesVerb) -> tuple[str, ...]:
    """Return the kinds of objects a change is of, as their API writes them; empty: it takes any kind."""
    return tuple(sorted(_NAMES[kind] for kind in KINDS_OF.get(verb, frozenset())))


def freeze_parameters(payload: KubernetesPayload, now: datetime) -> KubernetesPayload:
    """Return the change with everything written into it that would else be made up when it is done.

    So what is executed is what was previewed, whenever that is. Doing it again changes nothing.
    """
    if payload.verb is not _V.RESTART or payload.parameters.get("restartedAt") is not None:
        return payload
    text = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    return msgspec.structs.replace(payload, parameters={**payload.parameters, "restartedAt": text})


def check_change(payload: KubernetesPayload) -> Problems:
    """Yield every problem of a proposed change, by its place. No value is repeated in it."""
    yield from _check_place(payload)
    yield from _check_parameters(payload)


def check_frozen(payload: KubernetesPayload) -> Problems:
    """Yield every problem of a change that is to be previewed or executed; all of it must be written into it."""
    yield from check_change(payload)
    if payload.verb is _V.RESTART and "restartedAt" not in payload.parameters:
        yield f"{_PARAMETERS}.restartedAt", "required: it is set when the change is proposed"


def _check_place(change: KubernetesPayload) -> Problems:
    # What is read as a path must not lead anywhere else.
    if not _NAME.fullmatch(change.name):
        yield "payload.name", "must be the name of an object"
    if change.namespace is not None and not _NAMESPACE.fullmatch(change.namespace):
        yield "payload.namespace", "must be the name of a namespace"
    kinds = KINDS_OF.get(change.verb)
    if kinds is not None and kind_word(change.kind) not in kinds:
        names = " or ".join(_NAMES[kind] for kind in sorted(kinds))
        yield "payload.kind", f"must be {names} to {change.verb} it"
    if kinds == _NODE:
        if change.namespace is not None:
            yield "payload.namespace", "a node has none"
    elif kinds is not None and change.namespace is None:
        yield "payload.namespace", f"required to {change.verb}: nothing takes a default namespace"


def _check_parameters(change: KubernetesPayload) -> Problems:
    known = _RULES[change.verb]
    for name, rule in known.items():
        value = change.parameters.get(name)
        if value is None and name not in _REQUIRED.get(change.verb, frozenset()):
            continue
        if problem := rule(value):
            yield f"{_PARAMETERS}.{name}", problem
    for name in sorted(change.parameters.keys() - known.keys()):
        taken = ", ".join(known) or "none"
        # A misspelt name is not repeated: it may be anything.
        yield _PARAMETERS, f"{change.verb} does not take the {len(name)} characters long one; it takes: {taken}"
    if change.verb is _V.SET_RESOURCES and not {"requests", "limits"} & change.parameters.keys():
        yield f"{_PARAMETERS}.requests", "required where there are no limits"
    if change.verb is _V.PATCH:
        yield from _check_patch(change)
    if change.verb is _V.APPLY:
        yield from _check_manifest(change)


def _check_patch(change: KubernetesPayload) -> Problems:
    place, patch, kind = f"{_PARAMETERS}.patch", change.parameters.get("patch"), change.parameters.get("patchType")
    if not isinstance(patch, dict | list) or not patch:
        return
    if kind_word(change.kind) == "secret":
        yield place, "the data of a Secret would be kept for ever; change it where secrets are kept"
    elif isinstance(patch, dict):
        if kind == "json":
            yield f"{_PARAMETERS}.patchType", "a json patch is a list of operations"
        if _IDENTITY & patch.keys() or any(key.startswith("$") for key in patch):
            yield place, "must not change apiVersion, kind, status, or the object as a whole"
        meta = patch.get("metadata", {})
        if not isinstance(meta, dict) or _META_IDENTITY & meta.keys() or any(key.startswith("$") for key in meta):
            yield place, "must not change what identifies the object or what the server writes"
    else:
        yield from _check_operations(patch, kind, place)


def _check_operations(patch: list[Any], kind: object, place: str) -> Problems:
    if kind not in {None, "json"}:
        yield f"{_PARAMETERS}.patchType", "a list of operations is a json patch"
    for at, one in enumerate(patch):
        is_one = isinstance(one, dict) and one.get("op") in _OPERATIONS and isinstance(one.get("path"), str)
        if not is_one or (one["op"] in {"move", "copy"} and not isinstance(one.get("from"), str)):
            yield f"{place}.{at}", "must be an operation of RFC 6902"
        elif any(_is_about_identity(path) for path in (one["path"], one.get("from", "/spec"))):
            yield f"{place}.{at}", "must not be about the whole object, its status or what identifies it"


def _is_about_identity(path: object) -> bool:
    steps = str(path).split("/")[1:]
    if not steps or steps[0] in _IDENTITY or not steps[0]:
        return True
    return steps[0] == "metadata" and (len(steps) == 1 or steps[1] in _META_IDENTITY)


def _check_manifest(change: KubernetesPayload) -> Problems:
    manifest, place = change.parameters.get("manifest"), f"{_PARAMETERS}.manifest"
    if not isinstance(manifest, dict) or not manifest:
        return
    meta = manifest.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    if "secret" in {kind_word(change.kind), kind_word(str(manifest.get("kind")))}:
        yield place, "the data of a Secret would be kept for ever; change it where secrets are kept"
    if not isinstance(manifest.get("apiVersion"), str):
        yield f"{place}.apiVersion", "must be there"
    if kind_word(str(manifest.get("kind"))) != kind_word(change.kind):
        yield f"{place}.kind", "must be the kind of the payload"
    for name, wanted in (("name", change.name), ("namespace", change.namespace)):
        if meta.get(name) != wanted:
            yield f"{place}.metadata.{name}", f"must be the {name} of the payload"
    if "status" in manifest or (_META_IDENTITY - {"name", "namespace"}) & meta.keys():
        yield place, "must not hold what the server writes, such as status, uid and resourceVersion"


def _whole(least: int, most: int) -> _Rule:
    def check(value: object) -> str | None:
        is_one = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return None if is_one else f"must be a whole number from {least} to {most}"

    return check


def _flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _among(*words: str) -> _Rule:
    return lambda value: None if value in words else f"must be one of: {', '.join(words)}"


def _matching(pattern: re.Pattern[str], what: str) -> _Rule:
    return lambda value: None if isinstance(value, str) and pattern.fullmatch(value) else f"must be {what}"


def _full(*sorts: type) -> _Rule:
    names: dict[type, str] = {dict: "an object", list: "a list"}
    text = f"must be {' or '.join(names[sort] for sort in sorts)} that is not empty"
    return lambda value: None if isinstance(value, sorts) and value else text


def _moment(value: object) -> str | None:
    try:
        is_one = isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None
    except ValueError:
        is_one = False
    return None if is_one else "must be a time in RFC 3339 with its zone"


def _images(value: object) -> str | None:
    if not isinstance(value, dict) or not 1 <= len(value) <= _MOST_IMAGES:
        return f"must be an object of 1 to {_MOST_IMAGES} images by container"
    is_right = all(_CONTAINER.fullmatch(key) for key in value) and all(
        isinstance(image, str) and _IMAGE.fullmatch(image) for image in value.values()
    )
    return None if is_right else "must be images by the names of containers"


def _quantities(value: object) -> str | None:
    is_right = (
        isinstance(value, dict)
        and 1 <= len(value) <= _MOST_IMAGES
        and all(one is None or (isinstance(one, str) and _QUANTITY.fullmatch(one)) for one in value.values())
    )
    return None if is_right else "must be quantities as text, such as 500m or 1Gi, by resource; null removes one"


_GRACE = {"gracePeriodSeconds": _whole(0, MOST_GRACE_SECONDS)}
_REQUIRED: Mapping[KubernetesVerb, frozenset[str]] = {
    _V.SCALE: frozenset({"replicas"}),
    _V.ROLLBACK: frozenset({"revision"}),
    _V.SET_IMAGE: frozenset({"images"}),
    _V.SET_RESOURCES: frozenset({"container"}),
    _V.PATCH: frozenset({"patch"}),
    _V.APPLY: frozenset({"manifest"}),
}
_RULES: Mapping[KubernetesVerb, Mapping[str, _Rule]] = {
    **{verb: {} for verb in _V},
    _V.SCALE: {"replicas": _whole(0, MOST_REPLICAS)},
    _V.RESTART: {"restartedAt": _moment},
    _V.ROLLBACK: {
        "revision": _whole(1, _MOST_REVISION),
        "templateDigest": _matching(_DIGEST, "a SHA-256 in hex"),
    },
    _V.DELETE_POD: _GRACE,
    _V.EVICT: _GRACE,
    _V.DRAIN: {
        **_GRACE,
        "force": _flag,
        "deleteEmptyDirData": _flag,
        "timeoutSeconds": _whole(1, MOST_DRAIN_SECONDS),
    },
    _V.SET_IMAGE: {"images": _images},
    _V.SET_RESOURCES: {
        "container": _matching(_CONTAINER, "the name of a container"),
        "requests": _quantities,
        "limits": _quantities,
    },
    _V.PATCH: {"patch": _full(dict, list), "patchType": _among(*_PATCH_TYPES)},
    _V.DELETE: {**_GRACE, "propagation": _among("background", "foreground", "orphan")},
    _V.APPLY: {"manifest": _full(dict)},
}
