"""`faultline demo`: play a short outage into the running product and say what to look at."""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from services.cli.api_client import ApiClient, JsonObject
from services.cli.demo_diagnosis import diagnose_demo, print_diagnosis
from services.cli.demo_story import STORY, Step, bodies, count_deliveries
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import connect, json_option
from services.cli.polling import poll
from services.cli.project_files import find_project_file
from services.cli.render import json_wanted, print_json, print_table, progress

_INTAKE = "/api/intake/alertmanager"
_SAMPLE = Path("data/samples/alertmanager/01_firing.json")
_OUTCOME_SECONDS = 30.0


@click.command()
@click.option("--pace", type=click.FloatRange(0, 60), default=1.0, show_default=True, help="Seconds between the steps.")
@json_option
def demo(pace: float) -> None:
    """Play an outage: several services, repeats, a pair of Alertmanagers, what recovers, and a diagnosis."""
    client = connect()
    template = read_template(find_project_file(_SAMPLE))
    accepted = _play(client, template, pace)
    outcomes = _await_outcomes(client, accepted)
    incidents = _read_incidents(client, outcomes)
    diagnosis = diagnose_demo(client, incidents)
    if json_wanted():
        print_json({"deliveries": outcomes, "incidents": incidents, "diagnosis": diagnosis})
        return
    _print(outcomes, incidents)
    if diagnosis is not None:
        print_diagnosis(diagnosis)


def read_template(path: Path) -> JsonObject:
    """Return the body in a sample file. Raises ``CommandFailed``."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=JsonObject)
    except (OSError, msgspec.DecodeError) as error:
        raise CommandFailed(f"Cannot read the sample {path}: {error}", ExitCode.NOT_FOUND) from error


def _play(client: ApiClient, template: JsonObject, pace: float) -> list[str]:
    accepted: list[str] = []
    total = count_deliveries(STORY)
    started_at = datetime.now(UTC)
    with progress("playing an outage", total) as report:
        for number, step in enumerate(STORY):
            if number:
                time.sleep(pace)
            for body in bodies(template, step, started_at):
                accepted.append(client.post(_INTAKE, body)["deliveryId"])
                report(step.says, len(accepted), total)
            _tell(step)
    return accepted


def _tell(step: Step) -> None:
    if not json_wanted():
        click.echo(f"{step.status:<9}{step.alert.name:<30}{step.says}", err=True)


def _await_outcomes(client: ApiClient, accepted: list[str]) -> list[JsonObject]:
    """Return the deliveries once every one of them has an outcome. Raises ``CommandFailed`` if that takes too long."""
    done: dict[str, JsonObject] = {}
    names = list(dict.fromkeys(accepted))

    def look() -> int:
        for name in (name for name in names if name not in done):
            found = client.get(f"/api/deliveries/{name}")
            if found["state"] != "accepted":
                done[name] = found
        return len(names) - len(done)

    with progress("waiting for the outcomes", len(names)) as report:
        for waiting in poll(look, _OUTCOME_SECONDS):
            report("waiting for the outcomes", len(done), len(names))
            if not waiting:
                return [done[name] for name in names]
    raise CommandFailed(f"{waiting} deliveries still wait after {_OUTCOME_SECONDS:g} s; see `faultline status`.")


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
