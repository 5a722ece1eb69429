"""The end of the demo: a diagnosis of what the outage hit, on the demo cluster, attached to its incident."""

from collections.abc import Sequence

import click

from services.cli.api_client import ApiClient, JsonObject
from services.cli.errors import CommandFailed
from services.cli.polling import poll
from services.cli.render import progress

# The name under which `faultline up` hands the graph worker the demo cluster, and the alerts' label `cluster`.
DEMO_CONTEXT = "demo"
_RESOURCE = {"context": DEMO_CONTEXT, "namespace": "shop", "kind": "Deployment", "name": "checkout"}
_SECONDS = 60.0
_SHOWN = 3


def diagnose_demo(client: ApiClient, incidents: Sequence[JsonObject]) -> JsonObject | None:
    """Return the diagnosis of checkout, attached to the incident about it; None where no worker knows the demo cluster.

    Raises ``CommandFailed`` if it takes too long.
    """
    asked = client.post("/api/quickdx", _RESOURCE)
    found = _await(client, str(asked["id"]))
    if found["state"] != "done":
        click.echo(f"\nThe demo cluster was not diagnosed: {found.get('error')}", err=True)
        return None
    about = next((one for one in incidents if "checkout" in one["services"]), None)
    if about is not None:
        client.post(f"/api/incidents/{about['id']}/diagnoses", {"diagnosisId": found["id"]})
    return found


def print_diagnosis(found: JsonObject) -> None:
    """Say what the diagnosis found, likeliest first."""
    click.echo(f"\nQuickDx of Deployment shop/checkout on the demo cluster: {found['summary']}")
    for one in found["hypotheses"][:_SHOWN]:
        click.echo(f"  {one['confidence']:>4.0%}  {one['title']}  ({one['ruleId']})")
    click.echo(f"Look at: faultline quickdx show {found['id']}    faultline dx --snapshot data/demo/shop -A")


def _await(client: ApiClient, quickdx_id: str) -> JsonObject:
    with progress("diagnosing checkout", 1) as report:
        for found in poll(lambda: client.get(f"/api/quickdx/{quickdx_id}"), _SECONDS):
            if found["state"] in {"done", "failed"}:
                report("diagnosing checkout", 1, 1)
                return found
    raise CommandFailed(f"The diagnosis {quickdx_id} is {found['state']} after {_SECONDS:g} s; see `faultline status`.")
