from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.gateway.api.diagnosis_inputs import DiagnosisInput
from services.gateway.domain.records import (
    Action,
    ActionPreview,
    Activity,
    AttachedDiagnosis,
    ChainHead,
    Delivery,
    DeliveryBody,
    DeliveryState,
    EntryType,
    Group,
    Holdings,
    IdempotencyKey,
    Incident,
    IncidentStatus,
    Job,
    JobState,
    Role,
    Session,
    SessionEnd,
    Signal,
    Task,
    TaskState,
    audit_chain,
)
from services.gateway.handlers.add_task import add_task
from services.gateway.handlers.apply_retention import Retention, apply_retention, foresee_retention
from services.gateway.handlers.attach_diagnosis import attach_diagnosis, keep_diagnosis
from services.gateway.handlers.manage_sessions import Browser, begin_session, end_session
from services.gateway.handlers.manage_tokens import make_token, token_id_for
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import RecordQuery
from tests.support.actions import an_action
from tests.support.builders import ANN, a_signal
from tests.support.clock import START, FixedClock
from tests.support.diagnoses import a_large_diagnosis
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore
from tests.support.records import a_delivery, a_draft, a_job, an_incident

NOW = START + timedelta(days=400)
LATER = NOW + timedelta(days=91)


def ago(**time):
    return NOW - timedelta(**time)


@pytest.fixture
def store():
    return MemoryStore(FixedClock(NOW))


@pytest.fixture
def blobs():
    return MemoryBlobs(FixedClock(START))


def put(store, *records):
    store.transact(lambda tx: [tx.put(record) for record in records])


def test_old_ended_deliveries_go_with_their_bodies_and_blobs(store, blobs):
    old, kept = blobs.put(b"old"), blobs.put(b"kept")
    put(
        store,
        a_delivery("dlv_1", state=DeliveryState.PROCESSED, received_at=ago(days=31)),
        DeliveryBody(delivery_id="dlv_1", blob=old, received_at=ago(days=31)),
        a_delivery("dlv_2", state=DeliveryState.PROCESSED, received_at=ago(days=29)),
        DeliveryBody(delivery_id="dlv_2", blob=kept, received_at=ago(days=29)),
    )

    removed = apply_retention(store, blobs, Retention(), NOW)

    assert removed == {"delivery": 1, "blob": 1}
    assert store.find(DeliveryBody, "dlv_1") is None
    assert store.get(Delivery, "dlv_2").id == "dlv_2"
    assert blobs.get(kept) == b"kept"


def test_what_is_not_finished_stays_however_old(store, blobs):
    put(store, a_delivery("dlv_1", received_at=ago(days=300)), a_job("job_1", created_at=ago(days=300)))

    assert apply_retention(store, blobs, Retention(), NOW) == {}
    assert store.get(Job, "job_1").state is JobState.PENDING


def test_finished_jobs_and_idempotency_keys_go_with_age(store, blobs):
    put(
        store,
        *(a_job(f"job_{n}", state=JobState.SUCCEEDED, created_at=ago(days=40)) for n in range(450)),
        IdempotencyKey(key="ann:1", request_digest="", status=201, body="", created_at=ago(days=3)),
        IdempotencyKey(key="ann:2", request_digest="", status=201, body="", created_at=ago(days=1)),
    )

    assert apply_retention(store, blobs, Retention(), NOW) == {"job": 450, "idempotency": 1}


def test_zero_days_keeps_for_ever(store, blobs):
    put(store, a_job("job_1", state=JobState.FAILED, created_at=ago(days=399)))

    assert apply_retention(store, blobs, Retention(job_days=0), NOW) == {}


def test_ended_incidents_go_whole_when_asked_for(store, blobs):
    put(
        store,
        an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100), dedup_key="k"),
        an_incident("inc_2", status=IncidentStatus.NEW, updated_at=ago(days=100)),
        Activity(incident_id="inc_1", signal_count=1),
        Group(dedup_key="k", incident_id="inc_1", opened_at=ago(days=100)),
        a_signal(fingerprint="alertmanager:f", incident_id="inc_1"),
    )
    store.transact(lambda tx: tx.append("inc_1", a_draft()))

    assert apply_retention(store, blobs, Retention(), NOW) == {}
    assert apply_retention(store, blobs, Retention(incident_days=90), NOW) == {}, "its timeline is of today"
    assert apply_retention(store, blobs, Retention(incident_days=90), LATER) == {"incident": 1}

    assert store.find(Incident, "inc_1") is None
    assert store.find(Group, "k") is None
    assert store.find(Signal, "alertmanager:f") is None
    assert store.list_timeline("inc_1") == []
    assert store.find(Incident, "inc_2") is not None


