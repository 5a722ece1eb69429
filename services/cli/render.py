"""Print what a command found: JSON when asked, tables on a terminal, tab-separated lines when piped."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from services.cli.errors import JSON_WANTED
from services.cli.text import one_line

Column = tuple[str, Callable[[dict[str, Any]], object]]
_STYLES = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "failed": "red",
    "quarantined": "yellow",
    "unknown": "yellow",
    "ready": "green",
    "up": "green",
    "ok": "green",
    "resolved": "green",
    "succeeded": "green",
}


def json_wanted() -> bool:
    """Answer whether the command runs under ``--json``."""
    return bool(click.get_current_context().meta.get(JSON_WANTED))


def print_json(value: object) -> None:
    """Print ``value`` as one JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[Column], items: Iterable[dict[str, Any]]) -> None:
    """Print one line per item. Piped, the first line names the columns and tabs part the cells."""
    rows = [[_cell(read(item)) for _, read in columns] for item in items]
    if not sys.stdout.isatty():
        for row in [[name for name, _ in columns], *rows]:
            click.echo("\t".join(row))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, _ in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*[Text(cell, style=_STYLES.get(cell, "")) for cell in row])
    Console().print(table)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one pair per line, leaving out what is empty."""
    shown = [(name, _cell(value)) for name, value in fields if value not in (None, "", [], {}, ())]
    if not sys.stdout.isatty():
        for name, value in shown:
            click.echo(f"{name}\t{value}")
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in shown:
        table.add_row(name, Text(value, style=_STYLES.get(value, "")))
    Console().print(table)


def print_count(shown: int, total: object, noun: str) -> None:
    """Say on a terminal how many of how many are shown."""
    if sys.stdout.isatty():
        more = "" if total in (None, shown) else f" of {total}"
        click.secho(f"{shown}{more} {noun}", dim=True)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(one_line(str(part)) for part in value)
    if isinstance(value, dict):
        return ", ".join(one_line(f"{name}={part}") for name, part in value.items())
    return one_line(str(value))


@contextmanager
def progress(step: str, total: float | None = None) -> Iterator[Callable[[str, float, float | None], None]]:
    """Show a bar on standard error while the block runs; the block reports (step, done, total).

    Nothing is shown when standard error is not a terminal.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(step, total=total)

        def report(step: str, done: float, total: float | None) -> None:
            bar.update(task, description=step, completed=done, total=total)

        yield report
