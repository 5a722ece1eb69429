"""`faultline retention`: how long each kind is kept, and what the next run would remove."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.options import connect, json_option
from services.cli.render import Column, json_wanted, print_json, print_table
from services.cli.text import when


@click.command("retention")
@json_option
def retention() -> None:
    """Show how long each kind is kept and what the next run would remove. Nothing is removed."""
    found = connect().get("/api/retention")
    if json_wanted():
        print_json(found)
        return
    print_table(_columns(datetime.now(UTC)), found["items"])


def _columns(now: datetime) -> list[Column]:
    return [
        ("kind", lambda item: item["kind"]),
        ("kept", lambda item: f"{item['days']} days" if item["days"] else "for ever"),
        ("records", lambda item: item["records"]),
        ("oldest", lambda item: when(item["oldestAt"], now)),
        ("next run removes", lambda item: item["toRemove"]),
        ("for one", _example),
        ("setting", lambda item: item["setting"]),
    ]


def _example(item: dict[str, Any]) -> str | None:
    return str(item["ids"][0]) if item["ids"] else None
