"""`faultline actions`: what people propose to do about an incident, and who approved it."""

from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, TextIO

import click

from services.cli.action_text import (
    action_fields,
    freeze_columns,
    list_columns,
    policy_columns,
    print_previews,
    print_run_output,
)
from services.cli.api_client import ApiClient
from services.cli.await_job import await_job
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import connect, json_option, limit_option
from services.cli.parameters import read_json_object
from services.cli.render import json_wanted, print_count, print_fields, print_json, print_table

_RISKS = click.Choice(["low", "medium", "high", "critical"])
_STATES = click.Choice(
    [
        "proposed",
        "previewed",
        "pending",
        "approved",
        "rejected",
        "expired",
        "withdrawn",
        "executing",
        "stale",
        "executed",
        "verified",
        "ineffective",
        "failed",
        "unknown",
    ]
)
_WAIT_SECONDS = 600.0
_DONE = frozenset({"executed", "verified", "ineffective"})


@click.group()
def actions() -> None:
    """What people propose to do about an incident. Nothing is executed that was not approved."""


@actions.command("list")
@click.argument("incident", required=False)
@click.option("--state", multiple=True, type=_STATES, help="May be repeated; `pending` waits for approval.")
@click.option("--risk", multiple=True, type=_RISKS, help="May be repeated.")
@limit_option()
@json_option
def list_actions(incident: str | None, limit: int, **filters: Any) -> None:
    """List the actions of INCIDENT, or of all incidents, newest first."""
    path = f"/api/incidents/{incident}/actions" if incident else "/api/actions"
    page = connect().list_page(path, filters, limit)
    if json_wanted():
        print_json(page)
        return
    print_table(list_columns(datetime.now(UTC)), page["items"])
    print_count(len(page["items"]), page["total"], "actions")


@actions.command("show")
@click.argument("incident")
@click.argument("action")
@click.option("--previews", is_flag=True, help="Show what the dry runs put out, too.")
@json_option
def show_action(incident: str, action: str, *, previews: bool) -> None:
    """Show ACTION of INCIDENT: what it would do, who approved it, and what may be asked of it."""
    client = connect()
    found = client.get(_path(incident, action))
    outputs = _outputs(client, found) if previews else []
    if json_wanted():
        print_json({**found, "previews": outputs} if previews else found)
        return
    print_fields(action_fields(found, datetime.now(UTC)))
    print_previews(outputs)


@actions.command("propose")
@click.argument("incident")
@click.argument("argv", nargs=-1, metavar="[-- PROGRAM ARGUMENT...]")
@click.option("--title", required=True, help="What is to be done, in one line.")
@click.option("--risk", type=_RISKS, help="How much can go wrong; high if left out.")
@click.option("--manual", metavar="TEXT", help="What a person is to do by hand.")
@click.option("--kubernetes", type=click.File("rb"), metavar="FILE", help="JSON of the change; - reads standard input.")
@click.option("--target", help="Where PROGRAM is to run.")
@click.option("--rationale", help="Why it will help.")
@click.option("--rollback", help="How to undo it.")
@click.option("--effect", help="What should be seen then.")
@click.option("--supersedes", metavar="ACTION", help="An action it takes over from; that one is withdrawn.")
@json_option
def propose_action(
    incident: str,
    argv: tuple[str, ...],
    manual: str | None,
    kubernetes: BinaryIO | None,
    target: str | None,
    **words: str | None,
) -> None:
    """Propose an action for INCIDENT: --manual, --kubernetes, or --target with a program after --."""
    kind, payload = _read_payload(argv, manual, kubernetes, target)
    words["expectedEffect"] = words.pop("effect")
    given = {name: value for name, value in words.items() if value is not None}
    _print_action(connect().post(f"/api/incidents/{incident}/actions", {"type": kind, "payload": payload, **given}))


