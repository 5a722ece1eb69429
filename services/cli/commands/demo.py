"""`faultline demo`: play a short outage into the running product and say what to look at."""

from collections import Counter
from typing import Any

import click

from services.cli.api_client import ApiClient, JsonObject
from services.cli.demo_diagnosis import diagnose_demo, print_diagnosis
from services.cli.errors import CommandFailed
from services.cli.options import connect, json_option
from services.cli.polling import poll
from services.cli.render import json_wanted, print_json, print_table, progress

_OUTCOME_SECONDS = 30.0


@click.command()
@click.option("--pace", type=click.FloatRange(0, 60), default=1.0, show_default=True, help="Seconds between the steps.")
@json_option
def demo(pace: float) -> None:
    """Play an outage: several sources and services, repeats, what recovers, what is quarantined, and a diagnosis."""
    client = connect()
    steps = client.post("/api/demo", {"paceSeconds": pace})["steps"]
    outcomes = _await_outcomes(client, steps, pace * len(steps) + _OUTCOME_SECONDS)
    incidents = _read_incidents(client, outcomes)
    diagnosis = diagnose_demo(client, incidents)
    if json_wanted():
        print_json({"deliveries": outcomes, "incidents": incidents, "diagnosis": diagnosis})
        return
    _print(outcomes, incidents)
    if diagnosis is not None:
        print_diagnosis(diagnosis)


def _await_outcomes(client: ApiClient, steps: list[JsonObject], seconds: float) -> list[JsonObject]:
    """Return the deliveries once every one of them has an outcome. Raises ``CommandFailed`` if that takes too long."""
    done: dict[str, JsonObject] = {}

    def look() -> int:
        for step in (step for step in steps if step["deliveryId"] not in done):
            found = client.get(f"/api/deliveries/{step['deliveryId']}")
            if found["state"] == "accepted":
                break
            done[found["id"]] = found
            _tell(step, found)
        return len(steps) - len(done)

    with progress("playing an outage", len(steps)) as report:
        for waiting in poll(look, seconds):
            report("playing an outage", len(done), len(steps))
            if not waiting:
                return [done[step["deliveryId"]] for step in steps]
    raise CommandFailed(f"{waiting} deliveries still wait after {seconds:g} s; see `faultline status`.")


def _tell(step: JsonObject, delivery: JsonObject) -> None:
    if not json_wanted():
        click.echo(f"{step['source']:<13}{delivery.get('outcome') or '':<12}{step['says']}", err=True)


def _read_incidents(client: ApiClient, outcomes: list[JsonObject]) -> list[JsonObject]:
    signals: list[dict[str, Any]] = [signal for delivery in outcomes for signal in delivery.get("signals", [])]
    names = dict.fromkeys(signal["incidentId"] for signal in signals if signal.get("incidentId"))
    return [client.get(f"/api/incidents/{name}") for name in names]


def _print(outcomes: list[JsonObject], incidents: list[JsonObject]) -> None:
    counts = Counter(str(delivery.get("outcome")) for delivery in outcomes)
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    click.echo(f"\n{len(outcomes)} deliveries: {words}\n")
    print_table(
        [
            ("incident", lambda item: f"INC-{item['number']}"),
            ("severity", lambda item: item["severity"]),
            ("status", lambda item: item["status"]),
            ("title", lambda item: item["title"]),
            ("firing", lambda item: f"{item['firingCount']}/{item['signalCount']}"),
        ],
        incidents,
    )
    if incidents:
        first = f"INC-{incidents[0]['number']}"
        click.echo(
            f"\nLook at: faultline incidents show {first}    faultline deliveries list    faultline incidents list"
        )
        click.echo("What recovered resolves by itself once it stayed so for FAULTLINE_GATEWAY_STABLE_SECONDS.")
