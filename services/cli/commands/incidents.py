"""`faultline incidents`: the inbox, one incident, opening one and moving it on."""

from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import click

from services.cli.options import connect, json_option, limit_option
from services.cli.parameters import read_json_object
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_SEVERITIES = click.Choice(["critical", "high", "medium", "low", "info"])

_SUSPECTED = 3


@click.group()
def incidents() -> None:
    """The cases people work on."""


@incidents.command("list")
@click.option("--status", multiple=True, help="Only this status; may be repeated.")
@click.option("--open", "is_open", is_flag=True, help="Only those not resolved, in place of --status.")
@click.option("--severity", multiple=True, type=_SEVERITIES, help="Only this severity; may be repeated.")
@click.option("--source", multiple=True, help="Only of this source; may be repeated.")
@click.option("--rule", "ruleId", multiple=True, help="Only opened by this grouping rule; may be repeated.")
@click.option("--unowned", is_flag=True, help="Those that nobody owns; beside --owner, these too.")
@click.option("--owner", multiple=True, help="Only of this owner; may be repeated.")
@click.option("--service", multiple=True, help="Only of this service; may be repeated.")
@click.option("--label", multiple=True, metavar="KEY:VALUE", help="Only with this label; all given must match.")
@click.option("-q", "--query", default="", help="Every word must occur in the incident.")
@click.option(
    "--sort", default="-createdAt", show_default=True, help="createdAt, updatedAt, severity or number; - descends."
)
@limit_option()
@json_option
def list_incidents(query: str, limit: int, *, is_open: bool, unowned: bool, **filters: Any) -> None:
    """List incidents, newest first."""
    filters |= {name: "true" for name, is_wanted in (("open", is_open), ("unowned", unowned)) if is_wanted}
    page = connect().list_page("/api/incidents", {**filters, "q": query}, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_inbox_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "incidents")


@incidents.command("show")
@click.argument("incident")
@click.option(
    "-n", "--entries", type=click.IntRange(0, 1000), default=20, show_default=True, help="Newest timeline entries."
)
@click.option("--itself", is_flag=True, help="A merged incident itself, not the target it leads to.")
@json_option
def show_incident(incident: str, entries: int, *, itself: bool) -> None:
    """Show INCIDENT (INC-42 or inc_…) with the end of its timeline."""
    client = connect()
    found = client.get(f"/api/incidents/{incident}", {"redirect": "false"} if itself else None)
    count = int(found["timeline"]["count"])
    query = {"after": max(0, count - entries), "limit": max(1, entries)}
    newest = client.get(f"/api/incidents/{found['id']}/timeline", query)["items"] if entries else []
    if json_wanted():
        print_json({**found, "timeline": {**found["timeline"], "entries": newest}})
        return
    now = datetime.now(UTC)
    print_fields(_incident_fields(found, now))
    if newest:
        click.echo()
        print_table(_entry_columns(now), newest)
        print_count(len(newest), count, "timeline entries")


@incidents.command("create")
@click.argument("title", required=False)
@click.option("--severity", type=_SEVERITIES, help="medium if left out; with --diagnosis, what that says.")
@click.option("--description", help="What is known so far.")
@click.option("--owner", help="Who works on it.")
@click.option("--service", "services", multiple=True, help="A service it is about; may be repeated.")
@click.option("--label", "labels", multiple=True, metavar="KEY:VALUE", help="A label; may be repeated.")
@click.option("--diagnosis", type=click.File("rb"), help="Attach the diagnosis in this JSON file; it may say the rest.")
@json_option
def create_incident(
    title: str | None,
    labels: tuple[str, ...],
    services: tuple[str, ...],
    severity: str | None,
    diagnosis: BinaryIO | None,
    **fields: Any,
) -> None:
    """Open an incident by hand, or from a diagnosis, which also gives a title."""
    if title is None and diagnosis is None:
        raise click.UsageError("Say TITLE or --diagnosis.")
    body = {"title": title, "services": list(services), "labels": _read_labels(labels), **fields}
    body["diagnosis"] = read_json_object(diagnosis) if diagnosis else None
    body["severity"] = severity or (None if diagnosis else "medium")
    created = connect().post(
        "/api/incidents", {name: value for name, value in body.items() if value not in (None, [], {})}
    )
    print_incident(created)


