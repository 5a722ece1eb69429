"""Which problem a signal is about: fingerprints, made of the source's own identity and never of its prose."""

import hashlib
from collections.abc import Iterable, Mapping

_KEY_LIMIT = 160
_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_MASK = 0xFFFFFFFFFFFFFFFF


def make_fingerprint(source: str, key: str) -> str:
    """Return ``source:key``; a key that is long, or would not print, goes by its hash."""
    if len(key) > _KEY_LIMIT or not key.isprintable():
        key = hash_of([key])
    return f"{source}:{key}"


def hash_of(parts: Iterable[str]) -> str:
    """Return a hash that differs wherever the sequence of parts differs."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()[:32]


def label_set_fingerprint(labels: Mapping[str, str]) -> str:
    """Return what Alertmanager itself calls the fingerprint of a label set (FNV-1a over the sorted labels).

    Made when a body has none, so that the same alert has the same identity with and without.
    """
    # https://github.com/prometheus/common/blob/main/model/signature.go
    value = _FNV_OFFSET
    for name in sorted(labels):
        for part in (name, labels[name]):
            for byte in part.encode("utf-8", "surrogatepass") + b"\xff":
                value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return f"{value:016x}"
