"""`faultline audit`: who changed configuration and access, and when."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.options import connect, json_option, limit_option
from services.cli.parameters import Moment, rfc3339
from services.cli.render import Column, json_wanted, print_count, print_json, print_table
from services.cli.text import when


@click.group()
def audit() -> None:
    """The audit log: who changed configuration and access, and when."""


@audit.command("list")
@click.option("--actor", help="Only what this subject did, such as token:ann.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Such as token_made; may be repeated.")
@click.option("--since", type=Moment(), metavar="RFC3339", help="Only from this moment on.")
@click.option("--until", type=Moment(), metavar="RFC3339", help="Only before this moment.")
@limit_option(50)
@json_option
def list_audit(
    limit: int, actor: str | None, types: tuple[str, ...], since: datetime | None, until: datetime | None
) -> None:
    """List the audit log, newest first, with the hash its newest month ends with."""
    client = connect()
    query: dict[str, Any] = {
        "actor": actor,
        "type": types,
        "since": rfc3339(since) if since else None,
        "until": rfc3339(until) if until else None,
    }
    page = client.list_page("/api/audit", query, limit)
    head = page.get("head")
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page.get("total"), "entries")
    if head:
        click.echo(f"{head['month']} ends at {head['sequence']} with {head['hash']}", err=True)


def _columns(now: datetime) -> list[Column]:
    return [
        ("month", lambda item: item["month"]),
        ("sequence", lambda item: item["sequence"]),
        ("at", lambda item: when(item["recordedAt"], now)),
        ("type", lambda item: item["type"]),
        ("actor", lambda item: item["actor"]),
        ("message", lambda item: item["message"]),
    ]
