"""How workers speak to the gateway's internal door."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol, TypeVar

import msgspec
import requests
import structlog

from shared.contracts.messages import Beat, BeatAnswer, Claim, Claimed, Hello, Results, ResultsRecorded, encode
from shared.errors import AppError, TransientError

log = structlog.get_logger(__name__)
T = TypeVar("T")

_CONNECT_SECONDS = 3.0
_READ_SECONDS = 30.0
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 2.0


class DoorUnavailable(TransientError):
    """The gateway did not answer in the time we had; its lease brings the work back."""

    code = "door_unavailable"
    title = "The gateway does not answer"


class DoorRefused(AppError):
    """The gateway answered that it will not: ``status`` and ``problem_code`` say what it said."""

    code = "door_refused"
    title = "The gateway refused"

    def __init__(self, status: int, problem_code: str, detail: str) -> None:
        super().__init__(f"{status} {problem_code}: {detail}")
        self.status = status
        self.problem_code = problem_code


class DoorObserver(Protocol):
    """Whoever wants to know how the door answers."""

    def __call__(self, call: str, seconds: float, *, failed: bool) -> None:
        """Hear of one call, all its tries together; ``failed``: it came to nothing. It must be quick and not raise."""
        ...


class _Problem(msgspec.Struct):
    code: str = ""
    detail: str = ""


class DoorClient:
    """One keep-alive connection to the door. Not safe to use from many threads, nor across a fork once used.

    While the gateway restarts, calls try again for ``patience_seconds``; repeating any of them is harmless.
    ``observe`` hears of each call but hello.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        patience_seconds: float = 60.0,
        observe: DoorObserver | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._patience = patience_seconds
        self._observe = observe
        self._sleep, self._monotonic = sleep, monotonic
        self._session: requests.Session | None = None

    def report(self, results: Results) -> ResultsRecorded:
        """Report results; they are on disk when this returns. Reporting them again records nothing."""
        with self._observed("results"):
            return _decode(self._call("POST", "/door/results", encode(results)), ResultsRecorded)

    def claim(self, claim: Claim) -> Claimed | None:
        """Begin an attempt; None if it is not ours to begin, or must not be done any more."""
        with self._observed("claim"):
            try:
                return _decode(self._call("POST", "/door/claim", encode(claim)), Claimed)
            except DoorRefused as refused:
                if refused.status in {HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
                    log.info("a claim was refused", job_id=claim.job_id, problem=refused.problem_code)
                    return None
                raise

    def beat(self, beat: Beat) -> BeatAnswer:
        """Renew the lease of a claimed attempt."""
        with self._observed("beat"):
            return _decode(self._call("POST", "/door/beat", encode(beat)), BeatAnswer)

    def hello(self, hello: Hello) -> None:
        """Say that we are here."""
        self._call("POST", "/door/hello", encode(hello))

    def get_blob(self, digest: str) -> bytes:
        """Return the bytes of a blob, checked against its digest."""
        with self._observed("get_blob"):
            content = self._call("GET", f"/door/blobs/{digest}")
            if hashlib.sha256(content).hexdigest() != digest:
                raise DoorUnavailable("a blob arrived damaged")
            return content

    def put_blob(self, content: bytes) -> str:
        """Keep ``content`` at the gateway and return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        with self._observed("put_blob"):
            self._call("PUT", f"/door/blobs/{digest}", content)
        return digest

    def close(self) -> None:
        """Drop the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    @contextmanager
    def _observed(self, call: str) -> Iterator[None]:
        began, failed = self._monotonic(), True
        try:
            yield
            failed = False
        finally:
            if self._observe is not None:
                self._observe(call, self._monotonic() - began, failed=failed)

    def _call(self, method: str, path: str, body: bytes = b"") -> bytes:
        deadline = self._monotonic() + self._patience
        wait = _FIRST_WAIT_SECONDS
        while True:
            problem = "it cannot be reached"
            try:
                response = self._send(method, path, body)
                if response.status_code < HTTPStatus.BAD_REQUEST:
                    return response.content
                problem = f"it answers {response.status_code}"
                if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise _refusal(response)
            except requests.RequestException as error:
                # The text of the error names the door's address only; its type is what helps.
                problem = f"it cannot be reached ({type(error).__name__})"
                self.close()
            if self._monotonic() + wait > deadline:
                raise DoorUnavailable(f"the gateway's door: {problem}")
            self._sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)

    def _send(self, method: str, path: str, body: bytes) -> requests.Response:
        if self._session is None:
            self._session = self._open_session()
        return self._session.request(
            method,
            self._url + path,
            data=body,
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=False,
        )

    def _open_session(self) -> requests.Session:
        session = requests.Session()
        # Proxies and CA bundles of the environment are not meant for the door.
        session.trust_env = False
        session.headers.update({"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"})
        return session


def _decode(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise DoorUnavailable("the door's answer cannot be read; is this its address?") from error


def _refusal(response: requests.Response) -> DoorRefused:
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    return DoorRefused(response.status_code, problem.code, problem.detail)
