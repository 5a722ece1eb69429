"""`faultline incidents merge, split, relate, backdate`: what ties incidents together and sets their times right."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from services.cli.commands.incidents import print_incident
from services.cli.options import connect, json_option
from services.cli.parameters import Moment, rfc3339

F = TypeVar("F", bound=Callable[..., Any])
_MILESTONES = ("detected", "acknowledged", "mitigated", "resolved", "closed")


@click.command("merge")
@click.argument("incident")
@click.argument("target")
@click.option("--reason", required=True, help="Why they are one; on both timelines.")
@json_option
def merge_incident(incident: str, target: str, reason: str) -> None:
    """Merge INCIDENT into TARGET, which takes over its signals and what comes after them."""
    print_incident(connect().post(f"/api/incidents/{incident}/merge", {"into": target, "reason": reason}))


@click.command("split")
@click.argument("incident")
@click.option("--reason", required=True, help="Why they are not one after all; on the timelines.")
@json_option
def split_incident(incident: str, reason: str) -> None:
    """Undo the merge of INCIDENT: its signals come back."""
    print_incident(connect().post(f"/api/incidents/{incident}/split", {"reason": reason}))


@click.command("relate")
@click.argument("incident")
@click.argument("other")
@click.option("--remove", is_flag=True, help="Take it back.")
@json_option
def relate_incidents(incident: str, other: str, *, remove: bool) -> None:
    """Say that INCIDENT and OTHER have to do with each other; it stands on both."""
    path = f"/api/incidents/{incident}/relations"
    client = connect()
    print_incident(client.delete(f"{path}/{other}") if remove else client.post(path, {"incidentId": other}))


def _milestone_options(command: F) -> F:
    for name in reversed(_MILESTONES):
        command = click.option(f"--{name}", type=Moment(), help=f"When it was {name}, such as 2026-11-02T12:00:00Z.")(
            command
        )
    return command


@click.command("backdate")
@click.argument("incident")
@_milestone_options
@click.option("--reason", required=True, help="How that is known; on the timeline.")
@json_option
def backdate_incident(incident: str, reason: str, **times: datetime | None) -> None:
    """Correct when INCIDENT reached its milestones. Takes an approver."""
    body = {f"{name}At": rfc3339(at) for name, at in times.items() if at is not None}
    if not body:
        raise click.UsageError(f"Give at least one of {', '.join(f'--{name}' for name in _MILESTONES)}.")
    print_incident(connect().patch(f"/api/incidents/{incident}/milestones", {**body, "reason": reason}))
