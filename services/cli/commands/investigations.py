"""`faultline incidents investigate, investigations, graph, evidence`: what surrounds an incident and is wrong there."""

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.api_client import ApiClient
from services.cli.await_job import await_job
from services.cli.investigation_view import show_evidence, show_graph
from services.cli.options import connect, json_option, limit_option
from services.cli.render import Column, json_wanted, print_count, print_fields, print_json, print_table
from services.cli.text import when

_which = click.option("--investigation", help="This one (inv_…); without it, the newest that is done.")


@click.command("investigate")
@click.argument("incident")
@click.option("--cluster", help="Where to look; without it, where the incident says it is.")
@click.option("--max-entities", type=click.IntRange(1, 1_000), help="How many entities the graph holds at most.")
@click.option("--no-wait", is_flag=True, help="Ask, and do not wait for what is found.")
@click.option("--timeout", "seconds", type=click.FloatRange(min=1), default=300.0, help="Seconds to wait at most.")
@json_option
def investigate_incident(
    incident: str, cluster: str | None, max_entities: int | None, seconds: float, *, no_wait: bool
) -> None:
    """Let INCIDENT be investigated, and show what is wrong around it."""
    client = connect()
    body = {"cluster": cluster, "maxEntities": max_entities}
    given = {name: value for name, value in body.items() if value is not None}
    asked = client.post(f"/api/incidents/{incident}/investigate", given)
    if no_wait:
        _print_asked(asked)
        return
    await_job(client, asked["jobId"], "investigating", seconds)
    _print_evidence(client, incident, asked["id"], verbose=False)


@click.command("investigations")
@click.argument("incident")
@limit_option()
@json_option
def list_investigations(incident: str, limit: int) -> None:
    """List the investigations of INCIDENT, newest first."""
    page = connect().list_page(f"/api/incidents/{incident}/investigations", {}, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "investigations")


@click.command("graph")
@click.argument("incident")
@click.option("--layer", multiple=True, help="Only this layer; may be repeated.")
@_which
@json_option
def graph_of_incident(incident: str, layer: tuple[str, ...], investigation: str | None) -> None:
    """Show what surrounds INCIDENT in its cluster."""
    params = {"layer": list(layer), "investigation": investigation}
    given = {name: value for name, value in params.items() if value}
    found = connect().get(f"/api/incidents/{incident}/graph", given)
    if json_wanted():
        print_json(found)
    else:
        show_graph(found)


@click.command("evidence")
@click.argument("incident")
@_which
@click.option("-v", "--verbose", is_flag=True, help="Everything: the arithmetic, all evidence, all that was seen.")
@json_option
def evidence_of_incident(incident: str, investigation: str | None, *, verbose: bool) -> None:
    """Show what is wrong around INCIDENT, how sure that is and why."""
    _print_evidence(connect(), incident, investigation, verbose=verbose)


def _print_evidence(client: ApiClient, incident: str, investigation: str | None, *, verbose: bool) -> None:
    params = {"investigation": investigation} if investigation else {}
    found = client.get(f"/api/incidents/{incident}/evidence", params)
    if json_wanted():
        print_json(found)
    else:
        show_evidence(incident, found, verbose=verbose)


def _print_asked(asked: dict[str, Any]) -> None:
    if json_wanted():
        print_json(asked)
    else:
        print_fields([("investigation", asked["id"]), ("job", asked["jobId"]), ("state", asked["state"])])


def _columns(now: datetime) -> list[Column]:
    return [
        ("investigation", lambda item: item["id"]),
        ("why", lambda item: item["trigger"]),
        ("cluster", lambda item: item["context"]),
        ("state", lambda item: item["state"]),
        ("asked", lambda item: when(item["createdAt"], now)),
        ("hypotheses", lambda item: item["hypothesisCount"]),
        ("changes", lambda item: item["changeCount"]),
        ("summary", lambda item: item.get("error") or item["summary"]),
    ]