def test_tasks_and_diagnoses_go_with_their_incident_and_a_blob_with_the_last_that_names_it(store, blobs):
    kept = keep_diagnosis(blobs, DiagnosisInput().load(a_large_diagnosis()))
    for name in ("inc_1", "inc_2"):
        put(store, an_incident(name, status=IncidentStatus.CLOSED, updated_at=ago(days=100)))
        store.transact(lambda tx, name=name: attach_diagnosis(tx, name, ANN, kept))
        task_id = store.transact(lambda tx, name=name: add_task(tx, name, ANN, {"title": "x"}))
        put(store, replace(store.get(Task, task_id), state=TaskState.DONE))
    reopened = replace(store.get(Incident, "inc_2"), status=IncidentStatus.INVESTIGATING)
    put(store, reopened)
    assert apply_retention(store, blobs, Retention(), NOW) == {}

    assert apply_retention(store, blobs, Retention(incident_days=90), LATER) == {"incident": 1}

    assert blobs.get(kept.digest)
    assert [task.incident_id for task in store.list_records(Task, RecordQuery()).records] == ["inc_2"]
    assert [one.incident_id for one in store.list_records(AttachedDiagnosis, RecordQuery()).records] == ["inc_2"]
    assert store.find(Holdings, "inc_1") is None

    put(store, replace(reopened, status=IncidentStatus.CLOSED))
    assert apply_retention(store, blobs, Retention(incident_days=90), LATER) == {"incident": 1, "blob": 1}
    assert store.list_records(Task, RecordQuery()).records == []
    assert store.list_records(AttachedDiagnosis, RecordQuery()).records == []


def test_an_open_task_keeps_its_incident_and_others_still_go(store, blobs):
    put(
        store,
        *(an_incident(f"inc_{n}", status=IncidentStatus.CLOSED, updated_at=ago(days=100 - n)) for n in range(300)),
    )
    for n in range(250):
        store.transact(lambda tx, n=n: add_task(tx, f"inc_{n}", ANN, {"title": "Raise the threshold"}))

    retention = Retention(incident_days=90, audit_days=0)
    assert apply_retention(store, blobs, retention, LATER + timedelta(days=300)) == {"incident": 50}
    assert store.find(Incident, "inc_0") is not None
    assert store.find(Incident, "inc_299") is None


def test_an_incident_that_comes_back_meanwhile_is_left_whole(store, blobs):
    put(
        store,
        an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100)),
        *(a_signal(fingerprint=f"alertmanager:{n}", incident_id="inc_1") for n in range(450)),
    )
    original, listed = store.list_records, []

    def list_records(kind, query):
        page = original(kind, query)
        if kind is Signal and query.parent == "inc_1" and not listed:
            listed.append(page)
            put(store, replace(store.get(Incident, "inc_1"), status=IncidentStatus.INVESTIGATING))
        return page

    store.list_records = list_records

    assert apply_retention(store, blobs, Retention(incident_days=90), NOW) == {}
    assert listed
    assert original(Signal, RecordQuery(parent="inc_1")).total == 450


def test_what_is_added_while_an_incident_is_dropped_goes_with_it_or_keeps_it(store, blobs):
    put(store, an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100)))
    original, added = store.transact, []

    def transact(work):
        """Add a task after the drop has read everything and before it commits."""

        def raced(tx):
            result = work(tx)
            if not added:
                added.append(original(lambda other: add_task(other, "inc_1", ANN, {"title": "x"})))
            return result

        return original(raced)

    store.transact = transact

    assert apply_retention(store, blobs, Retention(incident_days=90), NOW) == {}
    assert len(added) == 1
    assert store.find(Incident, "inc_1") is not None
    assert store.list_records(Task, RecordQuery()).total == 1


def test_tombstones_go_with_age_and_signals_of_incidents_stay(store, blobs):
    put(
        store,
        replace(a_signal(fingerprint="alertmanager:old", incident_id=None), last_seen_at=ago(days=31)),
        replace(a_signal(fingerprint="alertmanager:new", incident_id=None), last_seen_at=ago(days=1)),
        replace(a_signal(fingerprint="alertmanager:kept", incident_id="inc_1"), last_seen_at=ago(days=300)),
    )

    assert apply_retention(store, blobs, Retention(), NOW) == {"signal": 1}
    assert store.find(Signal, "alertmanager:old") is None


