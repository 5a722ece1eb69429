"""One request to an API server, sent once: bounded in time and size, and clear about whether anything was sent."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlencode

import msgspec
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from services.actions.adapters.kube_account import Account, Credentials
from services.actions.errors import NoCluster

_CONNECT_SECONDS = 5.0
_CHUNK = 1 << 16
_UNAUTHORIZED = 401
# Objects are at most 1.5 MiB in etcd; a page of a list is at most 500 of them, and of pods of one node far less.
_MOST_BYTES = 32 << 20


class NotSent(Exception):
    """Nothing was sent: no connection came about, or no request could be made of it."""


class NoAnswer(Exception):
    """The request, or a part of it, was sent, and no whole answer came. ``status`` is 0 where not even that did."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class KubeHttp:
    """Requests of one account, each sent once; again only where credentials were refused, and so nothing was done."""

    def __init__(self, account: Account, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._account = account
        # How long one request may take in all.
        self._seconds = seconds
        self._clock = clock

    def send(
        self, method: str, path: str, query: Mapping[str, str], body: object = None, media: str = "application/json"
    ) -> Answer:
        """Return the answer. Raises ``NotSent`` or ``NoAnswer``."""
        address = f"{path}?{urlencode(query)}" if query else path
        headers = {"Accept": "application/json", "User-Agent": "faultline-actions"}
        data = None
        if body is not None:
            headers["Content-Type"] = media
            data = msgspec.json.encode(body)
        try:
            answer = self._once(self._account.credentials(), method, address, headers, data)
            if answer.status == _UNAUTHORIZED:
                self._account.renew()
                answer = self._once(self._account.credentials(), method, address, headers, data)
        except NoCluster as error:
            raise NotSent(str(error)) from None
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._account.close()

    def _once(
        self, credentials: Credentials, method: str, address: str, headers: dict[str, str], data: bytes | None
    ) -> Answer:
        ends_at = self._clock() + self._seconds
        try:
            response = credentials.pool.request(
                method,
                credentials.host + address,
                body=data,
                headers=headers | credentials.headers,
                timeout=Timeout(connect=min(_CONNECT_SECONDS, self._seconds), read=self._seconds),
                # One try: what was cut off may have been done.
                retries=False,
                # A redirect would carry the credentials, and the change, to wherever it points.
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, OSError) as error:
            raise _trouble(error) from None
        except ValueError:
            # An address or a token that cannot stand in a request; the text would quote it.
            raise NotSent("the configuration makes no valid request") from None
        return self._read(response, ends_at)

    def _read(self, response: BaseHTTPResponse, ends_at: float) -> Answer:
        """Read the body as it comes, so that the deadline holds for a server that sends one byte now and then."""
        chunks: list[bytes] = []
        size, reason = 0, ""
        try:
            while not reason and (chunk := _read_some(response, ends_at - self._clock())):
                chunks.append(chunk)
                size += len(chunk)
                if self._clock() >= ends_at:
                    reason = "the answer had not ended in time"
                elif size > _MOST_BYTES:
                    reason = f"the answer is longer than {_MOST_BYTES:,} bytes"
            if not reason and response.length_remaining:
                reason = "the answer broke off"
        except ReadTimeoutError:
            reason = "the answer had not ended in time"
        except (HTTPError, OSError):
            reason = "the answer broke off"
        if reason:
            with suppress(HTTPError, OSError):
                response.close()
            raise NoAnswer(reason, response.status)
        response.release_conn()
        return Answer(response.status, b"".join(chunks), dict(response.headers))


def _read_some(response: BaseHTTPResponse, left: float) -> bytes:
    sock = getattr(response.connection, "sock", None)
    if sock is not None:
        # The time that was allowed when the request began is not allowed again for each part of the answer.
        sock.settimeout(max(0.01, left))
    return response.read1(_CHUNK)


def _trouble(error: Exception) -> NotSent | NoAnswer:
    """Say what met a request that brought no answer, and above all whether it was sent."""
    if isinstance(error, ReadTimeoutError):
        return NoAnswer("the server did not answer in time")
    for sort, reason in _NOT_SENT.items():
        if isinstance(error, sort):
            return NotSent(reason)
    if isinstance(error, SSLError) and "certificate verify failed" in str(error).lower():
        # It is checked before anything is sent. Any other trouble of TLS may come later, such as a refused client.
        return NotSent("the server's certificate is not trusted")
    return NoAnswer("the connection broke off before an answer")


# In this order: the last of them is a base of the two before.
_NOT_SENT: dict[type[Exception], str] = {
    LocationValueError: "the server's address is none",
    NameResolutionError: "the server's name is not known",
    NewConnectionError: "nobody listens at the server's address",
    ConnectTimeoutError: "the server did not accept a connection in time",
    # It is raised only before the proxy has been reached.
    ProxyError: "the proxy before the server cannot be reached",
}
