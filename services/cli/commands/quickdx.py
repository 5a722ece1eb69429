"""`faultline quickdx`: diagnoses of Kubernetes objects, made when asked for."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_STATES = click.Choice(["queued", "running", "done", "failed"])


@click.group()
def quickdx() -> None:
    """Diagnoses of Kubernetes objects, made when asked for."""


@quickdx.command("start")
@click.argument("context")
@click.argument("kind")
@click.argument("name")
@click.option("--namespace", help="Where it is; without it, of the whole cluster.")
@json_option
def start(context: str, kind: str, name: str, namespace: str | None) -> None:
    """Ask for the diagnosis of the KIND called NAME in CONTEXT."""
    body = {"context": context, "namespace": namespace, "kind": kind, "name": name}
    asked = connect().post("/api/quickdx", body)
    if json_wanted():
        print_json(asked)
    else:
        print_fields([("diagnosis", asked["id"]), ("job", asked["jobId"]), ("state", asked["state"])])


@quickdx.command("list")
@click.option("--context", help="Only of this context.")
@click.option("--namespace", help="Only in this namespace.")
@click.option("--kind", help="Only of this kind.")
@click.option("--name", help="Only of objects of this name.")
@click.option("--state", multiple=True, type=_STATES, help="Only in this state; may be repeated.")
@limit_option()
@json_option
def list_quickdx(limit: int, **filters: Any) -> None:
    """List diagnoses that were asked for, newest first."""
    page = connect().list_page("/api/quickdx", filters, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "diagnoses")


@quickdx.command("show")
@click.argument("diagnosis")
@json_option
def show(diagnosis: str) -> None:
    """Show DIAGNOSIS (qdx_…): how far it is, why it failed, or what was found."""
    found = connect().get(f"/api/quickdx/{diagnosis}")
    if json_wanted():
        print_json(found)
        return
    progress = found.get("progress") or {}
    print_fields(
        [
            ("diagnosis", found["id"]),
            ("object", _object(found)),
            ("state", found["state"]),
            ("progress", progress.get("note")),
            ("error", found.get("error")),
            ("summary", found["summary"]),
            ("status", found.get("status")),
            ("severity", found.get("severity")),
            (
                "hypotheses",
                [f"{one['confidence']:.0%} {one['title']} ({one['ruleId']})" for one in found["hypotheses"]],
            ),
            ("incidents", found["incidentIds"]),
            ("asked", when(found["createdAt"], datetime.now(UTC))),
            ("by", found["requestedBy"]),
        ]
    )


@quickdx.command("refresh")
@json_option
def refresh() -> None:
    """Let the names of what there is to diagnose be listed anew."""
    asked = connect().post("/api/quickdx/inventory", {})
    if json_wanted():
        print_json(asked)
    else:
        print_fields([("job", asked["jobId"]), ("state", asked["state"])])


@quickdx.command("feedback")
@click.argument("diagnosis")
@click.argument("rule")
@click.argument("verdict", type=click.Choice(["confirmed", "rejected"]))
@click.option("--note", default="", help="Why.")
@json_option
def feedback(diagnosis: str, rule: str, verdict: str, note: str) -> None:
    """Say whether RULE was right in DIAGNOSIS."""
    said = connect().post(f"/api/quickdx/{diagnosis}/feedback", {"ruleId": rule, "verdict": verdict, "note": note})
    if json_wanted():
        print_json(said)
    else:
        print_fields([("rule", said["ruleId"]), ("verdict", said["verdict"]), ("note", said["note"])])


def _columns(now: datetime) -> list[Column]:
    return [
        ("diagnosis", lambda item: item["id"]),
        ("object", _object),
        ("state", lambda item: item["state"]),
        ("severity", lambda item: item.get("severity")),
        ("asked", lambda item: when(item["createdAt"], now)),
        ("summary", lambda item: item.get("error") or item["summary"]),
    ]


def _object(item: dict[str, Any]) -> str:
    place = "/".join(part for part in (item["context"], item.get("namespace"), item["name"]) if part)
    return f"{item['kind']} {place}"
