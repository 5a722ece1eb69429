"""One request to an API server: bounded in time, number and size, tried again where that may help, never raising."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import random
from threading import BoundedSemaphore
from time import monotonic, sleep
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from services.graph.adapters.kube_config import Account, Credentials, NoCluster

JSON = "application/json"
_CONNECT_SECONDS = 5.0
_CHUNK = 1 << 18
# No page and no log is that long; what is longer is no answer to what was asked.
_MOST_BYTES = 1 << 30
_MOST_TRIES = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
_UNAUTHORIZED, _TOO_MANY = 401, 429
_TRY_AGAIN = frozenset({_TOO_MANY, 500, 502, 503, 504})


class Trouble(StrEnum):
    """Why there is no whole answer."""

    NONE = ""
    TIMEOUT = "timeout"
    # Nobody listens there, or the name or certificate is wrong.
    UNREACHABLE = "unreachable"
    # The answer began and broke off.
    BROKEN_OFF = "broken_off"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: a status with its body; or a trouble, with what had come by then."""

    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    trouble: Trouble = Trouble.NONE
    reason: str = ""


@dataclass(slots=True)
class Deadline:
    """A moment after which nothing more is begun."""

    ends_at: float
    clock: Callable[[], float]

    @property
    def left(self) -> float:
        """The seconds that are left; never less than 0."""
        return max(0.0, self.ends_at - self.clock())

    def within(self, seconds: float) -> "Deadline":
        """Return the moment ``seconds`` from now, or this one where it comes first."""
        return Deadline(min(self.ends_at, self.clock() + seconds), self.clock)


