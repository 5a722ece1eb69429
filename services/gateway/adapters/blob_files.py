"""Blobs as files named by the SHA-256 of their bytes, in folders by its first two digits."""

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from services.gateway.adapters.json_store.files import Files, RealFiles
from services.gateway.adapters.json_store.journal import NO_SPACE
from services.gateway.errors import BlobDamaged, BlobNotFound, StoreFull, StoreUnavailable

_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = ".tmp"


class FileBlobs:
    """Implements ``ports.Blobs``. A blob has its name only once its bytes are durable."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self._folder = folder
        self._files = files or RealFiles()
        self._files.make_dir(folder)
        self._count = 0
        self._lock = threading.Lock()

    def put(self, content: bytes) -> str:
        """Keep ``content`` and return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        try:
            self._write(path, content)
        except OSError as error:
            if error.errno in NO_SPACE:
                raise StoreFull("the blob was not written; free some space and try again") from error
            raise StoreUnavailable(f"the blob was not written: {error.strerror or error}") from error
        return digest

    def _write(self, path: Path, content: bytes) -> None:
        if self._is_kept(path):
            # It may have been named by a put that was cut off before the name was durable.
            self._files.sync_dir(path.parent)
            self._files.sync_dir(self._folder)
            return
        self._files.make_dir(path.parent)
        with self._lock:
            self._count += 1
            unfinished = path.with_name(f"{path.name}.{self._count}{_UNFINISHED}")
        try:
            file = self._files.create(unfinished)
            try:
                file.write(content)
                file.sync()
            finally:
                file.close()
            self._files.rename(unfinished, path)
        except OSError:
            # On a full disk its bytes are what everything else needs; what cannot be deleted is collected later.
            with contextlib.suppress(OSError):
                self._files.unlink(unfinished)
            raise
        self._files.sync_dir(path.parent)
        self._files.sync_dir(self._folder)

    def _is_kept(self, path: Path) -> bool:
        # The lock and the new age keep ``collect`` from taking a blob for whose commit it is put again.
        with self._lock:
            try:
                self._files.touch(path)
            except FileNotFoundError:
                return False
            return True

    def get(self, digest: str) -> bytes:
        """Return the bytes, checked against the digest."""
        if not _DIGEST.fullmatch(digest):
            raise BlobNotFound("a digest is 64 hexadecimal digits")
        try:
            content = self._files.read(self._path(digest))
        except FileNotFoundError:
            raise BlobNotFound(f"there is no blob {digest}") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise BlobDamaged(f"{self._path(digest)} does not hold the bytes it is named by")
        return content

    def collect(self, is_used: Callable[[str], bool], older_than: datetime) -> int:
        """Delete blobs nothing names, and what was left unfinished, written before ``older_than``."""
        deleted = 0
        for name in self._files.list(self._folder):
            folder = self._folder / name
            for blob in self._files.list(folder):
                if not self._is_old(folder / blob, older_than) or (not blob.endswith(_UNFINISHED) and is_used(blob)):
                    continue
                with self._lock:
                    # Asked again: it may have been put again while its use was looked up.
                    if self._is_old(folder / blob, older_than):
                        self._files.unlink(folder / blob)
                        deleted += not blob.endswith(_UNFINISHED)
        return deleted

    def _is_old(self, path: Path, older_than: datetime) -> bool:
        return self._files.age_seconds(path, older_than.timestamp()) > 0

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest
