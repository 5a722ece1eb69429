"""`faultline verify`: find timelines that are not what was written."""

from typing import Any

import click

from services.cli.api_client import ApiClient
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import connect, json_option
from services.cli.render import json_wanted, print_fields, print_json, print_table, progress

# One part may read thousands of timelines from disk.
_PART_SECONDS = 300.0
_PART = 1000
_COUNTS = ("incidents", "entries", "auditMonths", "auditEntries")


@click.command()
@json_option
def verify() -> None:
    """Check the hash chain of every timeline and of the audit log.

    Exits with 6 if one was altered, with 1 if one was not checked.
    """
    client = connect()
    result: dict[str, Any] = {"incidents": 0, "entries": 0, "auditMonths": 0, "auditEntries": 0, "problems": []}
    with progress("verifying timelines") as report:
        total = _count_incidents(client)
        query: dict[str, Any] = {"limit": _PART}
        while True:
            part = client.get("/api/verify", query, timeout_seconds=_PART_SECONDS)
            for name in _COUNTS:
                result[name] += part.get(name, 0)
            result["problems"] += part["problems"]
            report("verifying timelines", result["incidents"], total)
            if not part.get("nextCursor"):
                break
            query["cursor"] = part["nextCursor"]
    # Retention may have taken some meanwhile: only those that stood before and after must have been checked.
    missed = min(total, _count_incidents(client)) - result["incidents"]
    _print(result)
    if result["problems"]:
        raise CommandFailed(
            f"{len(result['problems'])} timelines or months of the audit log are not what was written.",
            ExitCode.DAMAGED,
        )
    if missed > 0:
        raise CommandFailed(f"{missed} incidents were not checked: the gateway did not list their timelines.")


def _count_incidents(client: ApiClient) -> int:
    return int(client.get("/api/incidents", {"limit": 1})["total"])


def _print(result: dict[str, Any]) -> None:
    if json_wanted():
        print_json(result)
        return
    print_fields(
        [
            ("incidents", result["incidents"]),
            ("entries", result["entries"]),
            ("audit months", result["auditMonths"]),
            ("audit entries", result["auditEntries"]),
            ("problems", len(result["problems"])),
        ]
    )
    if result["problems"]:
        columns = [
            (name, lambda item, name=name: item[name]) for name in ("incidentId", "auditMonth", "sequence", "problem")
        ]
        print_table(columns, result["problems"])
