"""What the gateway's process sees to around its parts."""

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.gateway import main as process
from services.gateway.domain.records import Job
from services.gateway.ports import RecordQuery
from services.gateway.settings import Settings
from tests.support.gateway import GatewayUnderTest, a_gateway

PERIOD = timedelta(seconds=600)


@pytest.fixture
def collector_as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.enable()


def jobs(gw: GatewayUnderTest) -> int:
    return len(gw.gateway.store.list_records(Job, RecordQuery()).records)


def test_garbage_is_looked_for_again_once_it_has_started(
    monkeypatch: pytest.MonkeyPatch, collector_as_it_was: None
) -> None:
    seen: list[bool] = []

    def run(_settings: Settings, _stopping: threading.Event) -> int:
        seen.append(gc.isenabled())
        return 0

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setattr(process, "read_gateway_settings", lambda _: a_gateway(with_tokens=False).gateway.settings)
    monkeypatch.setattr(process, "configure_logging", lambda **_: None)
    monkeypatch.setattr(process.signal, "signal", lambda *_: None)
    gc.disable()

    assert process.main() == 0
    assert seen == [True]


def test_the_inventory_is_renewed_while_a_graph_worker_is_there_and_else_left() -> None:
    gw = a_gateway(with_tokens=False)
    heard = gw.relay.workers
    silent = tuple(replace(one, heard_seconds_ago=100.0) for one in heard)
    leaving = tuple(replace(one, is_leaving=True) for one in heard)
    seen = []
    for workers in ((), heard[:1], silent, leaving, heard):
        gw.relay.workers = workers
        process.renew_where_attended(gw.gateway, PERIOD)
        seen.append(jobs(gw))

    assert seen == [0, 0, 0, 0, 1]
