"""`faultline stats`: how many incidents there were, and how long they took."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from services.cli.options import connect, json_option
from services.cli.render import Column, json_wanted, print_fields, print_json, print_table
from services.cli.text import duration


@click.command("stats")
@click.option("--days", type=click.IntRange(1, 3660), help="Only incidents opened in the last DAYS days.")
@click.option("--severity", multiple=True, help="Only this severity; may be repeated.")
@click.option("--service", multiple=True, help="Only of this service; may be repeated.")
@click.option("--label", multiple=True, metavar="KEY:VALUE", help="Only with this label; all given must match.")
@json_option
def stats(days: int | None, **filters: Any) -> None:
    """Count incidents, and show how long they took to be acknowledged and resolved, from detection on."""
    if days:
        filters["since"] = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    found = connect().get("/api/stats", filters)
    if json_wanted():
        print_json(found)
        return
    opened, resolved = (sum(day[name] for day in found["perDay"]) for name in ("opened", "resolved"))
    print_fields(
        [
            ("incidents", found["total"]),
            ("by status", {word: count for word, count in found["byStatus"].items() if count}),
            (f"last {len(found['perDay'])} days", f"{opened} opened, {resolved} resolved"),
        ],
    )
    click.echo()
    rows = [("all", found["times"]), *found["timesBySeverity"].items(), *found["timesByService"].items()]
    print_table(_COLUMNS, [{"of": name, **times} for name, times in rows if times["incidents"]])


def _time(member: str, figure: str) -> Callable[[dict[str, Any]], object]:
    def read(row: dict[str, Any]) -> str | None:
        seconds = row[member][figure]
        return None if seconds is None else duration(seconds)

    return read


_COLUMNS: list[Column] = [
    ("of", lambda row: row["of"]),
    ("incidents", lambda row: row["incidents"]),
    ("acknowledged", lambda row: row["timeToAcknowledge"]["count"]),
    ("mean", _time("timeToAcknowledge", "meanSeconds")),
    ("median", _time("timeToAcknowledge", "medianSeconds")),
    ("resolved", lambda row: row["timeToResolve"]["count"]),
    ("mean", _time("timeToResolve", "meanSeconds")),
    ("median", _time("timeToResolve", "medianSeconds")),
]
