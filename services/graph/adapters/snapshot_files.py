"""The format of a snapshot: which files a folder holds, and how they are read and written without surprises."""

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from services.graph.domain.reading.coverage import CoverageEntry
from services.graph.domain.reading.kinds import Kind
from services.graph.ports import Discovery, LogState
from shared.errors import AppError

FORMAT_VERSION = 1
MANIFEST = "snapshot.json"
LOGS = "logs.json"
MOST_MANIFEST_BYTES = 64 << 20
# A list of 50,000 pods has half of that.
MOST_LIST_BYTES = 1 << 30


class NoSnapshot(AppError):
    """The folder holds no snapshot, or one of a format that is not known here."""

    code = "no_snapshot"
    title = "No snapshot that can be read"


class SnapshotExists(AppError):
    """The folder holds something already, and is left as it is."""

    code = "snapshot_exists"
    title = "The folder holds something already"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``snapshot.json``. ``namespaces`` None: the whole cluster was asked for; ``coverage`` says what was seen."""

    format_version: int
    cluster: str = ""
    taken_at: datetime | None = None
    tool_version: str = ""
    namespaces: tuple[str, ...] | None = None
    versions: dict[str, str] = {}
    failed_groups: dict[str, str] = {}
    discovery_problem: str = ""
    coverage: tuple[CoverageEntry, ...] = ()

    @property
    def discovery(self) -> Discovery:
        """What the server served when the snapshot was taken."""
        return Discovery(self.versions, self.failed_groups, self.discovery_problem)


class LogNote(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why there is no file of a log that was asked for."""

    namespace: str
    pod: str
    container: str
    previous: bool = False
    state: LogState
    reason: str = ""


def list_file(kind: Kind, version: str) -> str:
    """Return where in the folder a list is: ``lists/apis/apps/v1/deployments.json``."""
    return f"lists{kind.path(version)}.json"


def list_body(kind: Kind, version: str, items: Sequence[bytes]) -> bytes:
    """Return a List of Kubernetes, with an object a line so that people can search and compare it."""
    api = f"{kind.group}/{version}" if kind.group else version
    head = f'{{"kind":"{kind.name}List","apiVersion":"{api}","metadata":{{}},"items":['.encode()
    return head + (b"\n" + b",\n".join(items) + b"\n" if items else b"") + b"]}\n"


def log_file(namespace: str, pod: str, container: str, *, previous: bool) -> str | None:
    """Return where in the folder a log is; None for what are no names."""
    if not all(map(is_name, (namespace, pod, container))):
        return None
    return f"logs/{namespace}/{pod}/{container}{'.previous' if previous else ''}.log"


def is_name(text: str) -> bool:
    """Answer whether an object can have this name, and a file too."""
    return _NAME.fullmatch(text) is not None and text not in {".", ".."}


def read_file(folder: Path, name: str, most_bytes: int, *, end_only: bool = False) -> bytes | None:
    """Return a file of the snapshot, or of its end at most so many bytes; None where there is none.

    Raises ``ValueError`` for one that is too large, is no file, or lies outside the folder by a link.
    """
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError("the file lies outside the snapshot")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes and not end_only:
                raise ValueError(f"the file has {size:,} bytes, more than is read")
            file.seek(max(0, size - most_bytes))
            return file.read(most_bytes)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from error


def read_manifest(folder: Path) -> Manifest:
    """Return what the snapshot says of itself. Raises ``NoSnapshot``."""
    try:
        body = read_file(folder, MANIFEST, MOST_MANIFEST_BYTES)
        if body is None:
            raise NoSnapshot(f"{folder} has no {MANIFEST}: `faultline snapshot` writes one.")
        manifest = msgspec.json.decode(body, type=Manifest)
    except (ValueError, msgspec.MsgspecError) as error:
        raise NoSnapshot(f"{folder / MANIFEST} cannot be read: {error}") from error
    if manifest.format_version != FORMAT_VERSION:
        raise NoSnapshot(f"{folder} has format {manifest.format_version}; known is {FORMAT_VERSION}.")
    return manifest


def write_file(folder: Path, name: str, body: bytes) -> None:
    """Write a file of the snapshot whole, or not at all. Only its owner may read it: it is a look into a cluster."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
    unfinished.replace(path)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``snapshot.json``."""
    write_file(folder, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


# A name of an object; some of RBAC hold colons. What begins with a dot is no file of a snapshot.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,252}")
