"""Every source tells the same story: it fires, repeats, resolves, fires again; in order, reordered, and twice."""

from datetime import timedelta
from itertools import permutations

import pytest

from services.gateway.domain.records import Activity, Signal
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.reading import Reading
from shared.contracts.signal import SignalStatus
from tests.connectors.stories import NOW, SOURCES, STORIES
from tests.support.gateway_core import Gateway, normalised

every_source = pytest.mark.parametrize("source", STORIES)
FIRING, RESOLVED = SignalStatus.FIRING, SignalStatus.RESOLVED


def tell(source: str, at=NOW):
    """Return the one signal of each sample of the story, each received a minute after the one before."""
    story = STORIES[source]
    read = [one.read(at + timedelta(minutes=minute)) for minute, one in enumerate(story)]
    return [signals[0] for signals, *_ in read]


@every_source
def test_the_story_is_about_one_problem(source):
    signals = tell(source)

    assert {signal.fingerprint for signal in signals} == {signals[0].fingerprint}
    assert signals[0].fingerprint.startswith(f"{source}:")
    assert [signal.status for signal in signals] == [FIRING, FIRING, RESOLVED, FIRING]
    assert signals[2].ends_at is not None
    assert all(signal.ends_at is None for signal in signals if signal.status is FIRING)
    assert all(signal.title and signal.name for signal in signals)


@every_source
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_whatever_order_it_is_processed_it_ends_the_same(source, order):
    gateway = Gateway()
    results = []
    for one in STORIES[source]:
        name = gateway.accept()
        results.append(normalised(name, *one.read(gateway.clock.now()).signals))
        gateway.clock.advance(60)

    for place in order:
        gateway.record(results[place])
        gateway.record(results[place])
    kept = gateway.store.get(Signal, tell(source)[0].fingerprint)

    assert kept.status is FIRING
    assert kept.count == 4
    open_ones = [incident for incident in gateway.incidents() if incident.dedup_key]
    assert len({incident.dedup_key for incident in open_ones}) == len(open_ones)
    assert gateway.store.get(Activity, kept.incident_id).firing_count >= 1


@every_source
def test_its_end_resolves_the_incident(source):
    gateway = Gateway()
    for one in STORIES[source][:3]:
        gateway.deliver(*one.read(gateway.clock.now()).signals)
        gateway.clock.advance(60)
    gateway.pass_time(minutes=5)

    assert {incident.status for incident in gateway.incidents()} == {"resolved"}


BROKEN = {
    "not JSON": b'{"a": ',
    "not UTF-8": b"\xff\xfe",
    "a number": b"7",
    "a list of numbers": b"[1, 2]",
    "an empty object": b"{}",
    "too deep": b"[" * 5_000,
    "wrong types": b'{"version": 4, "alerts": 1, "event_action": 7, "action": 7, "alert": 7, "data": 7, "message": 7}',
}


@every_source
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_it_never_sends_is_quarantined_with_a_reason(source, body):
    with pytest.raises(NotUnderstood) as caught:
        SOURCES[source](Reading(body, NOW))

    assert caught.value.code
    assert len(caught.value.reason) > 10
