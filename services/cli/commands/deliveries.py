"""`faultline deliveries`: what sources sent us, what became of it, and processing it anew."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.commands.each import each
from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_OUTCOMES = click.Choice(["opened", "reopened", "joined", "suppressed", "ignored", "quarantined"])


@click.group()
def deliveries() -> None:
    """The requests that sources sent, kept verbatim."""


@deliveries.command("list")
@click.option(
    "--state", multiple=True, type=click.Choice(["accepted", "processed", "quarantined"]), help="May be repeated."
)
@click.option("--outcome", type=_OUTCOMES, help="Only with this outcome.")
@click.option("--source", multiple=True, help="Only of this source; may be repeated.")
@limit_option()
@json_option
def list_deliveries(limit: int, **filters: Any) -> None:
    """List deliveries, newest first."""
    page = connect().list_page("/api/deliveries", filters, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "deliveries")


@deliveries.command("show")
@click.argument("delivery")
@json_option
def show_delivery(delivery: str) -> None:
    """Show DELIVERY and what became of each signal in it."""
    found = connect().get(f"/api/deliveries/{delivery}")
    if json_wanted():
        print_json(found)
        return
    print_fields(_fields(found, datetime.now(UTC)))
    if found.get("signals"):
        click.echo()
        print_table(_SIGNAL_COLUMNS, found["signals"])


@deliveries.command("replay")
@click.argument("delivery", nargs=-1, required=True)
@json_option
def replay_deliveries(delivery: tuple[str, ...]) -> None:
    """Process each DELIVERY anew, as a new delivery with the same body."""
    client = connect()
    each("replaying", delivery, lambda name: client.post(f"/api/deliveries/{name}/replay"))


def _columns(now: datetime) -> list[Column]:
    return [
        ("delivery", lambda item: item["id"]),
        ("source", lambda item: item["source"]),
        ("state", lambda item: item["state"]),
        ("outcome", lambda item: item.get("outcome")),
        ("signals", lambda item: len(item.get("signals") or ())),
        ("bytes", lambda item: item["sizeBytes"]),
        ("received", lambda item: when(item["receivedAt"], now)),
        ("reason", lambda item: item.get("reason")),
    ]


_SIGNAL_COLUMNS: list[Column] = [
    ("fingerprint", lambda signal: signal["fingerprint"]),
    ("status", lambda signal: signal["status"]),
    ("outcome", lambda signal: signal["outcome"]),
    ("incident", lambda signal: signal.get("incidentId")),
    ("reason", lambda signal: signal.get("reason")),
]


def _fields(item: dict[str, Any], now: datetime) -> list[tuple[str, object]]:
    return [
        ("delivery", item["id"]),
        ("source", item["source"]),
        ("sender", item.get("sender")),
        ("state", item["state"]),
        ("outcome", item.get("outcome")),
        ("reason", item.get("reason")),
        ("code", item.get("code")),
        ("warnings", item.get("warnings")),
        ("received", when(item["receivedAt"], now)),
        ("processed", when(item.get("processedAt"), now)),
        ("bytes", item["sizeBytes"]),
        ("sha256", item["digest"]),
        ("job", item["jobId"]),
        ("replay of", item.get("replayOf")),
    ]
