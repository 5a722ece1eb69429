"""`faultline tasks`: what people are to do for an incident."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.commands.each import each
from services.cli.options import connect, json_option, limit_option
from services.cli.parameters import Moment, rfc3339
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_STATES = click.Choice(["open", "done", "cancelled"])
_NOBODY, _NEVER = "nobody", "never"


@click.group()
def tasks() -> None:
    """What people are to do for an incident, during it and after."""


@tasks.command("list")
@click.option("--incident", help="Only of this incident (INC-42 or inc_…).")
@click.option("--state", multiple=True, type=_STATES, help="Only in this state; may be repeated.")
@click.option("--owner", multiple=True, help="Only of this owner; may be repeated.")
@click.option("--due-before", type=Moment(), metavar="RFC3339", help="Only those due before.")
@click.option("--overdue", is_flag=True, help="Only open ones whose date is past.")
@limit_option()
@json_option
def list_tasks(incident: str | None, due_before: datetime | None, limit: int, *, overdue: bool, **filters: Any) -> None:
    """List tasks in the order they are due; those without a date come last."""
    narrowing = {"dueBefore": rfc3339(due_before) if due_before else None, "overdue": "true" if overdue else None}
    if incident and (filters["owner"] or overdue or due_before):
        raise click.UsageError("--incident goes with --state alone.")
    path = f"/api/incidents/{incident}/tasks" if incident else "/api/tasks"
    page = connect().list_page(path, {**filters, **narrowing}, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "tasks")


@tasks.command("add")
@click.argument("incident")
@click.argument("title")
@click.option("--owner", help="Who is to do it.")
@click.option("--due", type=Moment(), metavar="RFC3339", help="Until when.")
@click.option("--description", help="What is to be done.")
@json_option
def add_task(incident: str, title: str, due: datetime | None, **fields: Any) -> None:
    """Add a task to INCIDENT (INC-42 or inc_…)."""
    body = {"title": title, "dueAt": rfc3339(due) if due else None, **fields}
    said = {name: value for name, value in body.items() if value is not None}
    _print_task(connect().post(f"/api/incidents/{incident}/tasks", said))


@tasks.command("change")
@click.argument("incident")
@click.argument("task")
@click.option("--title", help="What it is.")
@click.option("--owner", help=f"Who is to do it; {_NOBODY} for nobody.")
@click.option("--due", metavar="RFC3339", help=f"Until when; {_NEVER} for no date.")
@click.option("--description", help="What is to be done.")
@click.option("--state", type=_STATES, help="open, done or cancelled.")
@json_option
def change_task(incident: str, task: str, due: str | None, owner: str | None, **fields: Any) -> None:
    """Change TASK of INCIDENT; what is not given stays."""
    body = {name: value for name, value in fields.items() if value is not None}
    if owner is not None:
        body["owner"] = None if owner == _NOBODY else owner
    if due is not None:
        body["dueAt"] = None if due == _NEVER else rfc3339(Moment().convert(due, None, None))
    if not body:
        raise click.UsageError("Say what to change.")
    _print_task(connect().patch(f"/api/incidents/{incident}/tasks/{task}", body))


@tasks.command("done")
@click.argument("incident")
@click.argument("task", nargs=-1, required=True, metavar="TASK...")
@json_option
def finish_tasks(incident: str, task: tuple[str, ...]) -> None:
    """Say that each TASK of INCIDENT is done."""
    client = connect()
    title: Column = ("title", lambda item: item.get("result", {}).get("title"))
    path = f"/api/incidents/{incident}/tasks"
    each("finishing", task, lambda name: client.patch(f"{path}/{name}", {"state": "done"}), result=title)


def _print_task(task: dict[str, Any]) -> None:
    if json_wanted():
        print_json(task)
        return
    now = datetime.now(UTC)
    print_fields(
        [
            ("task", task["id"]),
            ("incident", f"INC-{task['incidentNumber']}"),
            ("title", task["title"]),
            ("description", task["description"]),
            ("owner", task.get("owner")),
            ("due", when(task.get("dueAt"), now)),
            ("state", _state(task)),
            ("by", task["createdBy"]),
            ("finished", when(task.get("finishedAt"), now)),
            ("version", task["version"]),
        ]
    )


def _columns(now: datetime) -> list[Column]:
    return [
        ("incident", lambda item: f"INC-{item['incidentNumber']}"),
        ("task", lambda item: item["id"]),
        ("state", _state),
        ("due", lambda item: when(item.get("dueAt"), now)),
        ("owner", lambda item: item.get("owner")),
        ("title", lambda item: item["title"]),
    ]


def _state(task: dict[str, Any]) -> str:
    return f"{task['state']}, overdue" if task["isOverdue"] else str(task["state"])