class StoreOverheard(MemoryStore):
    """Somebody else writes right after a list of ``kind`` was read, the first time."""

    interruption = None

    def meanwhile(self, kind, *records):
        self.interruption = kind, records

    def list_records(self, kind, query):
        page = super().list_records(kind, query)
        if page.records and self.interruption and kind is self.interruption[0]:
            records, self.interruption = self.interruption[1], None
            put(self, *records)
        return page


@pytest.fixture
def overheard():
    return StoreOverheard(FixedClock(NOW))


@pytest.mark.parametrize("moment", [Incident, Signal])
def test_an_incident_that_is_reopened_after_it_was_listed_stays_whole(overheard, blobs, moment):
    old = an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100))
    put(overheard, old, a_signal(fingerprint="alertmanager:f", incident_id="inc_1"))
    overheard.meanwhile(moment, replace(old, status=IncidentStatus.TRIAGE, updated_at=NOW))

    assert apply_retention(overheard, blobs, Retention(incident_days=90), NOW) == {}

    assert overheard.get(Incident, "inc_1").status is IncidentStatus.TRIAGE
    assert overheard.find(Signal, "alertmanager:f") is not None


def test_a_delivery_that_waits_again_after_it_was_listed_stays(overheard, blobs):
    old = a_delivery("dlv_1", state=DeliveryState.QUARANTINED, received_at=ago(days=31))
    put(
        overheard,
        old,
        DeliveryBody(delivery_id="dlv_1", text="{}", received_at=ago(days=31)),
        a_delivery("dlv_2", state=DeliveryState.PROCESSED, received_at=ago(days=31)),
    )
    overheard.meanwhile(Delivery, replace(old, state=DeliveryState.ACCEPTED))

    assert apply_retention(overheard, blobs, Retention(), NOW) == {"delivery": 1}

    assert overheard.find(DeliveryBody, "dlv_1") is not None
    assert overheard.find(Delivery, "dlv_2") is None


def test_a_list_that_names_only_what_stays_ends_the_run(blobs):
    class StaleStore(MemoryStore):
        """Its lists go on naming what was retried long ago."""

        def list_records(self, kind, query):
            return super().list_records(kind, replace(query, states=()))

    store = StaleStore(FixedClock(NOW))
    put(store, a_job("job_1", state=JobState.PENDING, created_at=ago(days=40)))

    assert apply_retention(store, blobs, Retention(), NOW) == {}
    assert store.get(Job, "job_1").state is JobState.PENDING


def test_an_incident_with_very_many_signals_goes_with_all_of_them(store, blobs):
    put(store, an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100)))
    put(store, *(a_signal(fingerprint=f"alertmanager:{n}", incident_id="inc_1") for n in range(450)))

    assert apply_retention(store, blobs, Retention(incident_days=90), NOW) == {"incident": 1}
    assert store.find(Signal, "alertmanager:449") is None


def test_an_incident_takes_its_actions_with_it_and_their_previews_and_blobs(store, blobs):
    gone, kept = blobs.put(b"of inc_1"), blobs.put(b"of inc_2")
    put(
        store,
        an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100)),
        an_incident("inc_2", status=IncidentStatus.TRIAGE, updated_at=ago(days=100)),
        *(an_action(id=f"act_{n}", incident_id="inc_1") for n in range(450)),
        an_action(id="act_kept", incident_id="inc_2"),
        ActionPreview(id="apv_1", action_id="act_1", incident_id="inc_1", blob=gone, created_at=ago(days=100)),
        ActionPreview(id="apv_2", action_id="act_kept", incident_id="inc_2", blob=kept, created_at=ago(days=100)),
    )

    assert apply_retention(store, blobs, Retention(), NOW) == {}
    assert apply_retention(store, blobs, Retention(incident_days=90), NOW) == {"incident": 1, "blob": 1}

    assert [store.find(Action, name) for name in ("act_0", "act_449")] == [None, None]
    assert store.find(ActionPreview, "apv_1") is None
    assert store.find(Action, "act_kept") is not None
    assert blobs.get(kept) == b"of inc_2"


def test_what_is_foreseen_is_what_the_next_run_removes(store, blobs):
    put(
        store,
        a_job("job_1", state=JobState.SUCCEEDED, created_at=ago(days=40)),
        a_job("job_2", state=JobState.SUCCEEDED, created_at=ago(days=1)),
        a_job("job_3", created_at=ago(days=300)),
        a_delivery("dlv_1", state=DeliveryState.QUARANTINED, received_at=ago(days=31)),
        a_signal(fingerprint="fp_1"),
        IdempotencyKey(key="ann:1", request_digest="", status=201, body="", created_at=ago(days=3)),
        an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100)),
        an_incident("inc_2", status=IncidentStatus.CLOSED, updated_at=ago(days=2)),
        an_incident("inc_3", updated_at=ago(days=300)),
    )
    retention = Retention(incident_days=90)

    foreseen = {one.kind: one for one in foresee_retention(store, retention, NOW)}
    removed = apply_retention(store, blobs, retention, NOW)

    assert {kind: one.to_remove for kind, one in foreseen.items() if one.to_remove} == removed
    assert foreseen["incident"].ids == ("inc_1",)
    assert (foreseen["incident"].records, foreseen["job"].records) == (2, 2)
    assert foreseen["job"].oldest_at == ago(days=40)
    assert all(not one.to_remove for one in foresee_retention(store, retention, NOW))