class KubeHttp:
    """Requests of one account, ``connections`` of them at a time. Safe to use from many threads."""

    def __init__(
        self,
        account: Account,
        connections: int,
        clock: Callable[[], float] = monotonic,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        self._account = account
        self._slots = BoundedSemaphore(connections)
        self._clock = clock
        self._pause = pause
        # Set while nobody listens: then each request is tried once, so that a dead server is not hammered.
        self._is_down = False

    def deadline(self, seconds: float) -> Deadline:
        """Return the moment ``seconds`` from now."""
        return Deadline(self._clock() + seconds, self._clock)

    def get(
        self, path: str, query: Mapping[str, str], deadline: Deadline, *, accept: str = JSON, tries: int = _MOST_TRIES
    ) -> Answer:
        """Read ``path``."""
        return self._ask("GET", path, query, deadline, accept, None, tries)

    def post(self, path: str, body: bytes, deadline: Deadline) -> Answer:
        """Post ``body``. The only caller is the access review, which changes nothing."""
        return self._ask("POST", path, {}, deadline, JSON, body, _MOST_TRIES)

    def close(self) -> None:
        """Close the connections."""
        self._account.close()

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        deadline: Deadline,
        accept: str,
        body: bytes | None,
        tries: int,
    ) -> Answer:
        address = f"{path}?{urlencode(query)}" if query else path
        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "faultline-graph"}
        if body is not None:
            headers["Content-Type"] = JSON
        answer = self._once_as_account(method, address, headers, body, deadline)
        for tried in range(1, tries):
            wait = _pause_after(answer, tried)
            if wait is None or self._is_down or wait >= deadline.left:
                break
            self._pause(wait)
            answer = self._once_as_account(method, address, headers, body, deadline)
        return answer

    def _once_as_account(
        self, method: str, address: str, headers: dict[str, str], body: bytes | None, deadline: Deadline
    ) -> Answer:
        """Ask once; where the server refuses the credentials, once more with new ones."""
        try:
            credentials = self._account.credentials()
            answer = self._once(credentials, method, address, headers, body, deadline)
            if answer.status == _UNAUTHORIZED and self._account.renew(credentials, deadline.left):
                answer = self._once(self._account.credentials(), method, address, headers, body, deadline)
        except NoCluster as error:
            return Answer(trouble=Trouble.UNREACHABLE, reason=str(error))
        return answer

    def _once(
        self,
        credentials: Credentials,
        method: str,
        address: str,
        headers: dict[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        if not self._slots.acquire(timeout=deadline.left):
            return Answer(trouble=Trouble.TIMEOUT, reason="no connection became free in time")
        try:
            left = deadline.left
            if not left:
                return Answer(trouble=Trouble.TIMEOUT, reason="no time was left")
            response = credentials.pool.request(
                method,
                credentials.host + address,
                body=body,
                headers=headers | credentials.headers,
                timeout=Timeout(connect=min(_CONNECT_SECONDS, left), read=left),
                retries=False,
                # A redirect would carry the credentials to wherever it points.
                redirect=False,
                preload_content=False,
            )
            self._is_down = False
            return _read(response, deadline)
        except (HTTPError, OSError) as error:
            answer = _trouble(error)
            self._is_down = answer.trouble is Trouble.UNREACHABLE
            return answer
        except ValueError:
            # An address or a token that cannot stand in a request; the text would quote it.
            return Answer(trouble=Trouble.UNREACHABLE, reason="the configuration makes no valid request")
        finally:
            self._slots.release()


def _read(response: BaseHTTPResponse, deadline: Deadline) -> Answer:
    """Read the body as it comes, so that the deadline holds for a server that sends one byte now and then."""
    chunks: list[bytes] = []
    size, trouble, reason = 0, Trouble.NONE, ""
    try:
        while chunk := _read_some(response, deadline):
            chunks.append(chunk)
            size += len(chunk)
            if not deadline.left:
                trouble, reason = Trouble.TIMEOUT, f"the answer had not ended in time, after {size:,} bytes"
            elif size > _MOST_BYTES:
                trouble, reason = Trouble.BROKEN_OFF, f"the answer is longer than {_MOST_BYTES:,} bytes"
            else:
                continue
            break
        if not trouble and response.length_remaining:
            trouble, reason = Trouble.BROKEN_OFF, f"the answer broke off after {size:,} bytes"
    except ReadTimeoutError:
        trouble, reason = Trouble.TIMEOUT, f"the answer had not ended in time, after {size:,} bytes"
    except (HTTPError, OSError):
        trouble, reason = Trouble.BROKEN_OFF, f"the answer broke off after {size:,} bytes"
    if trouble:
        with suppress(HTTPError, OSError):
            response.close()
    else:
        response.release_conn()
    return Answer(response.status, b"".join(chunks), dict(response.headers), trouble, reason)


def _read_some(response: BaseHTTPResponse, deadline: Deadline) -> bytes:
    sock = getattr(response.connection, "sock", None)
    if sock is not None:
        # The time that was allowed when the request began is not allowed again for each part of the answer.
        sock.settimeout(max(0.01, deadline.left))
    return response.read1(_CHUNK)


def _trouble(error: Exception) -> Answer:
    """Say what met a request that brought no answer at all."""
    if isinstance(error, ReadTimeoutError):
        return Answer(trouble=Trouble.TIMEOUT, reason="the server did not answer in time")
    for sort, reason in _UNREACHABLE.items():
        if isinstance(error, sort):
            return Answer(trouble=Trouble.UNREACHABLE, reason=reason)
    if "certificate" in str(error).lower():
        return Answer(trouble=Trouble.UNREACHABLE, reason="the server's certificate is not trusted")
    return Answer(trouble=Trouble.BROKEN_OFF, reason="the connection broke off before an answer")


# In this order: the last of them is a base of the two before.
_UNREACHABLE: dict[type[Exception], str] = {
    LocationValueError: "the server's address is none",
    NameResolutionError: "the server's name is not known",
    NewConnectionError: "nobody listens at the server's address",
    ConnectTimeoutError: "the server did not accept a connection in time",
}


def _pause_after(answer: Answer, tried: int) -> float | None:
    """Return how long to wait before the next try; None where it would not help."""
    if answer.trouble is Trouble.BROKEN_OFF or answer.status in _TRY_AGAIN:
        asked = answer.headers.get("Retry-After", "")
        # Not all at the same moment: the jitter spreads what one failure of the server sent away together.
        grown: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tried)
        jittered = grown * (0.5 + random() / 2)  # noqa: S311 - no secret.
        return float(asked) + jittered if asked.isdigit() else jittered
    return None
