"""What is taken out of an object before it is written to a file: secrets, and what is large and never read."""

from collections.abc import Mapping
from typing import Any

from services.graph.domain.reading.secret_shapes import MASK, is_secret_name, is_value, mask_text

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# What identifies an object is kept as it is, or nothing would find it again.
_KEPT = frozenset({"name", "namespace", "uid", "resourceVersion", "generateName", "labels", "ownerReferences"})


def redact_object(kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as a server sends it, without secrets. Which keys there are stays; hosts and ports stay.

    Values of a Secret become empty. Values of environment variables, arguments, ConfigMaps, annotations and messages
    are masked where their name or their look says that they are secrets.
    """
    redacted = {key: _redact(value) for key, value in item.items() if key not in {"metadata", "data", "stringData"}}
    if "metadata" in item:
        meta = item["metadata"]
        redacted["metadata"] = _redact_meta(meta) if isinstance(meta, dict) else None
    for key in ("data", "stringData"):
        if key in item:
            redacted[key] = _redact_data(kind, item[key])
    if kind == "Secret":
        # A type of its own may keep values elsewhere; nothing but these is known to be harmless.
        return {key: redacted[key] for key in _OF_A_SECRET if key in redacted}
    return redacted


def redact_line(line: str) -> str:
    """Return a line of a log without secrets."""
    return mask_text(line)


def _redact_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    redacted = {key: value if key in _KEPT else _redact(value) for key, value in meta.items()}
    if isinstance(managed := meta.get("managedFields"), list):
        redacted["managedFields"] = [
            {key: value for key, value in one.items() if key != "fieldsV1"} for one in managed if isinstance(one, dict)
        ]
    if isinstance(annotations := meta.get("annotations"), dict):
        kept = {name: _redact_named(name, value) for name, value in annotations.items() if name != _LAST_APPLIED}
        redacted["annotations"] = kept or None
    return redacted


def _redact_data(kind: str, data: object) -> object:
    if not isinstance(data, dict):
        return data if data is None else {}
    if kind == "Secret":
        return dict.fromkeys(data, "")
    return {name: _redact_named(name, value) for name, value in data.items()}


def _redact_named(name: str, value: object) -> object:
    if isinstance(value, str):
        return MASK if is_secret_name(name) and is_value(value) else mask_text(value)
    return _redact(value)


def _redact(value: object) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list):
        return _redact_words(value) if value and isinstance(value[0], str) else [_redact(one) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(name := value.get("name"), str) and isinstance(text := value.get("value"), str):
        # An environment variable, or a header of a probe.
        return {**{key: _redact(one) for key, one in value.items()}, "name": name, "value": _redact_named(name, text)}
    return {key: _redact(one) for key, one in value.items()}


def _redact_words(words: list[Any]) -> list[Any]:
    """Mask a command and its arguments; ``--password`` may have its value in the word after it."""
    redacted: list[Any] = []
    before = ""
    for word in words:
        if not isinstance(word, str):
            redacted.append(_redact(word))
        elif before.startswith("-") and "=" not in before and is_secret_name(before) and not word.startswith("-"):
            redacted.append(MASK)
        else:
            redacted.append(mask_text(word))
        before = word if isinstance(word, str) else ""
    return redacted


_OF_A_SECRET = ("apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData")
