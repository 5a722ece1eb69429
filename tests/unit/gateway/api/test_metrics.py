"""Each metric moves for what it promises, and only then."""

import msgspec
import pytest

from services.gateway.app import create_app
from services.gateway.domain.records import Delivery, DeliveryState, Job, Outcome, Role
from services.gateway.errors import StoreFull, StoreUnavailable
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.record_results import record_results
from shared.contracts.messages import DeliveryNormalised, DeliveryQuarantined, JobResult, Results, ResultsRecorded
from tests.support.action_calls import approve, approved, propose, read, with_incident
from tests.support.clock import FixedClock
from tests.support.gateway import GatewayUnderTest, NamedAssets, a_gateway
from tests.support.gateway_core import Gateway, a_report
from tests.support.memory_store import MemoryStore
from tests.support.metrics_page import metrics_of_page, metrics_of_text, shown, value_of

KEY = "the-key-of-the-metrics"


@pytest.fixture
def gw() -> GatewayUnderTest:
    return a_gateway()


def send(gw: GatewayUnderTest, source: str = "alertmanager", **headers: str) -> Delivery:
    """Send a delivery and return it as it was accepted."""
    answer = gw.post(f"/api/intake/{source}", data=b'{"a":1}', headers=headers)
    return gw.store.get(Delivery, (answer.json or {})["deliveryId"])


def report(gw: GatewayUnderTest, *results: JobResult) -> ResultsRecorded:
    """Report results as a worker does at the door."""
    recorded = record_results(gw.store, Gateway().recorder, Results(results=results))
    metrics = gw.app.extensions["faultline_metrics"]
    return metrics.count_results(recorded)


def of(delivery: Delivery, *signals) -> DeliveryNormalised:
    return DeliveryNormalised(job_id=delivery.job_id, attempt=1, delivery_id=delivery.id, signals=signals)


def unread(delivery: Delivery) -> DeliveryQuarantined:
    return DeliveryQuarantined(
        job_id=delivery.job_id, attempt=1, delivery_id=delivery.id, code="not_json", reason="It is not JSON."
    )


# --- what the page says ---------------------------------------------------------------------------


def test_the_page_names_what_the_gateway_serves_and_nothing_else():
    gw = with_incident()
    send(gw)

    assert metrics_of_text(gw.get("/metrics").text) == metrics_of_page("The gateway")


# --- deduplication --------------------------------------------------------------------------------


def test_a_repeat_of_a_delivery_is_deduplicated(gw: GatewayUnderTest):
    send(gw, **{"Idempotency-Key": "k-1"})
    assert shown(gw, "faultline_dedup_total", what="delivery") == 0

    send(gw, **{"Idempotency-Key": "k-1"})
    send(gw, **{"Idempotency-Key": "k-2"})

    assert shown(gw, "faultline_dedup_total", what="delivery") == 1
    assert shown(gw, "faultline_deliveries_accepted_total", source="alertmanager", repeat="yes") == 1
    assert shown(gw, "faultline_deliveries_accepted_total", source="alertmanager", repeat="no") == 2


def test_a_signal_that_joins_is_deduplicated_and_one_that_opens_is_not(gw: GatewayUnderTest):
    report(gw, of(send(gw), a_report("a")))
    assert shown(gw, "faultline_dedup_total", what="signal") == 0

    report(gw, of(send(gw), a_report("b"), a_report("a")))
    assert shown(gw, "faultline_dedup_total", what="signal") == 2

    report(gw, of(send(gw), a_report("a", "resolved"), a_report("b", "resolved")))
    assert shown(gw, "faultline_dedup_total", what="signal") == 2


def test_a_result_reported_again_is_deduplicated_and_its_signals_are_not_counted_again(gw: GatewayUnderTest):
    report(gw, of(send(gw), a_report("a")))
    again = of(send(gw), a_report("b"))
    report(gw, again)
    assert shown(gw, "faultline_dedup_total", what="result") == 0

    report(gw, again)
    report(gw, again, unread(send(gw)))

    assert shown(gw, "faultline_dedup_total", what="result") == 2
    assert shown(gw, "faultline_dedup_total", what="signal") == 1


