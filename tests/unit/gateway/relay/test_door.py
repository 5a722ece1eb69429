import hashlib

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.gateway.api.door import create_door_app
from services.gateway.errors import StoreFull
from services.gateway.relay import ClaimRefused
from shared.adapters.clock import SystemClock
from shared.contracts.messages import (
    Beat,
    BeatAnswer,
    Claim,
    Claimed,
    Hello,
    JobFailed,
    Results,
    ResultsRecorded,
    encode,
)
from tests.support.memory_blobs import MemoryBlobs

KEY = "door-key-of-the-tests"
RESULTS = Results(results=(JobFailed(job_id="job_1", attempt=1, error="e", retryable=True),))


class Inside:
    """What stands behind the door: keeps what it is told."""

    def __init__(self) -> None:
        self.results: list[Results] = []
        self.hellos: list[Hello] = []
        self.error: Exception | None = None

    def record(self, results: Results) -> ResultsRecorded:
        if self.error is not None:
            raise self.error
        self.results.append(results)
        return ResultsRecorded(recorded=1, ignored=0)

    def claim(self, claim: Claim) -> Claimed:
        if claim.attempt > 1:
            raise ClaimRefused("attempt 1 is next, not 2")
        return Claimed(token="job_1.1", lease_seconds=5)

    def beat(self, beat: Beat) -> BeatAnswer:
        return BeatAnswer(cancel=beat.token != "job_1.1")

    def hello(self, hello: Hello) -> None:
        self.hellos.append(hello)


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def door(inside: Inside) -> FlaskClient:
    app = create_door_app(
        door_key=KEY,
        relay=inside,
        blobs=MemoryBlobs(SystemClock()),
        record_results=inside.record,
    )
    return app.test_client()


def post(door: FlaskClient, path: str, body: bytes, key: str = KEY) -> TestResponse:
    return door.post(path, data=body, headers={"Authorization": f"Bearer {key}"})


def problem(response: TestResponse) -> tuple[int, str]:
    assert response.content_type == "application/problem+json"
    return response.status_code, response.get_json()["code"]


def test_results_are_recorded(door: FlaskClient, inside: Inside) -> None:
    response = post(door, "/door/results", encode(RESULTS))

    assert response.get_json() == {"recorded": 1, "ignored": 0}
    assert inside.results == [RESULTS]


@pytest.mark.parametrize("key", ["", "wrong", KEY + "x", "ü"])
def test_without_the_key_nothing_opens(door: FlaskClient, inside: Inside, key: str) -> None:
    response = door.post("/door/results", data=encode(RESULTS), headers={"Authorization": f"Bearer {key}".strip()})

    assert problem(response) == (401, "unauthenticated")
    assert inside.results == []


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"no json", b'{"results": [{"type": "odd"}]}', b'{"results":' + b"[" * 9_999]
)
def test_a_body_that_is_no_message_is_refused(door: FlaskClient, body: bytes) -> None:
    assert problem(post(door, "/door/results", body)) == (422, "message_refused")


def test_an_unknown_schema_version_is_named(door: FlaskClient) -> None:
    body = encode(RESULTS).replace(b'"schemaVersion":1', b'"schemaVersion":2')

    assert problem(post(door, "/door/results", body)) == (422, "schema_version_unknown")


def test_more_than_sixteen_megabytes_of_results_are_refused(door: FlaskClient) -> None:
    assert problem(post(door, "/door/results", b" " * ((16 << 20) + 1))) == (413, "body_too_large")


def test_an_error_of_the_store_is_told_as_what_it_is(door: FlaskClient, inside: Inside) -> None:
    inside.error = StoreFull()

    assert problem(post(door, "/door/results", encode(RESULTS))) == (507, "storage_full")


def test_a_claim_is_given_once(door: FlaskClient) -> None:
    given = post(door, "/door/claim", encode(Claim(job_id="job_1", attempt=1, worker="w")))
    refused = post(door, "/door/claim", encode(Claim(job_id="job_1", attempt=2, worker="w")))

    assert msgspec.json.decode(given.data, type=Claimed).token == "job_1.1"
    assert problem(refused) == (409, "claim_refused")


def test_beats_and_hellos_arrive(door: FlaskClient, inside: Inside) -> None:
    hello = Hello(service="intake", worker="w", version="1", queues=("intake",))

    assert post(door, "/door/beat", encode(Beat(token="job_1.1"))).get_json() == {"cancel": False, "isCancelled": False}
    assert post(door, "/door/hello", encode(hello)).status_code == 204
    assert inside.hellos == [hello]


def test_blobs_go_in_and_out_by_their_digest(door: FlaskClient) -> None:
    content = b"\x00\xff" * 1_000
    path = f"/door/blobs/{hashlib.sha256(content).hexdigest()}"
    headers = {"Authorization": f"Bearer {KEY}"}

    assert problem(door.get(path, headers=headers)) == (404, "blob_not_found")
    assert problem(door.put(path, data=b"other", headers=headers)) == (422, "digest_mismatch")
    assert door.put(path, data=content, headers=headers).status_code == 204
    assert door.get(path, headers=headers).data == content


def test_a_digest_that_is_a_path_leads_nowhere(door: FlaskClient) -> None:
    response = door.get("/door/blobs/..%2Fsecret", headers={"Authorization": f"Bearer {KEY}"})

    assert response.status_code in {404, 422}
