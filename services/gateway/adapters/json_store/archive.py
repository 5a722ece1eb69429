"""Backups: one compressed archive of a data folder's truth, with a digest of every file, and the way back."""

import contextlib
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from services.gateway.adapters.json_store.check import CheckReport, check
from services.gateway.adapters.json_store.layout import Layout
from services.gateway.adapters.json_store.recovery import Progress, silent
from services.gateway.errors import ArchiveUnusable

MANIFEST = "MANIFEST.json"
_CHUNK = 1 << 20
_TRIES = 3


class _Manifest(msgspec.Struct, frozen=True):
    format: int
    files: dict[str, str]
    """SHA-256, in hex, by path."""


def export(data_dir: Path, target: Path, progress: Progress = silent) -> int:
    """Write the store and its blobs to ``target`` (``.tar.gz``); return how many files it holds.

    May run beside a live gateway: the journal only grows, and each file is taken as long as it was when its
    turn came. The archive has its name only once it is whole. Tokens are in it as hashes, credentials are not.
    """
    layout = Layout(data_dir)
    if not layout.format.exists():
        raise ArchiveUnusable(f"{data_dir} holds no store")
    if not target.parent.is_dir():
        raise ArchiveUnusable(f"the folder {target.parent} does not exist; make it first")
    unfinished = target.with_name(target.name + ".tmp")
    try:
        for _ in range(_TRIES):
            with contextlib.suppress(_Replaced):
                count = _write_archive(data_dir, layout, unfinished, progress)
                unfinished.replace(target)
                return count
    finally:
        unfinished.unlink(missing_ok=True)
    raise ArchiveUnusable(f"the journal in {data_dir} was compacted again and again meanwhile; try again")


class _Replaced(Exception):
    """Compaction put a base in the place of a segment before its turn came."""


def _write_archive(data_dir: Path, layout: Layout, target: Path, progress: Progress) -> int:
    digests: dict[str, str] = {}

    def add(paths: list[Path]) -> None:
        for path in paths:
            name = str(path.relative_to(data_dir))
            digests[name] = _add(archive, name, path)
            progress("writing the archive", len(digests), 0)

    # It holds all that the data folder holds, so nobody but its owner may read it, at no moment.
    target.unlink(missing_ok=True)
    with (
        open(target, "xb", opener=_open_private) as file,
        tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive,
    ):
        try:
            add([layout.format, *sorted(layout.journal.glob("*.log"))])
        except FileNotFoundError as error:
            raise _Replaced from error
        # After the journal: a blob is there before the commit that names it, so none is missing then.
        for path in sorted((data_dir / "blobs").glob("??/*")):
            # One that is collected meanwhile is named by nothing.
            with contextlib.suppress(FileNotFoundError):
                add([path] if not path.name.endswith(".tmp") else [])
        _add_bytes(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(_Manifest(1, digests))))
    return len(digests)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def import_(source: Path, data_dir: Path, progress: Progress = silent) -> CheckReport:
    """Unpack an archive into ``data_dir``, which must hold no store, and check it before it is put in place."""
    layout = Layout(data_dir)
    if layout.format.exists():
        raise ArchiveUnusable(f"{data_dir} holds a store already; import into an empty folder")
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data_dir, prefix=".import-") as folder:
        unpacked = Path(folder)
        _unpack(source, unpacked, progress)
        _keep_private(unpacked)
        report = check(unpacked, progress)
        if report.problems:
            raise ArchiveUnusable(f"{source}: {report.problems[0]}")
        for name in ("blobs", "store"):
            if (unpacked / name).exists():
                (unpacked / name).rename(data_dir / name)
    return report


def _add(archive: tarfile.TarFile, name: str, path: Path) -> str:
    with path.open("rb") as file:
        member = archive.gettarinfo(arcname=name, fileobj=file)
        digest = hashlib.sha256()
        archive.addfile(member, _Hashing(file, member.size, digest.update))
        return digest.hexdigest()


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


class _Hashing(io.RawIOBase):
    """Reads a file up to a size, feeding every byte to a digest: a file that grows meanwhile stays that long."""

    def __init__(self, file: IO[bytes], size: int, update: Callable[[bytes], None]) -> None:
        super().__init__()
        self._file = file
        self._left = size
        self._update = update

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        content = self._file.read(wanted)
        self._left -= len(content)
        self._update(content)
        return content


def _unpack(source: Path, folder: Path, progress: Progress) -> None:
    try:
        with tarfile.open(source, "r:gz") as archive:
            for done, member in enumerate(archive):
                # The filter refuses absolute paths, links out of the folder, devices and odd modes.
                archive.extract(member, folder, filter="data")
                progress("unpacking", done + 1, 0)
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
    except (tarfile.TarError, OSError, EOFError, msgspec.MsgspecError) as error:
        raise ArchiveUnusable(f"{source} is not a whole archive: {error}") from error
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    if found != manifest.files.keys():
        raise ArchiveUnusable(f"{source} does not hold exactly the files its manifest names")
    for name, digest in manifest.files.items():
        if _digest(folder / name) != digest:
            raise ArchiveUnusable(f"{source}: {name} is not what was exported")


def _keep_private(folder: Path) -> None:
    # An archive names files alone, so unpacking makes folders as the umask says; the store's are its owner's only.
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
