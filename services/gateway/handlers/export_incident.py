"""Export an incident as a bundle: one .zip that holds the case and proves that it is what was recorded."""

import errno
import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import IO, cast

import msgspec

from services.gateway.domain import bundle
from services.gateway.domain.access import Subject
from services.gateway.domain.bundle import BundleFile, BundleManifest, BundlePart, ManifestChain
from services.gateway.domain.records import (
    Activity,
    ChainHead,
    Delivery,
    DeliveryBody,
    EditedReport,
    EntryType,
    Hints,
    Incident,
    Merge,
    Record,
    RelationType,
)
from services.gateway.errors import BlobDamaged, BlobNotFound, RecordNotFound, StoreFull
from services.gateway.handlers.replay_delivery import body_bytes
from services.gateway.handlers.write_audit import write_audit
from services.gateway.handlers.write_report import report_incident
from services.gateway.ports import Blobs, RecordQuery, Store, Transaction
from shared.ports import Clock

MOST_RECORDS = 20_000
MOST_DELIVERIES = 1_000
MOST_DELIVERY_BYTES = 64 << 20
_IN_MEMORY = 4 << 20
_PAGE = 200
_ENTRIES_A_READ = 500
# A bundle of the same record is the same bytes but for what its manifest says of the export itself.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_VERIFY = files(bundle.__name__).joinpath("verify.py").read_bytes()


@dataclass(frozen=True, slots=True)
class ExportedBundle:
    """The archive from its first byte on, and what to publish of it. Whoever gets it closes ``file``."""

    file: IO[bytes]
    size_bytes: int
    ref: str
    manifest_digest: str
    chain: ManifestChain


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    delivery_id: str | None = None


class _Entry(msgspec.Struct, frozen=True):
    payload: _Payload = _Payload()


_decode_entry = msgspec.json.Decoder(_Entry).decode


def _open_spool() -> IO[bytes]:
    """Return a file that nobody else can open and that is gone with this process, however that ends."""
    return cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))


@dataclass(slots=True)
class Exporter:
    """Writes bundles. What it holds in memory does not grow with the incident: the archive grows in a file."""

    store: Store
    blobs: Blobs
    clock: Clock
    version: str
    most_records: int = MOST_RECORDS
    most_deliveries: int = MOST_DELIVERIES
    most_delivery_bytes: int = MOST_DELIVERY_BYTES
    open_spool: Callable[[], IO[bytes]] = _open_spool

    def export(self, incident_id: str, subject: Subject) -> ExportedBundle:
        """Return the bundle of an incident. Raises ``RecordNotFound`` and ``StoreFull``.

        The timeline is read last of what changes, so that it tells of everything the other files show.
        """
        spool = self.open_spool()
        try:
            with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:
                ref, digest, chain = self._write(_Writer(archive), incident_id, subject)
            size = spool.tell()
            spool.seek(0)
        except OSError as error:
            spool.close()
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StoreFull("There is no room to make the bundle; nothing was changed.") from error
            raise
        except BaseException:
            spool.close()
            raise
        return ExportedBundle(spool, size, ref, digest, chain)

    def _write(self, to: "_Writer", incident_id: str, subject: Subject) -> tuple[str, str, ManifestChain]:
        incident = self.store.get(Incident, incident_id)
        to.add("incident.json", _pretty(self._case(incident)))
        sources = [one.incident_id for one in incident.relations if one.type == RelationType.MERGED_FROM]
        to.left_out += [f"deliveries: those of {one}, merged into this one, are in its own bundle" for one in sources]
        blobs: dict[str, None] = {}
        for part in bundle.PARTS:
            to.add_stream(part.file, self._records(part, incident_id, blobs, to.left_out))
        for digest in blobs:
            self._add_blob(to, f"blobs/{digest}", digest)
        to.add("report.md", report_incident(self.store, self.blobs, incident_id).encode())
        if edited := self.store.find(EditedReport, incident_id):
            to.add("edited_report.md", edited.text.encode())
        timeline = _Timeline(self.store, incident_id, self.most_deliveries)
        to.add_stream("timeline.jsonl", timeline.lines())
        if timeline.deliveries_left_out:
            more = timeline.deliveries_left_out
            to.left_out.append(f"deliveries: all but the first {self.most_deliveries}; {more} entries name others")
        self._add_deliveries(to, list(timeline.delivery_ids))
        to.add("verify.py", _VERIFY)
        manifest = bundle.write_manifest(
            BundleManifest(
                incident_id=incident_id,
                ref=f"INC-{incident.number}",
                created_at=self.clock.now(),
                created_by=subject.id,
                faultline_version=self.version,
                chain=timeline.chain,
                left_out=tuple(to.left_out),
                files=to.files,
            ),
        )
        digest = hashlib.sha256(manifest).hexdigest()
        to.add(bundle.MANIFEST, manifest)
        to.add(bundle.MANIFEST_DIGEST, f"{digest}  {bundle.MANIFEST}\n".encode())
        return f"INC-{incident.number}", digest, timeline.chain

    def _case(self, incident: Incident) -> dict[str, Record | None]:
        return {
            "incident": incident,
            "activity": self.store.find(Activity, incident.id),
            "hints": self.store.find(Hints, incident.id),
            "merge": self.store.find(Merge, incident.id),
        }

    def _records(
        self, part: BundlePart, incident_id: str, blobs: dict[str, None], left_out: list[str]
    ) -> Iterator[bytes]:
        """Yield a line for each record; note which blobs they name, and how many records there was no room for."""
        # What changes while pages are read moves to a later one: it is written as it was met first.
        seen: set[str] = set()
        query = RecordQuery(parent=incident_id, oldest_first=True, limit=_PAGE)
        while True:
            page = self.store.list_records(part.kind, query)
            for record in page.records:
                if record.record_id in seen:
                    continue
                seen.add(record.record_id)
                blob = part.blob_of(record)
                if blob is not None:
                    blobs[blob] = None
                yield msgspec.json.encode(record) + b"\n"
            if page.next_cursor is None:
                return
            if len(seen) >= self.most_records:
                left_out.append(f"{part.file}: {max(0, (page.total or 0) - len(seen))} records more than it may hold")
                return
            query = msgspec.structs.replace(query, cursor=page.next_cursor, with_total=True)

    def _add_blob(self, to: "_Writer", name: str, digest: str) -> None:
        try:
            to.add(name, self.blobs.get(digest))
        except (BlobNotFound, BlobDamaged) as error:
            to.left_out.append(f"{name}: {error.title}")

    def _add_deliveries(self, to: "_Writer", delivery_ids: list[str]) -> None:
        """Add the verbatim bodies that reported its signals, and the record of each delivery."""
        lines: list[bytes] = []
        room, gone, too_large = self.most_delivery_bytes, 0, 0
        for delivery_id in delivery_ids:
            delivery = self.store.find(Delivery, delivery_id)
            body = self.store.find(DeliveryBody, delivery_id)
            if delivery is None or body is None:
                gone += 1
                continue
            lines.append(msgspec.json.encode(delivery) + b"\n")
            room -= delivery.size_bytes
            if room < 0:
                room += delivery.size_bytes
                too_large += 1
                continue
            try:
                to.add(f"deliveries/{delivery_id}.body", body_bytes(body, self.blobs))
            except (BlobNotFound, BlobDamaged, RecordNotFound) as error:
                to.left_out.append(f"deliveries/{delivery_id}.body: {error.title}")
        to.add_stream("deliveries.jsonl", lines)
        if gone:
            to.left_out.append(f"deliveries: {gone} are past their retention")
        if too_large:
            to.left_out.append(f"deliveries: the bodies of {too_large} would be more than it may hold")