# --- quarantine -----------------------------------------------------------------------------------


def test_what_nobody_could_read_is_counted_by_source(gw: GatewayUnderTest):
    report(gw, unread(send(gw, "sentry")), of(send(gw), a_report()))
    given_up = send(gw, "sentry")
    gw.store.transact(lambda tx: dead_letter(tx, tx.get(Job, given_up.job_id), attempt=5, code="lost", error="x"))

    assert shown(gw, "faultline_quarantined_total", source="sentry") == 2
    assert shown(gw, "faultline_quarantined_total", source="alertmanager") == 0


def test_what_was_read_again_for_a_preview_counts_nothing(gw: GatewayUnderTest):
    for outcome in (None, Outcome.QUARANTINED):
        read_again = msgspec.structs.replace(
            send(gw), state=DeliveryState.PREVIEWED, preview_id="pre_1", outcome=outcome
        )
        gw.store.transact(lambda tx, one=read_again: tx.put(one))

    assert shown(gw, "faultline_quarantined_total", source="alertmanager") == 0
    assert shown(gw, "faultline_dedup_total", what="signal") == 0


# --- approvals ------------------------------------------------------------------------------------


def waits(gw: GatewayUnderTest) -> tuple[float | None, float | None]:
    text = gw.get("/metrics", role=None).text
    name = "faultline_approval_wait_seconds"
    return value_of(text, f"{name}_count"), value_of(text, f"{name}_sum")


def test_an_approval_is_waited_for_from_the_proposal_and_counted_once():
    gw = with_incident()
    action = propose(gw)
    gw.clock.advance(90)
    assert waits(gw) == (0, 0)

    assert approve(gw, action).status_code == 200
    assert waits(gw) == (1, 90)
    text = gw.get("/metrics").text
    assert value_of(text, "faultline_approval_wait_seconds_bucket", le="60.0") == 0
    assert value_of(text, "faultline_approval_wait_seconds_bucket", le="120.0") == 1

    gw.clock.advance(1)
    assert approve(gw, read(gw, action)).status_code == 200
    assert gw.post(f"{action['href']}/execute", json={"succeeded": True, "result": "Done."}).status_code == 200
    assert read(gw, action)["state"] == "executed"
    assert waits(gw) == (1, 90)


def test_an_approval_that_needs_another_is_no_decision():
    gw = with_incident()
    action = propose(gw, risk="critical")
    gw.clock.advance(10)
    assert approve(gw, action).json["state"] == "pending"
    assert waits(gw) == (0, 0)

    gw.clock.advance(10)
    assert approve(gw, read(gw, action), token="flt_secret-of-cy").json["state"] == "approved"
    assert waits(gw) == (1, 20)


def test_a_rejection_is_a_decision_and_a_withdrawal_is_none():
    gw = with_incident()
    rejected, withdrawn = propose(gw), propose(gw)
    gw.clock.advance(30)
    gw.post(f"{rejected['href']}/approve", json={"approved": False, "reason": "Too risky now."})
    assert gw.call("POST", f"{withdrawn['href']}/withdraw", role=Role.RESPONDER, json={}).status_code == 200

    assert waits(gw) == (1, 30)


def test_a_restart_counts_no_decision_again():
    gw = with_incident()
    action = approved(gw)
    assert waits(gw)[0] == 1

    gw.app = create_app(gw.gateway, assets=NamedAssets())
    gw.clock.advance(1)
    gw.post(f"{action['href']}/execute", json={"succeeded": True, "result": "Done."})
    assert waits(gw) == (0, 0)


# --- the store ------------------------------------------------------------------------------------


