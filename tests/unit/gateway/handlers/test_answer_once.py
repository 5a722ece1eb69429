import pytest

from services.gateway.domain.records import IdempotencyKey, Incident
from services.gateway.handlers.answer_once import Answer, answer_once, guard_request
from tests.support.builders import an_incident
from tests.support.clock import FixedClock
from tests.support.memory_store import MemoryStore

GUARD = guard_request("token:ann", "key", b"POST", b"/x", b"{}")


class Died(Exception):
    pass


def test_a_crash_between_effect_and_answer_still_gives_one_effect_and_an_answer():
    store = MemoryStore(FixedClock())
    made: list[str] = []

    def work(tx) -> str:
        incident = an_incident()
        tx.put(incident)
        made.append(incident.id)
        return incident.id

    def die(reference: str) -> Answer:
        raise Died

    with pytest.raises(Died):
        answer_once(store, GUARD, work, die)
    answer = answer_once(store, GUARD, work, lambda reference: Answer(201, f"made {reference}"))
    again = answer_once(store, GUARD, work, die)

    assert len(made) == 1
    assert answer.body == again.body == f"made {made[0]}"
    assert (answer.is_repeat, again.is_repeat) == (True, True)
    assert store.get(Incident, made[0]).number == 1


def test_the_key_is_in_the_same_commit_as_the_effect():
    store = MemoryStore(FixedClock())
    seen = []
    store.subscribe(lambda committed: seen.append({record.KIND for record in committed.puts}))
    answer_once(store, GUARD, lambda tx: tx.put(an_incident()) or "x", lambda _: Answer(201, "made"))

    assert {"incident", "idempotency"} <= seen[0]


def test_without_a_key_nothing_is_kept():
    store = MemoryStore(FixedClock())
    answer_once(store, None, lambda tx: tx.put(an_incident()) or "x", lambda _: Answer(201, "made"))

    assert store.find(IdempotencyKey, GUARD.key) is None


def test_parts_of_a_request_cannot_be_shifted_into_each_other():
    one = guard_request("s", "k", b"ab", b"c")
    other = guard_request("s", "k", b"a", b"bc")

    assert one.request_digest != other.request_digest
