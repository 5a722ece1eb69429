"""`faultline noise`: how much came of each source and rule, and how little of it was news."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.options import connect, json_option
from services.cli.render import Column, json_wanted, print_json, print_table
from services.cli.text import when


@click.command("noise")
@click.option("--hours", type=click.IntRange(1, 24 * 90), default=24, show_default=True, help="How far back.")
@json_option
def noise(hours: int) -> None:
    """Show what came of each source and rule, most signals first, and the share of it that was no news."""
    found = connect().get("/api/noise", {"hours": hours})
    if json_wanted():
        print_json(found)
        return
    print_table(_COLUMNS, found["lines"])
    click.echo(f"since {when(found['since'], datetime.now(UTC))}", err=True)


def _share(line: dict[str, Any]) -> str | None:
    return None if line.get("noise") is None else f"{line['noise']:.1%}"


_COLUMNS: list[Column] = [
    ("source", lambda line: line["source"]),
    ("rule", lambda line: line["ruleId"]),
    ("deliveries", lambda line: line["deliveries"]),
    ("signals", lambda line: line["signals"]),
    ("repeats", lambda line: line["repeats"]),
    ("noise", _share),
    ("outcomes", lambda line: line["outcomes"]),
]
