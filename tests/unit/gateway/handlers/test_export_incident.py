"""What a bundle holds where there is too much of something, or something is gone, and what it costs in memory."""

import io
import json
import tracemalloc
import zipfile

import pytest

from services.gateway.domain.access import Subject
from services.gateway.domain.bundle import PARTS
from services.gateway.domain.records import RECORD_KINDS, DeliveryBody, EntryType, Role
from services.gateway.errors import RecordNotFound, StoreFull
from services.gateway.handlers.export_incident import Exporter
from tests.support.builders import a_signal
from tests.support.clock import FixedClock
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore
from tests.support.records import a_delivery, a_draft, an_incident

WHO = Subject(id="token:ann", name="ann", role=Role.RESPONDER)


@pytest.fixture
def store():
    found = MemoryStore(FixedClock())
    found.transact(lambda tx: tx.put(an_incident("inc_1")))
    return found


@pytest.fixture
def blobs():
    return MemoryBlobs(FixedClock())


def export(store, blobs, **limits) -> zipfile.ZipFile:
    exported = Exporter(store, blobs, FixedClock(), "0.1.0", **limits).export("inc_1", WHO)
    with exported.file as file:
        content = file.read()
    assert len(content) == exported.size_bytes
    return zipfile.ZipFile(io.BytesIO(content))


def left_out(bundle: zipfile.ZipFile) -> list[str]:
    return json.loads(bundle.read("manifest.json"))["leftOut"]


def put_delivery(store, name: str, *, text: str | None = "{}", blob: str | None = None, size: int = 2) -> None:
    def work(tx):
        tx.put(a_delivery(name, size_bytes=size))
        tx.put(DeliveryBody(delivery_id=name, text=text, blob=blob, received_at=tx.now))

    store.transact(work)
    name_delivery(store, name)


def name_delivery(store, name: str) -> None:
    draft = a_draft(type=EntryType.SIGNAL_JOINED, payload={"deliveryId": name})
    store.transact(lambda tx: tx.append("inc_1", draft))


def test_a_delivery_is_there_once_however_many_entries_name_it(store, blobs):
    put_delivery(store, "dlv_1")
    name_delivery(store, "dlv_1")
    bundle = export(store, blobs)

    assert bundle.read("deliveries/dlv_1.body") == b"{}"
    assert len(bundle.read("deliveries.jsonl").splitlines()) == 1
    assert left_out(bundle) == []


def test_deliveries_past_their_retention_are_said_to_be_gone(store, blobs):
    put_delivery(store, "dlv_1")
    name_delivery(store, "dlv_gone")

    assert left_out(export(store, blobs)) == ["deliveries: 1 are past their retention"]


def test_what_a_note_says_is_taken_for_no_delivery(store, blobs):
    store.transact(lambda tx: tx.append("inc_1", a_draft(message='{"deliveryId":"dlv_1"}', payload={"deliveryId": 7})))
    store.transact(lambda tx: tx.append("inc_1", a_draft(payload={"deliveryId": 7, "a": {"deliveryId": "dlv_1"}})))

    assert left_out(export(store, blobs)) == []


def test_a_body_whose_blob_is_gone_costs_itself_and_nothing_else(store, blobs):
    put_delivery(store, "dlv_1", text=None, blob="ab" * 32)
    put_delivery(store, "dlv_2")
    bundle = export(store, blobs)

    assert left_out(bundle) == ["deliveries/dlv_1.body: No such blob"]
    assert bundle.read("deliveries/dlv_2.body") == b"{}"


def test_deliveries_are_bounded_in_number_and_in_bytes(store, blobs):
    for n in range(6):
        put_delivery(store, f"dlv_{n}", text="x" * 100, size=100)

    few = export(store, blobs, most_deliveries=4)
    small = export(store, blobs, most_delivery_bytes=250)

    assert left_out(few) == ["deliveries: all but the first 4; 2 entries name others"]
    assert len(few.read("deliveries.jsonl").splitlines()) == 4
    assert left_out(small) == ["deliveries: the bodies of 4 would be more than it may hold"]
    assert [name for name in small.namelist() if name.endswith(".body")] == [
        "deliveries/dlv_0.body",
        "deliveries/dlv_1.body",
    ]


def test_records_are_bounded_in_number_by_whole_pages(store, blobs):
    signals = [a_signal(fingerprint=f"s{n:04}", incident_id="inc_1") for n in range(450)]
    store.transact(lambda tx: [tx.put(signal) for signal in signals])

    whole = export(store, blobs)
    part = export(store, blobs, most_records=200)

    assert len(whole.read("signals.jsonl").splitlines()) == 450
    assert left_out(whole) == []
    assert len(part.read("signals.jsonl").splitlines()) == 200
    assert left_out(part) == ["signals.jsonl: 250 records more than it may hold"]


def test_every_kind_that_belongs_to_an_incident_has_its_place_in_the_bundle():
    elsewhere = {
        "activity", "chain", "entry", "hints", "holdings", "incident", "merge",  # incident.json, timeline.jsonl
        "body", "delivery",  # deliveries/
        "edited_report",  # edited_report.md
        "job", "group", "incident_graph",  # how the work was done, not what the case is
    }  # fmt: skip
    of_no_incident = {
        "change", "counter", "delivery_key", "idempotency", "mapping", "noise", "pending_group", "preview", "rules",
        "session", "silence", "silence_board", "token",
        "action_places", "graph_clusters", "investigation_slot", "inventory", "quickdx", "quickdx_content",
        "rule_feedback", "rule_precision",
    }  # fmt: skip

    assert {part.kind.KIND for part in PARTS} == RECORD_KINDS.keys() - elsewhere - of_no_incident


def test_an_unknown_incident_is_not_found(store, blobs):
    with pytest.raises(RecordNotFound):
        Exporter(store, blobs, FixedClock(), "0.1.0").export("inc_2", WHO)


def test_an_incident_that_is_removed_meanwhile_is_not_half_a_bundle(store, blobs):
    store.transact(lambda tx: [tx.append("inc_1", a_draft()) for _ in range(1_200)])
    original = store.list_entry_bytes

    class Removing:
        """The store, from which retention takes the incident after the first page."""

        def list_entry_bytes(self, incident_id, *, after=0, limit=100):
            page = original(incident_id, after=after, limit=limit)
            store.transact(lambda tx: tx.remove_incident("inc_1"))
            return page

        def __getattr__(self, name):
            return getattr(store, name)

    with pytest.raises(RecordNotFound):
        Exporter(Removing(), blobs, FixedClock(), "0.1.0").export("inc_1", WHO)


def test_no_room_for_the_bundle_is_said_as_such(store, blobs):
    class FullDisk(io.BytesIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    with pytest.raises(StoreFull):
        Exporter(store, blobs, FixedClock(), "0.1.0", open_spool=FullDisk).export("inc_1", WHO)


def test_what_it_holds_in_memory_does_not_grow_with_the_timeline(store, blobs):
    def peak(entries: int) -> int:
        store.transact(lambda tx: [tx.append("inc_1", a_draft(message="x" * 500)) for _ in range(entries)])
        tracemalloc.start()
        exported = Exporter(store, blobs, FixedClock(), "0.1.0").export("inc_1", WHO)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        exported.file.close()
        return used

    few, many = peak(7_000), peak(23_000)

    # Read into memory at once they would differ by more than 15 MB.
    assert many - few < 4 << 20
