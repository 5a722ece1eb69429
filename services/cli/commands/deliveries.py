"""`faultline deliveries`: what sources sent us, what became of it, and processing it anew."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.commands.each import each
from services.cli.commands.previews import await_preview, print_preview
from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import one_line, when

_OUTCOMES = click.Choice(["opened", "reopened", "joined", "suppressed", "noted", "ignored", "quarantined"])

_STATES = click.Choice(["accepted", "processed", "quarantined", "previewed"])


@click.group()
def deliveries() -> None:
    """The requests that sources sent, kept verbatim."""


@deliveries.command("list")
@click.option("--state", multiple=True, type=_STATES, help="May be repeated.")
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


@deliveries.command("preview")
@click.argument("delivery")
@json_option
def preview_replay(delivery: str) -> None:
    """Show what a replay of DELIVERY would do now, beside what became of it. Nothing is done."""
    client = connect()
    started = client.post(f"/api/deliveries/{delivery}/preview")
    print_preview(await_preview(client, started["previewId"]))


@deliveries.command("explain")
@click.argument("delivery")
@json_option
def explain_delivery(delivery: str) -> None:
    """Tell why each signal of DELIVERY is where it is, and which rules were looked at."""
    found = connect().get(f"/api/deliveries/{delivery}/explanation")
    if json_wanted():
        print_json(found)
        return
    _tell(found["story"])
    for signal in found["signals"]:
        click.echo()
        _tell([signal["title"] or signal["outcome"]["fingerprint"], *signal["story"]])
        if signal["considered"]:
            print_table(_CONSIDERED_COLUMNS, signal["considered"])


def _tell(story: list[str]) -> None:
    for sentence in story:
        click.echo(one_line(sentence))


_CONSIDERED_COLUMNS: list[Column] = [
    ("rule", lambda rule: rule["ruleId"]),
    ("name", lambda rule: rule["name"]),
    ("why not", lambda rule: "it took the signal" if rule["whyNot"] is None else rule["whyNot"]),
]


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
