"""ConfigMaps and Secrets: which keys they have; of a ConfigMap the small values too, of a Secret none, ever."""

import hashlib
from typing import ClassVar

import msgspec

from services.graph.domain.k8s.shape import KubeObject, ManagedMeta

# A value longer than this is kept as its digest only: configuration that names a service is short.
MOST_VALUE_CHARACTERS = 8_192


class RawConfigMap(KubeObject, frozen=True, kw_only=True, gc=False):
    """As a server sends it."""

    KIND: ClassVar[str] = "ConfigMap"

    metadata: ManagedMeta = ManagedMeta()
    data: dict[str, str] | None = None
    binary_data: dict[str, msgspec.Raw] | None = None
    immutable: bool | None = None


class ConfigMap(KubeObject, frozen=True, kw_only=True, gc=False):
    """``values`` holds what is short; ``digests`` has an entry for every key, so that a change shows."""

    KIND: ClassVar[str] = "ConfigMap"

    metadata: ManagedMeta = ManagedMeta()
    values: dict[str, str] = {}
    digests: dict[str, str] = {}
    size: int = 0

    @property
    def keys(self) -> frozenset[str]:
        """Every key, of text and of binary data."""
        return frozenset(self.digests)


class RawSecret(KubeObject, frozen=True, kw_only=True, gc=False):
    """As a server sends it; lives only until it is projected."""

    KIND: ClassVar[str] = "Secret"

    metadata: ManagedMeta = ManagedMeta()
    type: str | None = None
    data: dict[str, msgspec.Raw] | None = None


class Secret(KubeObject, frozen=True, kw_only=True, gc=False):
    """The names of its keys. Values are dropped where they are read, and no digest of one is kept either."""

    KIND: ClassVar[str] = "Secret"

    metadata: ManagedMeta = ManagedMeta()
    type: str | None = None
    key_names: list[str] = []

    @property
    def keys(self) -> frozenset[str]:
        """Every key."""
        return frozenset(self.key_names)


def project_config_map(raw: RawConfigMap) -> ConfigMap:
    """Return what is kept of a ConfigMap."""
    data, binary = raw.data or {}, raw.binary_data or {}
    digests = {key: _digest(value.encode("utf-8", "surrogatepass")) for key, value in data.items()}
    digests |= {key: _digest(bytes(value)) for key, value in binary.items()}
    return ConfigMap(
        metadata=raw.metadata,
        values={key: value for key, value in data.items() if len(value) <= MOST_VALUE_CHARACTERS},
        digests=digests,
        size=sum(map(len, data.values())) + sum(len(bytes(value)) for value in binary.values()),
    )


def project_secret(raw: RawSecret) -> Secret:
    """Return what is kept of a Secret."""
    return Secret(metadata=raw.metadata, type=raw.type, key_names=sorted(raw.data or {}))


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:16]
