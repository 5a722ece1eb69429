"""The one way commands talk to the gateway: JSON over HTTP, every failure worded and given its exit code."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.text import one_line

_PAGE = 100
_CHUNK = 64 << 10
_CONNECT_SECONDS = 5.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BY_STATUS = {401: ExitCode.NOT_AUTHORISED, 403: ExitCode.NOT_AUTHORISED, 404: ExitCode.NOT_FOUND}

JsonObject = dict[str, Any]


def is_loopback(url: str) -> bool:
    """Answer whether ``url`` is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


class ApiClient:
    """Calls one gateway. Every method raises ``CommandFailed`` when the call does not succeed."""

    def __init__(self, url: str, token: str | None, *, timeout_seconds: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._timeouts = (_CONNECT_SECONDS, timeout_seconds)
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(url)  # No proxy between us and our own machine.
        self._session.headers["Accept"] = "application/json, application/problem+json"
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, timeout_seconds: float | None = None
    ) -> JsonObject:
        """Return the body of a GET."""
        return self._call("GET", path, params=params, timeout_seconds=timeout_seconds)

    def post(self, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> JsonObject:
        """Return the body of a POST; ``body`` is sent as JSON."""
        return self._call("POST", path, json=body, headers=headers)

    def put(self, path: str, body: object, *, headers: Mapping[str, str] | None = None) -> JsonObject:
        """Return the body of a PUT; ``body`` is sent as JSON."""
        return self._call("PUT", path, json=body, headers=headers)

    def patch(self, path: str, body: JsonObject) -> JsonObject:
        """Return the body of a PATCH."""
        return self._call("PATCH", path, json=body)

    def delete(self, path: str) -> JsonObject:
        """Return the body of a DELETE; empty if there is none."""
        return self._call("DELETE", path)

    def list_page(self, path: str, params: Mapping[str, Any], limit: int) -> JsonObject:
        """Return up to ``limit`` items as one page, following cursors: the last page, with all ``items``."""
        items: list[JsonObject] = []
        page: JsonObject = {}
        query = {name: value for name, value in params.items() if value not in (None, "", ())}
        while len(items) < limit:
            page = self.get(path, {**query, "limit": min(_PAGE, limit - len(items))})
            items += page["items"]
            cursor = page.get("nextCursor")
            if not cursor:
                break
            query["cursor"] = cursor
        return {**page, "items": items}

    def list_all(self, path: str, params: Mapping[str, Any]) -> Iterator[JsonObject]:
        """Yield every item, page by page."""
        query = dict(params)
        while True:
            page = self.get(path, {**query, "limit": _PAGE})
            yield from page["items"]
            if not page.get("nextCursor"):
                return
            query["cursor"] = page["nextCursor"]

    def read_text(self, path: str) -> str:
        """Return the body of a GET that is text."""
        response = self._send("GET", path, headers={"Accept": "text/*, application/problem+json"})
        if not response.ok:
            raise failure(response.status_code, _body(response))
        response.encoding = "utf-8"
        return response.text

    def download(self, path: str, target: Path, *, timeout_seconds: float) -> Mapping[str, str]:
        """Write the body of a GET to ``target``, which only its owner may read, and return the headers.

        The file has its name only once it is whole.
        """
        unfinished = target.with_name(f"{target.name}.tmp")
        headers = {"Accept": "*/*"}
        with self._send("GET", path, timeout_seconds=timeout_seconds, stream=True, headers=headers) as response:
            if not response.ok:
                raise failure(response.status_code, _body(response))
            try:
                unfinished.unlink(missing_ok=True)
                with open(unfinished, "xb", opener=_open_private) as file:
                    file.writelines(response.iter_content(_CHUNK))
                unfinished.replace(target)
            except requests.RequestException as error:
                raise CommandFailed(f"{self.url} broke off: {error}", ExitCode.UNREACHABLE) from error
            except OSError as error:
                raise CommandFailed(f"{target}: {error.strerror or error}") from error
            finally:
                with contextlib.suppress(OSError):
                    unfinished.unlink(missing_ok=True)
        return response.headers

    def probe(self, path: str) -> tuple[int, JsonObject]:
        """Return status and body of a GET, whatever the status."""
        response = self._send("GET", path)
        return response.status_code, _body(response)

    def open(
        self, path: str, params: Mapping[str, Any], *, headers: Mapping[str, str], silent_seconds: float
    ) -> requests.Response:
        """Return the answer of a GET before its body has come; silence of ``silent_seconds`` then breaks it off."""
        response = self._send("GET", path, params=params, headers=headers, stream=True, timeout_seconds=silent_seconds)
        if response.ok:
            response.encoding = "utf-8"
            return response
        with response:
            raise failure(response.status_code, _body(response))

    def _call(self, method: str, path: str, **arguments: Any) -> JsonObject:
        response = self._send(method, path, **arguments)
        if response.ok:
            return _body(response)
        raise failure(response.status_code, _body(response))

    def _send(
        self, method: str, path: str, *, timeout_seconds: float | None = None, **arguments: Any
    ) -> requests.Response:
        timeouts = self._timeouts if timeout_seconds is None else (_CONNECT_SECONDS, timeout_seconds)
        try:
            return self._session.request(method, self.url + path, timeout=timeouts, **arguments)
        except requests.Timeout as error:
            raise CommandFailed(f"{self.url} did not answer in time.", ExitCode.UNREACHABLE) from error
        except requests.ConnectionError as error:
            hint = "Is `faultline up` running? Else set FAULTLINE_URL."
            raise CommandFailed(f"Cannot reach Faultline at {self.url}. {hint}", ExitCode.UNREACHABLE) from error
        except requests.RequestException as error:
            raise CommandFailed(f"{self.url} cannot be used: {error}", ExitCode.USAGE) from error


def failure(status: int, problem: JsonObject) -> CommandFailed:
    """Return the error for an answer that is not 2xx, worded from its problem+json."""
    code = str(problem.get("code", ""))
    exit_code = ExitCode.DAMAGED if code.endswith("_damaged") else _BY_STATUS.get(status, ExitCode.FAILED)
    return CommandFailed(describe_problem(status, problem), exit_code, problem=problem or {"status": status})


def describe_problem(status: int, problem: JsonObject) -> str:
    """Word a problem+json in one line: title, detail, code, and each refused field."""
    title = str(problem.get("title") or f"The gateway answered {status}")
    detail = str(problem.get("detail") or "")
    text = title if not detail or detail == title else f"{title}: {detail}"
    if fields := _refused_fields(problem.get("errors")):
        text = f"{text.rstrip('.')}; {fields}"
    if allowed := problem.get("allowed"):
        text = f"{text.rstrip('.')}; allowed: {', '.join(map(str, allowed))}"
    code = problem.get("code")
    return one_line(f"{text} [{code}]" if code else text)


def _refused_fields(errors: object) -> str:
    if isinstance(errors, dict):
        return "; ".join(f"{name}: {_words(what)}" for name, what in errors.items())
    if isinstance(errors, list):
        return "; ".join(_field_error(error) for error in errors)
    return ""


def _field_error(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    name = error.get("field") or error.get("pointer") or error.get("name") or ""
    what = _words(error.get("detail") or error.get("message") or error.get("reason") or "")
    return f"{name}: {what}" if name else what


def _words(what: object) -> str:
    if isinstance(what, dict):
        return "; ".join(f"{name}: {_words(inner)}" for name, inner in what.items())
    return " ".join(map(str, what)) if isinstance(what, list) else str(what)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _body(response: requests.Response) -> JsonObject:
    try:
        body = response.json() if response.content else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {"items": body}
