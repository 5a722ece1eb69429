"""Follow a stream of server-sent events, and go on after the last of them when the connection breaks."""

import json
import time
from collections.abc import Iterable, Iterator

import requests

from services.cli.api_client import ApiClient, JsonObject
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode

_AGAIN_SECONDS = 2.0
# The gateway says that it is there every 15 seconds.
_SILENT_SECONDS = 45.0
_MOST_SECONDS = 300

Event = tuple[str, str | None, JsonObject]


def follow(client: ApiClient, path: str, *, seconds: float | None = None) -> Iterator[tuple[str, JsonObject]]:
    """Yield name and data of every event, for ``seconds`` or for ever; what is missed meanwhile comes after.

    Raises ``CommandFailed`` when the gateway refuses, or cannot be reached at first; later it is tried again.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    last: str | None = None
    while ends is None or time.monotonic() < ends:
        wanted = _MOST_SECONDS if ends is None else max(1, round(min(_MOST_SECONDS, ends - time.monotonic())))
        try:
            for name, event_id, data in _once(client, path, wanted, last):
                last = event_id or last
                yield name, data
        except requests.RequestException:
            time.sleep(_AGAIN_SECONDS)
        except CommandFailed as error:
            if last is None or error.exit_code != ExitCode.UNREACHABLE:
                raise
            time.sleep(_AGAIN_SECONDS)


def _once(client: ApiClient, path: str, seconds: int, last: str | None) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    with client.open(path, {"seconds": seconds}, headers=headers, silent_seconds=_SILENT_SECONDS) as response:
        # Without a size, each piece comes when the gateway sends it.
        yield from read_events(split_lines(response.iter_content(chunk_size=None)))


def split_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield lines without their line feed; text after the last one is left out. Only line feeds part lines here."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.decode()


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield name, id and data of each event in ``lines``; comments, and an event that broke off, are left out."""
    fields: dict[str, str] = {}
    for line in lines:
        name, is_field, value = line.partition(": ")
        if is_field and name:
            fields[name] = value
        elif not line:
            if "event" in fields:
                yield fields["event"], fields.get("id"), json.loads(fields.get("data", "{}"))
            fields = {}