@actions.command("preview")
@click.argument("incident")
@click.argument("action")
@click.argument("output", type=click.File("r", encoding="utf-8"))
@click.option("--failed", is_flag=True, help="The dry run did not go through.")
@json_option
def preview_action(incident: str, action: str, output: TextIO, *, failed: bool) -> None:
    """Attach what a dry run put out: OUTPUT is a file, - is standard input. Earlier approvals lapse."""
    try:
        text = output.read()
    except UnicodeDecodeError as error:
        raise CommandFailed(f"OUTPUT is not text in UTF-8: {error}", ExitCode.USAGE) from error
    body = {"output": text, "succeeded": not failed}
    _print_action(connect().post(f"{_path(incident, action)}/previews", body))


@actions.command("dry-run")
@click.argument("incident")
@click.argument("action")
@json_option
def ask_dry_run(incident: str, action: str) -> None:
    """Let a worker show what ACTION would do, wait for it, and show that. Earlier approvals lapse."""
    client = connect()
    asked = client.post(f"{_path(incident, action)}/dry-run")
    await_job(client, asked["jobId"], "previewing", _WAIT_SECONDS)
    found = client.get(_path(incident, action))
    newest = _outputs(client, {"previews": found["previews"][-1:]})
    if json_wanted():
        print_json({**found, "previews": newest})
        return
    print_fields(action_fields(found, datetime.now(UTC)))
    print_previews(newest)


@actions.command("output")
@click.argument("incident")
@click.argument("action")
@json_option
def show_output(incident: str, action: str) -> None:
    """Show what the execution of ACTION put out."""
    client = connect()
    execution = client.get(_path(incident, action))["execution"] or {}
    if not execution.get("outputHref"):
        raise CommandFailed("It has put out nothing.")
    print_run_output(client.get(execution["outputHref"]))


@actions.command("ask")
@click.argument("incident")
@click.argument("action")
@json_option
def ask_for_approval(incident: str, action: str) -> None:
    """Ask for the approval of ACTION; it waits until the policy's time is over."""
    _print_action(connect().post(f"{_path(incident, action)}/request-approval"))


@actions.command("approve")
@click.argument("incident")
@click.argument("action")
@click.option("--digest", help="The review digest you have seen; without it, the action is shown and you are asked.")
@click.option("--reason", default="", help="Why; on the timeline.")
@json_option
def approve_action(incident: str, action: str, digest: str | None, reason: str) -> None:
    """Approve ACTION exactly as it is shown."""
    client = connect()
    seen = digest or _ask_about(client, _path(incident, action))
    body = {"approved": True, "digest": seen, "reason": reason}
    _print_action(client.post(f"{_path(incident, action)}/approve", body))


@actions.command("reject")
@click.argument("incident")
@click.argument("action")
@click.option("--reason", required=True, help="Why; on the timeline.")
@json_option
def reject_action(incident: str, action: str, reason: str) -> None:
    """Reject ACTION, also one that was approved and is not executed yet."""
    _print_action(connect().post(f"{_path(incident, action)}/approve", {"approved": False, "reason": reason}))


@actions.command("execute")
@click.argument("incident")
@click.argument("action")
@click.option("--result", help="Of a manual action: what came of it.")
@click.option("--failed", is_flag=True, help="Of a manual action: it did not go well.")
@click.option("--break-glass", metavar="REASON", help="Why it cannot wait for a freeze to end.")
@click.option("--wait", "waits", is_flag=True, help="Wait for the end; exit code 1 unless it was done.")
@json_option
def execute_action(
    incident: str, action: str, result: str | None, break_glass: str | None, *, failed: bool, waits: bool
) -> None:
    """Let a worker execute ACTION, which must be approved. Of a manual one, state that it was done."""
    if failed and not result:
        raise click.UsageError("--failed goes with --result.")
    body: dict[str, Any] = {"succeeded": not failed, "result": result} if result else {}
    if break_glass:
        body["breakGlass"] = break_glass
    client = connect()
    begun = client.post(f"{_path(incident, action)}/execute", body or None)
    job_id = (begun["execution"] or {}).get("jobId")
    if not waits or job_id is None:
        _print_action(begun)
        return
    await_job(client, job_id, "executing", _WAIT_SECONDS)
    ended = client.get(_path(incident, action))
    _print_action(ended)
    if ended["state"] not in _DONE:
        raise CommandFailed(f"It is {ended['state']}.")