def test_commits_are_timed_and_reads_and_refusals_are_not():
    class Full(MemoryStore):
        is_full = False

        def transact(self, work):
            def refuse(tx):
                work(tx)
                raise StoreFull

            return super().transact(refuse if self.is_full else work)

    store = Full(FixedClock())
    gw = a_gateway(store=store)
    before = shown(gw, "faultline_store_commit_seconds_count")
    gw.get("/api/incidents")
    store.is_full = True
    assert gw.post("/api/incidents", json={"title": "x"}).status_code == 507
    assert shown(gw, "faultline_store_commit_seconds_count") == before

    store.is_full = False
    gw.open_incident()
    assert (shown(gw, "faultline_store_commit_seconds_count") or 0) > (before or 0)
    assert shown(gw, "faultline_store_commit_seconds_bucket", le="+Inf") == shown(
        gw, "faultline_store_commit_seconds_count"
    )


def test_a_store_whose_index_does_not_answer_still_tells_that_it_takes_no_writes():
    class Stuck(MemoryStore):
        is_stuck = False

        def list_records(self, kind, query):
            return self._refuse() if self.is_stuck else super().list_records(kind, query)

        def list_incidents(self, query):
            return self._refuse()

        def _refuse(self):
            raise StoreUnavailable("the index cannot be written")

        def health(self):
            return "the disk is full"

    store = Stuck(FixedClock())
    gw = a_gateway(store=store)
    store.is_stuck = True

    assert shown(gw, "faultline_store_writable") == 0
    assert shown(gw, "faultline_jobs", queue="intake", state="waiting") == 0
    assert shown(gw, "faultline_incidents", status="new") is None


# --- connectors -----------------------------------------------------------------------------------


def test_a_source_is_up_while_its_newest_delivery_that_was_read_could_be(gw: GatewayUnderTest):
    assert shown(gw, "faultline_connector_up", kind="source", name="sentry") is None
    assert shown(gw, "faultline_source_last_delivery_seconds", source="sentry") is None

    bad = send(gw, "sentry")
    assert shown(gw, "faultline_connector_up", kind="source", name="sentry") == 1
    report(gw, unread(bad))
    assert shown(gw, "faultline_connector_up", kind="source", name="sentry") == 0
    gw.clock.advance(60)
    good = send(gw, "sentry")
    assert shown(gw, "faultline_connector_up", kind="source", name="sentry") == 0
    gw.clock.advance(5)
    assert shown(gw, "faultline_source_last_delivery_seconds", source="sentry") == 5
    report(gw, of(good))
    assert shown(gw, "faultline_connector_up", kind="source", name="sentry") == 1
    assert shown(gw, "faultline_connector_up", kind="source", name="alertmanager") is None


def test_what_was_read_again_for_a_preview_says_nothing_of_its_source(gw: GatewayUnderTest):
    report(gw, unread(send(gw, "sentry")))
    gw.clock.advance(60)
    for _ in range(30):
        preview = msgspec.structs.replace(send(gw, "sentry"), state=DeliveryState.PREVIEWED, preview_id="pre_1")
        gw.store.transact(lambda tx, one=preview: tx.put(one))

    assert shown(gw, "faultline_source_last_delivery_seconds", source="sentry") == 60
    assert shown(gw, "faultline_connector_up", kind="source", name="sentry") == 0


# --- who may read ---------------------------------------------------------------------------------


def test_with_a_key_only_who_shows_it_reads():
    gw = a_gateway(metrics_key=KEY)
    refused = gw.get("/metrics", role=None)

    assert (refused.status_code, refused.json["code"]) == (401, "metrics_key_needed")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="faultline"'
    assert refused.content_type == "application/problem+json"
    assert gw.get("/metrics", role=Role.ADMIN).status_code == 401
    assert gw.get("/metrics", token=f"{KEY}x").status_code == 401
    assert gw.get("/metrics", role=None, headers={"Authorization": f"bearer {KEY}"}).status_code == 200
    shown_key = gw.get("/metrics", token=KEY)
    assert shown_key.status_code == 200
    assert KEY not in shown_key.text


def test_the_key_of_the_metrics_opens_nothing_else():
    gw = a_gateway(metrics_key=KEY)

    assert gw.get("/api/me", token=KEY).status_code == 401


def test_the_build_says_what_runs(gw: GatewayUnderTest):
    assert shown(gw, "faultline_build_info", service="gateway", version="0.1.0") == 1
