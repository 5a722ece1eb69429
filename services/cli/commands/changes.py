"""`faultline changes`: what was changed on purpose, as context for incidents."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_json, print_table
from services.cli.text import when


@click.group()
def changes() -> None:
    """What was changed on purpose: context for incidents."""


@changes.command("list")
@click.option("--service", help="Only of this service.")
@click.option("--source", multiple=True, help="Only of this source; may be repeated.")
@limit_option()
@json_option
def list_changes(limit: int, **filters: Any) -> None:
    """List changes, newest first."""
    page = connect().list_page("/api/changes", filters, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "changes")


def _columns(now: datetime) -> list[Column]:
    return [
        ("change", lambda item: item["id"]),
        ("when", lambda item: when(item["occurredAt"], now)),
        ("source", lambda item: item["source"]),
        ("service", lambda item: item.get("service")),
        ("namespace", lambda item: item.get("namespace")),
        ("summary", lambda item: item["summary"]),
        ("link", lambda item: item.get("link")),
    ]
