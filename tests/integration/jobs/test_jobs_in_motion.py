import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from services.gateway.domain.records import DeliveryState, JobState, Outcome
from services.gateway.ports import IncidentQuery
from tests.integration.jobs.rig import ROOT, Rig, end, pool_of, running_rig

SAMPLES = ROOT / "data" / "samples" / "alertmanager"
FIRING = (SAMPLES / "01_firing.json").read_bytes()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running_rig(tmp_path) as rig:
        yield rig


def _an_alert(number: int) -> bytes:
    body = msgspec.json.decode(FIRING)
    alert = body["alerts"][0]
    alert["fingerprint"] = f"{number:016x}"
    alert["labels"]["alertname"] = f"Alert{number}"
    return msgspec.json.encode(body)


def _incident_count(rig: Rig) -> int:
    return rig.store.list_incidents(IncidentQuery()).total


def test_a_delivery_becomes_an_incident_and_its_job_succeeds(rig: Rig) -> None:
    with rig.worker():
        delivery_id = rig.accept(FIRING)
        (delivery,) = rig.wait_until_done([delivery_id])

    assert delivery.outcome is Outcome.OPENED
    assert rig.job(delivery_id).state is JobState.SUCCEEDED
    assert rig.job(delivery_id).attempt == 1


def test_a_poor_delivery_among_good_ones_is_quarantined_alone(rig: Rig) -> None:
    ids = [rig.accept(_an_alert(1)), rig.accept(b"{"), rig.accept(_an_alert(2)), rig.accept(b"\xff\xfe")]
    with rig.worker():
        deliveries = rig.wait_until_done(ids)

    states = [delivery.state for delivery in deliveries]
    assert states == [DeliveryState.PROCESSED, DeliveryState.QUARANTINED] * 2
    assert {deliveries[1].code, deliveries[3].code} == {"not_json"}


def test_a_body_too_big_for_a_message_travels_as_a_blob(rig: Rig) -> None:
    body = msgspec.json.decode(FIRING)
    body["alerts"] = [body["alerts"][0] | {"fingerprint": f"{number:016x}"} for number in range(100)]
    with rig.worker():
        (delivery,) = rig.wait_until_done([rig.accept(msgspec.json.encode(body))])

    assert len(delivery.signals) == 100


def test_what_a_flushed_broker_forgot_is_handed_again_and_recorded_once(rig: Rig) -> None:
    ids = [rig.accept(_an_alert(number)) for number in range(200)]
    rig.wait_for(lambda: rig.relay.stats().queues["intake"].messages > 0, "a message in the broker")
    rig.valkey.flush()
    with rig.worker():
        deliveries = rig.wait_until_done(ids)

    assert [delivery.outcome for delivery in deliveries] == [Outcome.OPENED] * 200
    assert _incident_count(rig) == 200


def test_what_a_killed_worker_had_in_hand_is_done_by_the_next(rig: Rig) -> None:
    first = rig.start_worker()
    rig.wait_for_hello()
    # Stopped, it takes messages from nobody's sight: what it has read is lost with it.
    first.send_signal(signal.SIGSTOP)
    ids = [rig.accept(_an_alert(number)) for number in range(100)]
    rig.wait_for(lambda: rig.relay.stats().queues["intake"].handed > 0, "work handed")
    end(first)
    with rig.worker():
        deliveries = rig.wait_until_done(ids)

    assert [delivery.outcome for delivery in deliveries] == [Outcome.OPENED] * 100
    assert _incident_count(rig) == 100


def _some_of_pool(rig: Rig, worker: subprocess.Popen[bytes]) -> int:
    looks: list[list[int]] = []

    def is_there() -> bool:
        # What is used is what was seen: after a kill the pool is empty for a moment.
        looks.append(pool_of(worker))
        return bool(looks[-1])

    rig.wait_for(is_there, "a pool")
    return looks[-1][0]


def test_a_killed_pool_process_costs_nothing_but_time(rig: Rig) -> None:
    with rig.worker() as worker:
        rig.wait_for_hello()
        ids = []
        for number in range(60):
            ids.append(rig.accept(_an_alert(number)))
            if number in (10, 30):
                os.kill(_some_of_pool(rig, worker), signal.SIGKILL)
        deliveries = rig.wait_until_done(ids)

    assert [delivery.outcome for delivery in deliveries] == [Outcome.OPENED] * 60
    assert _incident_count(rig) == 60


def test_a_broker_that_dies_with_all_its_data_loses_nothing(rig: Rig) -> None:
    with rig.worker():
        rig.wait_for_hello()
        ids = [rig.accept(_an_alert(number)) for number in range(50)]
        rig.valkey.kill()
        ids += [rig.accept(_an_alert(number)) for number in range(50, 100)]
        rig.wait_for(lambda: rig.relay.stats().broker_problem is not None, "the relay to notice")
        rig.valkey.start()
        deliveries = rig.wait_until_done(ids)

    assert [delivery.outcome for delivery in deliveries] == [Outcome.OPENED] * 100
    assert rig.relay.stats().broker_problem is None


def test_while_no_worker_is_there_the_broker_holds_only_the_window(rig: Rig) -> None:
    for number in range(2_000):
        rig.accept(_an_alert(number))
    rig.wait_for(lambda: rig.relay.stats().queues["intake"].messages == 8, "a full window")

    with rig.valkey.client as client:
        assert client.llen("intake") <= 8 + 4  # A probe now and then, at growing intervals.
    assert rig.relay.backlog("intake") == 2_000