def tell_of_export(tx: Transaction, incident_id: str, exported: ExportedBundle, subject: Subject) -> None:
    """Tell the audit log that ``subject`` took a bundle: it holds what a source sent, unredacted."""
    write_audit(
        tx,
        EntryType.INCIDENT_EXPORTED,
        subject.id,
        f"{exported.ref} exported",
        incidentId=incident_id,
        manifest=exported.manifest_digest,
    )


class _Timeline:
    """Reads the stored bytes of a timeline up to its head at this moment, following the chain."""

    def __init__(self, store: Store, incident_id: str, most_deliveries: int) -> None:
        self._store = store
        self._incident_id = incident_id
        self._most_deliveries = most_deliveries
        self.delivery_ids: dict[str, None] = {}
        self.deliveries_left_out = 0
        self.chain = ManifestChain(sequence=0, hash=ChainHead(incident_id=incident_id).hash)

    def lines(self) -> Iterator[bytes]:
        head = self._store.find(ChainHead, self._incident_id) or ChainHead(incident_id=self._incident_id)
        sequence, digest = 0, head.hash
        while sequence < head.sequence:
            limit = min(_ENTRIES_A_READ, head.sequence - sequence)
            page = self._store.list_entry_bytes(self._incident_id, after=sequence, limit=limit)
            if not page:
                raise RecordNotFound("The incident was removed meanwhile.")
            for body in page:
                self._note(body)
                yield body + b"\n"
            sequence += len(page)
            digest = hashlib.sha256(page[-1]).hexdigest()
        self.chain = ManifestChain(sequence=sequence, hash=digest)

    def _note(self, body: bytes) -> None:
        # Most entries name none, and looking for the name is cheaper than reading them.
        if b'"deliveryId":"' not in body:
            return
        try:
            delivery_id = _decode_entry(body).payload.delivery_id
        except msgspec.ValidationError:
            return  # Something else of that name.
        if delivery_id is None or delivery_id in self.delivery_ids:
            return
        if len(self.delivery_ids) < self._most_deliveries:
            self.delivery_ids[delivery_id] = None
        else:
            self.deliveries_left_out += 1


@dataclass(slots=True)
class _Writer:
    """Adds files to the archive and notes size and digest of each."""

    archive: zipfile.ZipFile
    files: dict[str, BundleFile] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, name: str, content: bytes) -> None:
        self.add_stream(name, (content,))

    def add_stream(self, name: str, chunks: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        member = zipfile.ZipInfo(name, _ZIP_EPOCH)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = 0o100644 << 16
        with self.archive.open(member, "w", force_zip64=True) as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        self.files[name] = BundleFile(size_bytes=size, sha256=digest.hexdigest())


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