@actions.command("cancel")
@click.argument("incident")
@click.argument("action")
@json_option
def cancel_action(incident: str, action: str) -> None:
    """Ask the worker that executes ACTION to stop where it can; what it did until then stays."""
    client = connect()
    execution = client.get(_path(incident, action))["execution"] or {}
    if not execution.get("jobId"):
        raise CommandFailed("No worker executes it.")
    client.post(f"/api/jobs/{execution['jobId']}/cancel")
    _print_action(client.get(_path(incident, action)))


@actions.command("withdraw")
@click.argument("incident")
@click.argument("action")
@click.option("--reason", default="", help="Why; on the timeline.")
@json_option
def withdraw_action(incident: str, action: str, reason: str) -> None:
    """Withdraw ACTION, which you proposed."""
    _print_action(connect().post(f"{_path(incident, action)}/withdraw", {"reason": reason}))


@actions.command("stats")
@click.option("--days", type=click.IntRange(1, 3660), help="Only actions proposed in the last DAYS days.")
@json_option
def show_stats(days: int | None) -> None:
    """Count actions by what became of them."""
    since = {"since": (datetime.now(UTC) - timedelta(days=days)).isoformat()} if days else {}
    found = connect().get("/api/actions/stats", since)
    if json_wanted():
        print_json(found)
        return
    share = found["verifiedShare"]
    helped = "nothing was looked at yet" if share is None else f"{share:.0%} of those that were looked at"
    counts = [(state, count) for state, count in found["byState"].items() if count]
    print_fields([("actions", found["total"]), *counts, ("helped", helped)])


@actions.command("policy")
@json_option
def show_policy() -> None:
    """Show the approval policy in force."""
    policy = connect().get("/api/actions/policy")
    if json_wanted():
        print_json(policy)
        return
    overrides = [{"risk": f"override {number}", **one} for number, one in enumerate(policy["overrides"], 1)]
    print_table(policy_columns(), [{"risk": risk, **rule} for risk, rule in policy["risk"].items()] + overrides)
    if policy.get("freezes"):
        click.echo()
        print_table(freeze_columns(), policy["freezes"])


def _path(incident: str, action: str) -> str:
    return f"/api/incidents/{incident}/actions/{action}"


def _outputs(client: ApiClient, action: dict[str, Any]) -> list[dict[str, Any]]:
    return [client.get(preview["href"]) for preview in action["previews"]]


def _ask_about(client: ApiClient, path: str) -> str:
    """Show the action with its previews and return its review digest once the person says yes."""
    if json_wanted():
        raise click.UsageError("With --json, say --digest: the reviewDigest of what was seen.")
    found = client.get(path)
    print_fields(action_fields(found, datetime.now(UTC)))
    print_previews(_outputs(client, found))
    click.confirm("Approve exactly this?", abort=True)
    return str(found["reviewDigest"])


def _read_payload(
    argv: tuple[str, ...], manual: str | None, kubernetes: BinaryIO | None, target: str | None
) -> tuple[str, dict[str, Any]]:
    if sum((manual is not None, kubernetes is not None, target is not None)) != 1:
        raise click.UsageError("Say one of --manual, --kubernetes and --target.")
    if bool(argv) != (target is not None):
        raise click.UsageError("--target goes with a program after --.")
    if manual is not None:
        return "manual", {"instructions": manual}
    if kubernetes is not None:
        return "kubernetes", read_json_object(kubernetes)
    return "command", {"argv": list(argv), "target": target}


def _print_action(action: dict[str, Any]) -> None:
    if json_wanted():
        print_json(action)
    else:
        print_fields(action_fields(action, datetime.now(UTC)))
