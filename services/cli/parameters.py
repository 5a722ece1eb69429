"""What options and arguments of commands are read as: durations, moments and JSON files."""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import click
import msgspec

from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode

_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")


class Duration(click.ParamType[timedelta]):
    """A length of time such as ``90m``, ``2h`` or ``1d12h``, as a ``timedelta`` of more than nothing."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> timedelta:
        """Return the length of time."""
        if isinstance(value, timedelta):
            return value
        found = _DURATION.fullmatch(str(value))
        days, hours, minutes, seconds = (int(part or 0) for part in (found.groups() if found else ("",) * 4))
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not length:
            self.fail(f"{value!r} is not a duration such as 90m, 2h or 1d12h.", param, context)
        return length


class Moment(click.ParamType[datetime]):
    """An RFC 3339 time with its offset from UTC, as a ``datetime``."""

    name = "rfc3339"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> datetime:
        """Return the moment."""
        if isinstance(value, datetime):
            return value
        moment: datetime | None = None
        with suppress(ValueError):
            moment = datetime.fromisoformat(str(value))
        if moment is None or moment.tzinfo is None:
            self.fail(f"{value!r} is not a time with its offset such as 2026-11-02T12:00:00Z.", param, context)
        return moment


def rfc3339(moment: datetime) -> str:
    """Return the moment as the API takes it, with the offset it has."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def read_json_object(file: BinaryIO) -> dict[str, Any]:
    """Return the JSON object in ``file``. Raises ``CommandFailed`` with USAGE if there is none."""
    try:
        value = msgspec.json.decode(file.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"FILE is not JSON: {error}", ExitCode.USAGE) from error
    if not isinstance(value, dict):
        raise CommandFailed("FILE holds no JSON object.", ExitCode.USAGE)
    return value
