"""`faultline silences`: what is held back, until when and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from services.cli.commands.each import each
from services.cli.matching import KNOWN, read_match, word_match
from services.cli.options import connect, json_option, limit_option
from services.cli.parameters import Duration, Moment, rfc3339
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_STATES = click.Choice(["live", "ended"])
_KINDS = click.Choice(["silence", "maintenance_window"])


@click.group()
def silences() -> None:
    """Silences and maintenance windows: what is held back, until when and why."""


@silences.command("list")
@click.option("--state", multiple=True, type=_STATES, help="May be repeated.")
@click.option("--kind", type=_KINDS, help="Only of this kind.")
@limit_option()
@json_option
def list_silences(limit: int, **filters: Any) -> None:
    """List silences and maintenance windows, newest first."""
    page = connect().list_page("/api/silences", filters, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "silences")


def _match_option(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, Any]:
    try:
        return read_match(pairs)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


@silences.command("add")
@click.option("--comment", required=True, help="Why.")
@click.option(
    "--match", multiple=True, metavar="FIELD=VALUE", callback=_match_option, help=f"FIELD: {', '.join(KNOWN)}."
)
@click.option("--when", "condition", metavar="CEL", help="A condition over `signal` that must hold too.")
@click.option("--for", "length", type=Duration(), metavar="2h", help="How long, from its beginning on.")
@click.option("--until", type=Moment(), metavar="RFC3339", help="Until when, instead of --for.")
@click.option("--from", "start", type=Moment(), metavar="RFC3339", help="From when; now if left out.")
@click.option("--repeat", metavar="FREQ=…", help="Recur as RFC 5545 says: makes it a maintenance window.")
@click.option("--timezone", metavar="ZONE", help="Whose wall clock --repeat goes by; UTC if left out.")
@click.option("--try", "is_trial", is_flag=True, help="Only show what it would have held back in the past 7 days.")
@json_option
def add_silence(*, is_trial: bool, length: timedelta | None, until: datetime | None, **said: Any) -> None:
    """Hold back matching signals for a while; resolves always pass.

    Several values of one field are alternatives, different fields must all match.
    """
    body = _read_silence(ends_at=_end(length, until, said["start"]), **said)
    client = connect()
    if is_trial:
        _print_trial(client.post("/api/silences/try", body))
        return
    made = client.post("/api/silences", body)
    if json_wanted():
        print_json(made)
    else:
        print_fields(_fields(made, datetime.now(UTC)))


@silences.command("end")
@click.argument("silence", nargs=-1, required=True, metavar="ID...")
@json_option
def end_silences(silence: tuple[str, ...]) -> None:
    """End each silence now; what it held and still fires is placed at once."""
    client = connect()
    ended: Column = ("ended", lambda item: item.get("result", {}).get("endedAt"))
    each("ending", silence, lambda name: client.post(f"/api/silences/{name}/end"), result=ended)


def _end(length: timedelta | None, until: datetime | None, start: datetime | None) -> datetime:
    if until is not None and length is None:
        return until
    if length is None or until is not None:
        raise click.UsageError("Say either --for or --until.")
    try:
        return (start or datetime.now(UTC)) + length
    except OverflowError:
        raise click.UsageError("--for ends after the year 9999.") from None


def _read_silence(
    *,
    comment: str,
    match: dict[str, Any],
    condition: str | None,
    start: datetime | None,
    ends_at: datetime,
    repeat: str | None,
    timezone: str | None,
) -> dict[str, Any]:
    """Return the body the options say; what it means is for the API to judge."""
    if timezone and not repeat:
        raise click.UsageError("--timezone goes with --repeat.")
    body: dict[str, Any] = {
        "kind": "maintenance_window" if repeat else "silence",
        "comment": comment,
        "match": match,
        "when": condition,
        "startsAt": rfc3339(start) if start else None,
        "endsAt": rfc3339(ends_at),
        "repeat": repeat,
        "timezone": timezone,
    }
    return {name: value for name, value in body.items() if value not in (None, {})}


def _print_trial(tried: dict[str, Any]) -> None:
    if json_wanted():
        print_json(tried)
        return
    now = datetime.now(UTC)
    newest = "" if tried["isWhole"] else ", only the newest: there were more"
    counts = f"{tried['signals']} reports of {tried['fingerprints']} signals in {tried['deliveries']} deliveries"
    print_fields(
        [
            ("since", when(tried["since"], now)),
            ("looked at", f"{tried['lookedAt']} deliveries{newest}"),
            ("held back", counts),
            ("not opened", f"{tried['incidents']} incidents"),
        ]
    )
    if tried["heldBack"]:
        click.echo()
        print_table(_held_columns(now), tried["heldBack"])
        print_count(len(tried["heldBack"]), tried["signals"], "reports")


def _columns(now: datetime) -> list[Column]:
    return [
        ("silence", lambda item: item["id"]),
        ("kind", lambda item: item["kind"]),
        ("state", lambda item: item["state"]),
        ("matches", _matches),
        ("from", lambda item: when(item["startsAt"], now)),
        ("until", lambda item: when(item["endsAt"], now)),
        ("repeats", lambda item: item.get("repeat")),
        ("by", lambda item: item["createdBy"]),
        ("comment", lambda item: item["comment"]),
    ]


def _held_columns(now: datetime) -> list[Column]:
    return [
        ("delivery", lambda item: item["deliveryId"]),
        ("received", lambda item: when(item["receivedAt"], now)),
        ("signal", lambda item: item["title"] or item["fingerprint"]),
        ("outcome", lambda item: item["outcome"]),
        ("incident", lambda item: item.get("incidentId")),
    ]


def _fields(item: dict[str, Any], now: datetime) -> list[tuple[str, object]]:
    return [
        ("silence", item["id"]),
        ("kind", item["kind"]),
        ("comment", item["comment"]),
        ("matches", _matches(item)),
        ("from", when(item["startsAt"], now)),
        ("until", when(item["endsAt"], now)),
        ("repeats", item.get("repeat")),
        ("timezone", item.get("timezone")),
        ("state", item["state"]),
        ("by", item["createdBy"]),
    ]


def _matches(item: dict[str, Any]) -> list[str]:
    return word_match(item.get("match", {}), item.get("when", ""))