@incidents.command("move")
@click.argument("incident")
@click.argument("status")
@click.option("--reason", help="Why; on the timeline. Some moves require it.")
@click.option("--force", is_flag=True, help="Resolve although signals still fire; requires a reason.")
@json_option
def move_incident(incident: str, status: str, reason: str | None, *, force: bool) -> None:
    """Move INCIDENT (INC-42 or inc_…) to STATUS."""
    body: dict[str, Any] = {"status": status}
    if reason:
        body["reason"] = reason
    if force:
        body["force"] = True
    print_incident(connect().patch(f"/api/incidents/{incident}", body))


def print_incident(incident: dict[str, Any]) -> None:
    """Print an incident, as fields or as JSON."""
    if json_wanted():
        print_json(incident)
    else:
        print_fields(_incident_fields(incident, datetime.now(UTC)))


def _read_labels(labels: tuple[str, ...]) -> dict[str, str]:
    parts = [label.partition(":") for label in labels]
    if bad := next((label for label, part in zip(labels, parts, strict=True) if not part[1]), None):
        raise click.BadParameter(f"{bad!r} is not KEY:VALUE", param_hint="--label")
    return {key: value for key, _, value in parts}


def _inbox_columns(now: datetime) -> list[Column]:
    return [
        ("incident", lambda item: f"INC-{item['number']}"),
        ("severity", lambda item: item["severity"]),
        ("status", lambda item: item["status"]),
        ("title", lambda item: item["title"]),
        ("services", lambda item: item.get("services")),
        ("owner", lambda item: item.get("owner")),
        ("firing", lambda item: f"{item.get('firingCount', 0)}/{item.get('signalCount', 0)}"),
        ("created", lambda item: when(item["createdAt"], now)),
    ]


def _investigated(item: dict[str, Any], now: datetime) -> str | None:
    latest = item.get("investigation")
    if latest is None:
        return None
    at = f", {when(latest['observedAt'], now)}" if latest.get("observedAt") else ""
    return f"{latest['state']} in {latest['context']}{at}"


def _incident_fields(item: dict[str, Any], now: datetime) -> list[tuple[str, object]]:
    milestones = [(name, when(at, now)) for name, at in item.get("milestones", {}).items()]
    return [
        ("incident", f"INC-{item['number']}"),
        ("id", item["id"]),
        ("title", item["title"]),
        ("status", item["status"]),
        ("may go to", item.get("allowedTransitions")),
        ("severity", item["severity"]),
        ("owner", item.get("owner")),
        ("roles", item.get("roles")),
        ("services", item.get("services")),
        ("labels", item.get("labels")),
        ("source", item.get("source")),
        ("description", item.get("description")),
        ("signals", f"{item.get('signalCount', 0)}, {item.get('firingCount', 0)} firing"),
        ("entities", [_entity(entity) for entity in item.get("entities", [])]),
        ("investigated", _investigated(item, now)),
        ("suspected", [f"{one['confidence']:.0%} {one['title']}" for one in item.get("hypotheses", [])[:_SUSPECTED]]),
        ("tasks", _tasks(item)),
        ("diagnoses", [f"{one['resource']['kind']} {one['resource']['name']}" for one in item.get("diagnoses", [])]),
        ("relations", [f"{relation['type']} {relation['incidentId']}" for relation in item.get("relations", [])]),
        ("created", when(item["createdAt"], now)),
        ("updated", when(item["updatedAt"], now)),
        *milestones,
        *_durations(item.get("durations", {})),
        ("timeline head", _head(item["timeline"])),
        ("version", item["version"]),
    ]


def _tasks(item: dict[str, Any]) -> str:
    count = item.get("taskCount", 0)
    return f"{count}, {item.get('openTaskCount', 0)} open" if count else ""


def _durations(durations: dict[str, float | None]) -> list[tuple[str, object]]:
    names = {f"timeTo{name}Seconds": f"time to {name.lower()}" for name in ("Acknowledge", "Mitigate", "Resolve")}
    known = [(words, durations.get(name)) for name, words in names.items()]
    return [(words, str(timedelta(seconds=round(seconds)))) for words, seconds in known if seconds is not None]


def _head(timeline: dict[str, Any]) -> str:
    # Noted down elsewhere, it proves later that nothing before it was altered.
    return f"{timeline['headSequence']} {timeline['headHash']}"


def _entity(entity: dict[str, Any]) -> str:
    return "/".join(str(part) for part in (entity.get("namespace"), entity["kind"], entity["name"]) if part)


def _entry_columns(now: datetime) -> list[Column]:
    return [
        ("#", lambda entry: entry["sequence"]),
        ("when", lambda entry: when(entry["occurredAt"], now)),
        ("type", lambda entry: entry["type"]),
        ("actor", lambda entry: entry["actor"]),
        ("message", lambda entry: entry["message"]),
    ]
