"""Blobs in memory; they pass the same behaviour suite as blobs in files."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from services.gateway.errors import BlobNotFound
from shared.ports import Clock


class MemoryBlobs:
    """Implements ``ports.Blobs`` with a dict."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._blobs: dict[str, tuple[bytes, datetime]] = {}

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._blobs[digest] = (content, self._clock.now())
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return self._blobs[digest][0]
        except KeyError:
            raise BlobNotFound(f"there is no blob {digest!r}") from None

    def collect(self, is_used: Callable[[str], bool], older_than: datetime) -> int:
        old = [digest for digest, (_, put_at) in self._blobs.items() if put_at < older_than and not is_used(digest)]
        for digest in old:
            del self._blobs[digest]
        return len(old)
