"""`faultline watch`: follow incidents as they change."""

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import click

from services.cli.api_client import JsonObject
from services.cli.event_stream import follow
from services.cli.options import connect, json_option
from services.cli.render import json_wanted
from services.cli.text import one_line

_WIDE = 100


@click.command()
@click.argument("incident", required=False)
@click.option("--seconds", type=click.IntRange(1, 86_400), help="Stop after so long; without it, on Ctrl-C.")
@json_option
def watch(incident: str | None, seconds: int | None) -> None:
    """Follow one incident (inc_… or INC-42), or all: a line for each change, as it happens.

    With --json each line is one event. What changes while the connection is down is told once it is back.
    """
    path = f"/api/incidents/{incident}/stream" if incident else "/api/stream"
    with suppress(KeyboardInterrupt):
        for name, data in follow(connect(), path, seconds=seconds):
            _print(name, data)


def _print(name: str, data: JsonObject) -> None:
    if json_wanted():
        click.echo(json.dumps({"event": name, **data}))
    elif name == "changed":
        click.echo(_describe(data))
    elif name == "reset":
        click.echo("Too much changed to tell each of it; `faultline incidents list` shows how it is.")


def _describe(data: JsonObject) -> str:
    summary: dict[str, Any] | None = data["summary"]
    at = f"{datetime.now():%H:%M:%S}"  # noqa: DTZ005 - for the person at this terminal.
    if summary is None:
        return f"{at}  {data['incidentId']} was removed"
    facts = [f"{summary['severity']}, {summary['status']}"]
    facts += [f"owner {summary['owner']}"] if summary["owner"] else []
    facts += [f"{summary['firingCount']} of {summary['signalCount']} signals fire"] if summary["signalCount"] else []
    parts = ", ".join(data["parts"])
    return f"{at}  INC-{summary['number']}  {one_line(summary['title'])[:_WIDE]}  ({'; '.join(facts)})  {parts}"
