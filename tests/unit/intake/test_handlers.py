from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.mapping import Mapping
from services.intake.handlers import make_sources, normalise_delivery, work_off
from shared.adapters.door_client import DoorRefused
from shared.contracts.messages import (
    Claim,
    Claimed,
    DeliveryNormalised,
    DeliveryQuarantined,
    DeliveryToNormalise,
    JobFailed,
    JobResult,
    NormaliseDeliveries,
    Results,
    ResultsRecorded,
    decode_results,
    encode,
)
from shared.errors import TransientError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOURCES = make_sources(Mapping())
GOOD = '{"title": "disk"}'


class FakeDoor:
    """Keeps what is reported; hands out the blobs and refuses the claims a test sets."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.reports: list[Results] = []

    def get_blob(self, digest: str) -> bytes:
        if digest not in self.blobs:
            raise TransientError("the gateway does not answer")
        return self.blobs[digest]

    def claim(self, claim: Claim) -> Claimed | None:
        return None if claim.job_id in self.refused else Claimed(token="t", lease_seconds=5)

    def report(self, results: Results) -> ResultsRecorded:
        # Over the wire and back: whatever is reported can be read by the gateway.
        self.reports.append(decode_results(encode(results)))
        return ResultsRecorded(recorded=len(results.results), ignored=0)

    @property
    def results(self) -> list[JobResult]:
        return [result for report in self.reports for result in report.results]


def a_delivery(number: int = 1, body: str | None = GOOD, source: str = "webhook", **fields: Any) -> DeliveryToNormalise:
    return DeliveryToNormalise(
        job_id=f"job_{number}",
        attempt=1,
        delivery_id=f"dlv_{number}",
        source=source,
        received_at=NOW,
        body=body,
        **fields,
    )


def a_message(*deliveries: DeliveryToNormalise, claim: bool = False) -> NormaliseDeliveries:
    return NormaliseDeliveries(message_id="msg_1", deliveries=deliveries, claim=claim)


def many(count: int, **fields: str) -> str:
    return msgspec.json.encode([{"title": f"disk {n}", **fields} for n in range(count)]).decode()


def test_one_bad_delivery_never_spoils_its_batch() -> None:
    door = FakeDoor()
    message = a_message(
        a_delivery(1),
        a_delivery(2, "no json"),
        a_delivery(3, source="unheard-of"),
        a_delivery(4, None, blob="missing"),
        a_delivery(5),
    )

    work_off(message, SOURCES, door, worker="w")

    kinds = [type(result) for result in door.results]
    assert kinds == [DeliveryNormalised, DeliveryQuarantined, DeliveryQuarantined, JobFailed, DeliveryNormalised]
    assert [result.job_id for result in door.results] == [f"job_{n}" for n in range(1, 6)]
    assert len(door.reports) == 1


def test_a_body_that_is_a_blob_is_fetched() -> None:
    door = FakeDoor()
    door.blobs["d1"] = b'{"title": "from a blob"}'

    result = normalise_delivery(a_delivery(body=None, blob="d1"), SOURCES, door)

    assert isinstance(result, DeliveryNormalised)
    assert result.signals[0].title == "from a blob"


def test_a_blob_that_cannot_be_had_now_is_tried_again() -> None:
    result = normalise_delivery(a_delivery(body=None, blob="d1"), SOURCES, FakeDoor())

    assert isinstance(result, JobFailed)
    assert result.retryable


def test_a_defect_of_ours_quarantines_its_delivery_and_shows_nothing_of_it() -> None:
    def broken(body: str | bytes, received_at: datetime) -> Any:
        raise ZeroDivisionError("secret")

    result = normalise_delivery(a_delivery(), {"webhook": broken}, FakeDoor())

    assert isinstance(result, DeliveryQuarantined)
    assert (result.code, "secret" in result.reason) == ("normaliser_failed", False)


def test_work_that_was_lost_before_is_claimed_first_and_left_if_refused() -> None:
    door = FakeDoor()
    door.refused = {"job_1"}

    work_off(a_message(a_delivery(1), a_delivery(2), claim=True), SOURCES, door, worker="w")

    assert [result.job_id for result in door.results] == ["job_2"]


def test_large_batches_are_reported_in_several_parts() -> None:
    door = FakeDoor()
    large = many(200, description="x" * 4_000)

    work_off(a_message(*(a_delivery(n, large) for n in range(5))), SOURCES, door, worker="w")

    assert [len(report.results) for report in door.reports] == [2, 2, 1]
    assert [result.job_id for result in door.results] == [f"job_{n}" for n in range(5)]


def test_a_body_that_leaves_little_behind_weighs_little() -> None:
    door = FakeDoor()
    wordy = '{"title": "' + "x" * 400_000 + '"}'

    work_off(a_message(*(a_delivery(n, wordy) for n in range(6))), SOURCES, door, worker="w")

    assert [len(report.results) for report in door.reports] == [6]


def test_reports_are_cut_at_a_thousand_signals() -> None:
    door = FakeDoor()

    work_off(a_message(*(a_delivery(n, many(400)) for n in range(5))), SOURCES, door, worker="w")

    assert [len(report.results) for report in door.reports] == [2, 2, 1]


def test_a_delivery_larger_than_a_report_travels_alone() -> None:
    door = FakeDoor()
    deliveries = [a_delivery(1), a_delivery(2, many(1_001)), a_delivery(3)]

    work_off(a_message(*deliveries), SOURCES, door, worker="w")

    assert [[r.job_id for r in report.results] for report in door.reports] == [["job_1"], ["job_2"], ["job_3"]]


class RefusingDoor(FakeDoor):
    """Refuses every report that holds a result of a job in ``sick``; with ``deaf`` also to hear of its failure."""

    def __init__(self, *sick: str, status: int = 413, deaf: bool = False) -> None:
        super().__init__()
        self.sick, self.status, self.deaf = sick, status, deaf
        self.asked = 0

    def report(self, results: Results) -> ResultsRecorded:
        self.asked += 1
        for result in results.results:
            if result.job_id in self.sick and (self.deaf or not isinstance(result, JobFailed)):
                raise DoorRefused(self.status, "change_too_large", "more than 3 changes in one transaction")
        return super().report(results)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_result_refused_for_good_fails_its_own_job_with_the_reason_of_the_door(status: int) -> None:
    door = RefusingDoor("job_2", status=status)

    work_off(a_message(a_delivery(1), a_delivery(2), a_delivery(3)), SOURCES, door, worker="w")

    assert [type(result) for result in door.results] == [DeliveryNormalised, JobFailed, DeliveryNormalised]
    failed = door.results[1]
    assert isinstance(failed, JobFailed)
    assert (failed.job_id, failed.attempt, failed.retryable) == ("job_2", 1, False)
    assert f"{status} change_too_large: more than 3 changes" in failed.error


def test_a_refusal_that_is_refused_too_is_left_to_its_lease_and_the_rest_goes_on() -> None:
    door = RefusingDoor("job_1", deaf=True)

    work_off(a_message(a_delivery(1), a_delivery(2)), SOURCES, door, worker="w")

    assert [result.job_id for result in door.results] == ["job_2"]


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429])
def test_a_refusal_that_says_nothing_of_the_content_costs_no_delivery(status: int) -> None:
    door = RefusingDoor("job_1", status=status)

    with pytest.raises(DoorRefused):
        work_off(a_message(a_delivery(1), a_delivery(2)), SOURCES, door, worker="w")

    assert (door.asked, door.results) == (1, [])


_KEYS = st.sampled_from(
    [
        *("title", "status", "severity", "labels", "tags", "startsAt", "alerts", "version", "annotations", "id"),
        *("fingerprint", "items", "event", "timestamp", "endsAt", "service", "url", "truncatedAlerts", "x"),
    ],
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["4", "firing", "resolved", "2026-11-23T12:00:00Z", "0001-01-01T00:00:00+14:00", "1e400"])
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)
_ALERTS = st.lists(st.dictionaries(_KEYS, _JSON, max_size=6) | _JSON, max_size=4)
_BODIES = (
    _JSON.map(lambda value: msgspec.json.encode(value).decode())
    | _ALERTS.map(lambda alerts: msgspec.json.encode({"version": "4", "alerts": alerts}).decode())
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
)


@given(st.lists(st.tuples(_BODIES, st.sampled_from(["alertmanager", "webhook", "other"])), max_size=4))
def test_whatever_comes_every_delivery_gets_exactly_one_result(bodies: list[tuple[str, str]]) -> None:
    door = FakeDoor()
    deliveries = [a_delivery(n, body, source) for n, (body, source) in enumerate(bodies)]

    work_off(a_message(*deliveries), SOURCES, door, worker="w")

    assert [result.job_id for result in door.results] == [delivery.job_id for delivery in deliveries]
    for result in door.results:
        assert not isinstance(result, JobFailed)
        assert getattr(result, "code", "") != "normaliser_failed"


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_get_a_result(content: bytes) -> None:
    door = FakeDoor()
    door.blobs["d"] = content

    for source in SOURCES:
        result = normalise_delivery(a_delivery(body=None, blob="d", source=source), SOURCES, door)
        assert getattr(result, "code", "") != "normaliser_failed"
