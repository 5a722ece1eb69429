"""`faultline jobs`: queued work, what failed for good, and driving it again."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.commands.each import each
from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_STATES = click.Choice(["pending", "handed", "running", "succeeded", "failed", "cancelled", "unknown"])


@click.group()
def jobs() -> None:
    """Units of queued work."""


@jobs.command("list")
@click.option("--state", multiple=True, type=_STATES, help="Only in this state; may be repeated.")
@click.option("--queue", multiple=True, help="Only of this queue (`timer` for timers); may be repeated.")
@click.option("--incident", "incidentId", help="Only of this incident.")
@limit_option()
@json_option
def list_jobs(limit: int, **filters: Any) -> None:
    """List jobs, newest first."""
    page = connect().list_page("/api/jobs", filters, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "jobs")


@jobs.command("show")
@click.argument("job")
@json_option
def show_job(job: str) -> None:
    """Show JOB."""
    found = connect().get(f"/api/jobs/{job}")
    if json_wanted():
        print_json(found)
    else:
        print_fields(_fields(found, datetime.now(UTC)))


@jobs.command("retry")
@click.argument("job", nargs=-1)
@click.option("--all-failed", is_flag=True, help="Every job that failed for good and has not been retried.")
@json_option
def retry_jobs(job: tuple[str, ...], *, all_failed: bool) -> None:
    """Do the work of each JOB again, as a new job."""
    if bool(job) == all_failed:
        raise click.UsageError("Name jobs, or give --all-failed.")
    client = connect()
    names = job
    if all_failed:
        # Read whole before the first retry: a new job would move the pages.
        found = list(client.list_all("/api/jobs", {}))
        retried = {item["retryOf"] for item in found if item.get("retryOf")}
        names = tuple(item["id"] for item in found if item["state"] == "failed" and item["id"] not in retried)
    each("retrying", names, lambda name: client.post(f"/api/jobs/{name}/retry"))


def _columns(now: datetime) -> list[Column]:
    return [
        ("job", lambda item: item["id"]),
        ("kind", lambda item: item["kind"]),
        ("state", lambda item: item["state"]),
        ("attempt", _attempts),
        ("of", lambda item: item.get("incidentId") or item.get("deliveryId")),
        ("created", lambda item: when(item["createdAt"], now)),
        ("error", lambda item: item.get("error")),
    ]


def _attempts(item: dict[str, Any]) -> str:
    return f"{item['attempt']}/{item['maxAttempts']}"


def _fields(item: dict[str, Any], now: datetime) -> list[tuple[str, object]]:
    return [
        ("job", item["id"]),
        ("kind", item["kind"]),
        ("queue", item.get("queue") or "timer"),
        ("state", item["state"]),
        ("attempt", _attempts(item)),
        ("error", item.get("error")),
        ("incident", item.get("incidentId")),
        ("delivery", item.get("deliveryId")),
        ("retry of", item.get("retryOf")),
        ("not before", when(item.get("notBefore"), now)),
        ("created", when(item["createdAt"], now)),
        ("created by", item.get("createdBy")),
        ("request", (item.get("trail") or {}).get("requestId")),
        ("started", when(item.get("startedAt"), now)),
        ("finished", when(item.get("finishedAt"), now)),
    ]