def test_what_is_kept_for_ever_is_foreseen_to_stay(store):
    put(store, an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=3_000)))

    incidents = next(one for one in foresee_retention(store, Retention(), NOW) if one.kind == "incident")

    assert (incidents.days, incidents.records, incidents.to_remove, incidents.ids) == (0, 1, 0, ())


# --- access and audit --------------------------------------------------------------------------------


def told(store, at=NOW):
    entries = store.list_timeline(audit_chain(at), limit=100)
    return [(one.entry.actor, one.entry.payload) for one in entries if one.entry.type is EntryType.RETENTION_APPLIED]


def test_what_goes_is_told_in_the_audit_log_and_an_idle_run_tells_nothing(store, blobs):
    put(store, a_job("job_1", state=JobState.FAILED, created_at=ago(days=40)))
    apply_retention(store, blobs, Retention(), NOW)
    apply_retention(store, blobs, Retention(), NOW)

    assert told(store) == [("system", {"removed": {"job": 1}})]


def test_an_incident_goes_in_the_commit_that_tells_of_it(store, blobs):
    put(store, an_incident("inc_1", status=IncidentStatus.CLOSED, updated_at=ago(days=100)))
    store.transact(lambda tx: tx.append("inc_1", a_draft()))
    head, seq = store.get(ChainHead, "inc_1"), store.last_seq
    apply_retention(store, blobs, Retention(incident_days=90), LATER)

    assert told(store) == [
        ("system", {"incidentId": "inc_1", "number": 1, "entries": 1, "headHash": head.hash}),
    ]
    assert store.last_seq == seq + 1


@pytest.fixture
def months():
    """A store whose audit log began 400 days ago, with one entry a day."""
    clock = FixedClock(START)
    store = MemoryStore(clock)
    for _ in range(400):
        store.transact(lambda tx: write_audit(tx, EntryType.RULES_CHANGED, "token:ann", "x"))
        clock.advance(86_400)
    return store


def chains(store):
    heads = [store.find(ChainHead, audit_chain(START + timedelta(days=30.5 * n))) for n in range(14)]
    return [head.incident_id for head in heads if head is not None]


def test_whole_months_of_the_audit_log_go_and_the_rest_stays_whole(months, blobs):
    before = chains(months)
    removed = apply_retention(months, blobs, Retention(audit_days=100), NOW)
    left = chains(months)

    assert removed == {"audit_month": len(before) - len(left)}
    assert left == before[-len(left) :]
    assert 3 <= len(left) <= 5
    found = verify_chains(months, limit=10)
    assert (found.audit_months, found.problems) == (len(left), [])
    assert all(set(payload) == {"month", "entries", "headHash"} for _, payload in told(months))
    assert apply_retention(months, blobs, Retention(audit_days=100), NOW) == {}


@pytest.mark.parametrize("days", [0, 500])
def test_an_audit_log_within_its_retention_stays(months, blobs, days):
    before = chains(months)

    assert apply_retention(months, blobs, Retention(audit_days=days), NOW) == {}
    assert chains(months) == before


def test_ended_sessions_go_with_age_and_live_ones_stay(blobs):
    clock = FixedClock(START)
    store = MemoryStore(clock)
    store.transact(lambda tx: make_token(tx, name="ann", role=Role.VIEWER, secret="flt_ann", created_by="test"))
    browser = Browser(secret="fls_1", address="", user_agent="")
    ended, live = (
        store.transact(lambda tx: begin_session(tx, token_id_for("ann"), browser, timedelta(days=1), live=[]))
        for _ in range(2)
    )
    store.transact(lambda tx: end_session(tx, ended, "token:ann", SessionEnd.SIGNED_OUT))

    assert apply_retention(store, blobs, Retention(), START + timedelta(days=29)) == {}
    assert apply_retention(store, blobs, Retention(), START + timedelta(days=31)) == {"session": 1}
    assert store.find(Session, ended) is None
    assert store.find(Session, live) is not None
