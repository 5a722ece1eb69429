"""Where in the data folder the store keeps what, and whose folder it is."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import msgspec

from services.gateway.adapters.json_store.files import Files
from services.gateway.adapters.json_store.lines import FORMAT
from services.gateway.errors import StoreDamaged


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths under one data folder."""

    data_dir: Path

    @property
    def root(self) -> Path:
        """Everything the store itself needs."""
        return self.data_dir / "store"

    @property
    def lock(self) -> Path:
        """Held by the gateway that owns the folder."""
        return self.root / "LOCK"

    @property
    def format(self) -> Path:
        """Says which format this is and gives the store its id."""
        return self.root / "FORMAT"

    @property
    def journal(self) -> Path:
        """The truth."""
        return self.root / "journal"

    @property
    def index(self) -> Path:
        """Derived."""
        return self.root / "index.sqlite"

    @property
    def views(self) -> Path:
        """Derived, for people."""
        return self.data_dir / "incidents"


class _Format(msgspec.Struct, frozen=True):
    format: int
    store: str


def read_store_id(files: Files, layout: Layout) -> str:
    """Return the id of the store, giving a new folder one durably; refuse a newer format."""
    files.make_dir(layout.journal)
    if layout.format.name in files.list(layout.root):
        try:
            found = msgspec.json.decode(files.read(layout.format), type=_Format)
        except msgspec.MsgspecError as error:
            raise StoreDamaged(f"{layout.format}: {error}") from error
        if found.format > FORMAT:
            raise StoreDamaged(
                f"{layout.format}: format {found.format} is of a newer Faultline; this one reads {FORMAT}"
            )
        return found.store
    if any(name.endswith(".log") for name in files.list(layout.journal)):
        raise StoreDamaged(f"{layout.format} is missing beside a journal")
    return _write_format(files, layout)


def _write_format(files: Files, layout: Layout) -> str:
    store_id = str(uuid.uuid4())
    unfinished = layout.format.with_suffix(".tmp")
    file = files.create(unfinished)
    try:
        file.write(msgspec.json.encode(_Format(FORMAT, store_id)) + b"\n")
        file.sync()
    finally:
        file.close()
    files.rename(unfinished, layout.format)
    files.sync_dir(layout.root)
    files.sync_dir(layout.data_dir)
    return store_id
