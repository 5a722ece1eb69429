"""Power is lost at every file operation while incidents open, move and are investigated: nothing is half of it."""

from itertools import count

import pytest

from services.gateway.adapters.json_store import JsonStore, open_json_store
from services.gateway.adapters.json_store.store import Options
from services.gateway.domain.access import Subject
from services.gateway.domain.changes import Move
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    Incident,
    IncidentGraph,
    IncidentStatus,
    InvestigationContent,
    InvestigationSnapshot,
    InvestigationState,
    Job,
    JobState,
    KeptInvestigation,
    Role,
)
from services.gateway.errors import StoreUnavailable
from services.gateway.handlers.change_incident import change_incident
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.note_clusters import note_clusters
from services.gateway.handlers.open_incident import open_incident
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.ports import RecordQuery
from shared.contracts.investigation import encode_investigation
from shared.contracts.messages import IncidentInvestigated, Results, ResultsRecorded
from tests.support.clock import FixedClock
from tests.support.disk_double import DiskDouble, PowerLoss, Survivors
from tests.support.investigations import an_investigation
from tests.support.memory_blobs import MemoryBlobs

ANN = Subject(id="token:ann", name="ann", role=Role.RESPONDER)
_indexes = count()


def open_on(disk, tmp_path, clock) -> JsonStore:
    index = tmp_path / f"index-{next(_indexes)}.sqlite"
    options = Options(files=disk, lock=False, views=False, compact_bytes=0, index_path=index)
    return open_json_store(tmp_path / "data", clock=clock, options=options)


def investigations(store: JsonStore) -> list[KeptInvestigation]:
    return store.list_records(KeptInvestigation, RecordQuery(oldest_first=True)).records


def report(store: JsonStore, asked: KeptInvestigation) -> ResultsRecorded:
    found = an_investigation(asked.incident_id, observed_at=asked.created_at)
    text = encode_investigation(found).decode()
    result = IncidentInvestigated(job_id=asked.job_id, attempt=1, snapshot="a" * 64, text=text)
    return record_results(
        store, Recorder(Judge(GroupingPolicy())), Results(results=(result,)), MemoryBlobs(FixedClock())
    )


def report_waiting(store: JsonStore) -> None:
    for asked in investigations(store):
        if asked.state is InvestigationState.QUEUED:
            report(store, asked)


def play(disk, tmp_path, clock) -> None:
    """Open an incident, investigate it, mitigate it, investigate again; stop where the power is lost."""
    store = None
    try:
        store = open_on(disk, tmp_path, clock)
        note_clusters(store, ["prod"], is_automatic=True)
        incident = store.transact(lambda tx: open_incident(tx, ANN, {"title": "down"}))
        report_waiting(store)
        for status in (IncidentStatus.INVESTIGATING, IncidentStatus.MITIGATED):
            store.transact(lambda tx, to=status: change_incident(tx, incident, ANN, {}, Move(to), None))
        report_waiting(store)
    except (PowerLoss, StoreUnavailable):
        pass
    finally:
        close(store)


def close(store: JsonStore | None) -> None:
    try:
        if store is not None:
            store.close()
    except PowerLoss:
        store._index.close()


def told(store: JsonStore, incident_id: str) -> list[str]:
    types = (chained.entry.type for chained in store.list_timeline(incident_id))
    return [one for one in types if one in {"investigated", "hypothesis_found", "change_found"}]


def assert_whole(store: JsonStore) -> None:
    """Every incident has been asked about as its status wants, and what is done is there with all that goes with it."""
    for incident in store.list_records(Incident, RecordQuery()).records:
        triggers = [one.trigger for one in investigations(store)]
        assert triggers == (["opened", "mitigated"] if incident.status is IncidentStatus.MITIGATED else ["opened"])
        done = [one for one in investigations(store) if one.state is InvestigationState.DONE]
        assert told(store, incident.id) == (["investigated", "hypothesis_found", "change_found"] if done else [])
    for asked in investigations(store):
        is_done = asked.state is InvestigationState.DONE
        assert (store.get(Job, asked.job_id).state is JobState.SUCCEEDED) == is_done
        assert (store.find(InvestigationContent, asked.id) is not None) == is_done
        assert (store.find(InvestigationSnapshot, asked.id) is not None) == is_done
        assert (store.get(IncidentGraph, asked.incident_id).queued_id != asked.id) == is_done


@pytest.mark.parametrize("survivors", Survivors)
def test_power_loss_at_every_operation_leaves_nothing_half_asked_and_nothing_half_kept(tmp_path, clock, survivors):
    undisturbed = DiskDouble()
    play(undisturbed, tmp_path, clock)
    reached = set()
    for number in range(1, len(undisturbed.operations) + 1):
        disk = DiskDouble(lambda n, _name, at=number: PowerLoss() if n == at else None)
        play(disk, tmp_path, clock)
        store = open_on(disk.after_power_loss(survivors), tmp_path, clock)
        try:
            assert_whole(store)
            reached.add(tuple(one.state for one in investigations(store)))
            # What was lost with the power is reported again, what was not is ignored.
            for asked in investigations(store):
                assert report(store, asked).recorded == (asked.state is not InvestigationState.DONE)
            assert_whole(store)
            assert {one.state for one in investigations(store)} <= {InvestigationState.DONE}
        finally:
            store.close()

    assert reached >= {(), ("queued",), ("done",), ("done", "queued")}, "the power was lost between each two"
