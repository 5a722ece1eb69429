"""Options and connections that commands share."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from services.cli.api_client import ApiClient, is_loopback
from services.cli.errors import JSON_WANTED, CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.supervisor.run_files import find_run
from shared.errors import SettingsInvalid
from shared.settings import SETTINGS, read_settings

F = TypeVar("F", bound=Callable[..., Any])
_NAMES = ("FAULTLINE_DATA_DIR", "FAULTLINE_URL", "FAULTLINE_TOKEN", "FAULTLINE_ADMIN_TOKEN")


def json_option(command: F) -> F:
    """Add ``--json``: the answer as one JSON document, errors as one JSON line on standard error."""

    def remember(context: click.Context, _: click.Parameter, value: object) -> None:
        context.meta[JSON_WANTED] = bool(value)

    # Eager, so that errors of other options are already worded as JSON.
    option = click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="Print JSON instead of tables.",
    )
    return option(command)


def limit_option(default: int = 25) -> Callable[[F], F]:
    """Add ``--limit``: the most items to list; pages are fetched as needed."""
    return click.option(
        "-n", "--limit", type=click.IntRange(1, 100_000), default=default, show_default=True, help="Most items to list."
    )


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the command talks to, as the environment and the data folder say."""

    data_dir: Path
    url: str
    token: str | None

    def client(self) -> ApiClient:
        """Return a client for it."""
        return ApiClient(self.url, self.token)


def read_connection() -> Connection:
    """Return the connection: ``FAULTLINE_URL``, else what runs on the data folder, else the default.

    The token is ``FAULTLINE_TOKEN``, else ``FAULTLINE_ADMIN_TOKEN``, else the data folder's admin token; the last
    two are sent to this machine only, never to a URL elsewhere.
    """
    try:
        settings = read_settings(os.environ, _NAMES)
    except SettingsInvalid as error:
        raise CommandFailed(f"{error.title}:\n{error.detail}", ExitCode.USAGE) from error
    data_dir = settings["data_dir"].expanduser().resolve()
    url = os.environ.get("FAULTLINE_URL") or _url_of_run(data_dir) or str(SETTINGS["FAULTLINE_URL"].default)
    local_token = (settings["admin_token"] or _admin_token(data_dir)) if is_loopback(url) else None
    return Connection(data_dir, url, settings["token"] or local_token)


def connect() -> ApiClient:
    """Return a client for the gateway this environment points at."""
    return read_connection().client()


def _url_of_run(data_dir: Path) -> str | None:
    run = find_run(data_dir)
    return run.url if run else None


def _admin_token(data_dir: Path) -> str | None:
    try:
        return (data_dir / "admin-token").read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
