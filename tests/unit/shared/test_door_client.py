import hashlib
from typing import Any

import pytest
import requests

from shared.adapters.door_client import DoorClient, DoorObserver, DoorRefused, DoorUnavailable
from shared.contracts.messages import Claim, Claimed, Hello, encode

HELLO = Hello(service="intake", worker="w", version="1", queues=("intake",))
CLAIM = Claim(job_id="job_1", attempt=1, worker="w")


class Wire(requests.adapters.BaseAdapter):
    """Answers with what a test lines up; an exception is raised. The last answer is given again and again."""

    def __init__(self, *answers: tuple[int, bytes] | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, response._content = answer
        response.request = request
        response.url = request.url or ""
        return response

    def close(self) -> None:
        pass


class WiredClient(DoorClient):
    """A client whose sessions lead to the test's wire, with a clock that moves when it sleeps."""

    def __init__(self, wire: Wire, observe: DoorObserver | None = None) -> None:
        self.seconds = 0.0
        super().__init__("http://door", "key", observe=observe, sleep=self._advance, monotonic=lambda: self.seconds)
        self.wire = wire

    def _advance(self, seconds: float) -> None:
        self.seconds += seconds

    def _open_session(self) -> requests.Session:
        session = super()._open_session()
        session.mount("http://", self.wire)
        return session


def test_a_gateway_that_restarts_is_waited_for() -> None:
    client = WiredClient(Wire(requests.ConnectionError(), (503, b""), requests.Timeout(), (204, b"")))

    client.hello(HELLO)

    assert len(client.wire.requests) == 4


def test_patience_ends_after_a_minute() -> None:
    client = WiredClient(Wire(requests.ConnectionError()))

    with pytest.raises(DoorUnavailable):
        client.hello(HELLO)
    assert 50 < client.seconds <= 60


def test_a_refusal_is_not_tried_again() -> None:
    client = WiredClient(Wire((422, b'{"code": "message_refused", "detail": "odd"}')))

    with pytest.raises(DoorRefused) as refused:
        client.hello(HELLO)
    assert (refused.value.status, refused.value.problem_code) == (422, "message_refused")
    assert len(client.wire.requests) == 1


def test_a_claim_is_given_or_not() -> None:
    given = encode(Claimed(token="t", lease_seconds=5))

    assert WiredClient(Wire((200, given))).claim(CLAIM) == Claimed(token="t", lease_seconds=5)
    assert WiredClient(Wire((409, b"{}"))).claim(CLAIM) is None
    with pytest.raises(DoorRefused):
        WiredClient(Wire((401, b"<html>"))).claim(CLAIM)


def test_a_damaged_blob_is_not_taken() -> None:
    digest = hashlib.sha256(b"right").hexdigest()

    assert WiredClient(Wire((200, b"right"))).get_blob(digest) == b"right"
    with pytest.raises(DoorUnavailable):
        WiredClient(Wire((200, b"wrong"))).get_blob(digest)


def test_an_answer_that_is_no_door_s_is_named() -> None:
    with pytest.raises(DoorUnavailable, match="address"):
        WiredClient(Wire((200, b"<html>"))).claim(CLAIM)


def test_the_key_goes_with_every_call_and_proxies_of_the_environment_are_not_used() -> None:
    client = DoorClient("http://door", "key")
    session = client._open_session()

    assert session.headers["Authorization"] == "Bearer key"
    assert not session.trust_env


class Heard:
    """Remembers what an observer of the door is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float, bool]] = []

    def __call__(self, call: str, seconds: float, *, failed: bool) -> None:
        self.calls.append((call, seconds, failed))


def test_each_call_is_told_of_once_with_all_its_tries() -> None:
    heard = Heard()
    client = WiredClient(Wire((503, b""), (503, b""), (204, b"")), heard)

    client.put_blob(b"x")

    assert [(call, failed) for call, _, failed in heard.calls] == [("put_blob", False)]
    assert heard.calls[0][1] == pytest.approx(client.seconds)
    assert client.seconds > 0


def test_a_call_that_came_to_nothing_is_told_as_such_and_a_refused_claim_is_none() -> None:
    heard = Heard()
    WiredClient(Wire((409, b"{}")), heard).claim(CLAIM)
    with pytest.raises(DoorRefused):
        WiredClient(Wire((401, b"{}")), heard).claim(CLAIM)
    with pytest.raises(DoorUnavailable):
        WiredClient(Wire(requests.ConnectionError()), heard).get_blob("0" * 64)

    assert [(call, failed) for call, _, failed in heard.calls] == [
        ("claim", False),
        ("claim", True),
        ("get_blob", True),
    ]


def test_a_hello_is_told_of_by_its_age_alone() -> None:
    heard = Heard()
    WiredClient(Wire((204, b"")), heard).hello(HELLO)

    assert heard.calls == []
