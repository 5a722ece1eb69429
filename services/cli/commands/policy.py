"""`faultline policy`: what the approval policy asks of an action and why, and whether a file is one."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import connect, json_option
from services.cli.parameters import Moment, rfc3339
from services.cli.policy_text import explanation_fields, freeze_columns, freeze_rows, override_columns
from services.cli.render import json_wanted, print_fields, print_json, print_table

# Services never import each other: the gateway's own tool reads the file, as a process.
_TOOL = "services.gateway.policy_tool"
_TOOL_SECONDS = 60
_PLACE = ("verb", "context", "namespace", "target")


@click.group()
def policy() -> None:
    """What the approval policy asks of an action and why; whether a file is a policy."""


@policy.command("explain")
@click.option("--action", metavar="ACTION", help="An action there is; else say --type.")
@click.option("--type", "kind", type=click.Choice(["kubernetes", "command", "manual"]), help="Of one there might be.")
@click.option("--risk", type=click.Choice(["low", "medium", "high", "critical"]), help="high if left out.")
@click.option("--verb", help="Of a change of a cluster, such as scale or drain.")
@click.option("--context", help="Which cluster it would change.")
@click.option("--namespace", help="Of the object it would change; left out where the object has none.")
@click.option("--target", help="Where a command would run.")
@click.option("--at", type=Moment(), help="At which moment; now if left out.")
@json_option
def explain_policy(action: str | None, kind: str | None, at: datetime | None, **words: str | None) -> None:
    """Explain which approvals an action takes, by whom, which part of the policy asks for them, and what freezes it."""
    given = {name: value for name, value in words.items() if value is not None}
    if (action is None) == (kind is None):
        raise click.UsageError("Say --action, or --type of one there might be.")
    if action is not None and given:
        raise click.UsageError(f"--action goes without {', '.join(f'--{name}' for name in given)}.")
    body: dict[str, Any] = {"actionId": action} if action is not None else {"type": kind}
    if payload := {name: given.pop(name) for name in _PLACE if name in given}:
        body["payload"] = payload
    body |= given
    if at is not None:
        body["at"] = rfc3339(at)
    found = connect().post("/api/policy/explain", body)
    if json_wanted():
        print_json(found)
    else:
        _print_explanation(found, datetime.now(UTC))


@policy.command("check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@json_option
def check_policy(file: Path) -> None:
    """Say whether FILE (TOML or JSON) is an approval policy, and all that is wrong with it; exits with 2 if it is none.

    No gateway need run.
    """
    command = [sys.executable, "-m", _TOOL, str(file.resolve())]
    done = subprocess.run(  # noqa: S603 - our own tool, with the path of a file.
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, timeout=_TOOL_SECONDS
    )
    try:
        found = msgspec.json.decode(done.stdout, type=dict[str, Any])
    except msgspec.DecodeError:
        raise CommandFailed(f"`policy check` ended with {done.returncode}.") from None
    if json_wanted():
        print_json(found)
    else:
        print_fields([(name, value) for name, value in found.items() if name != "problems"])
        if found["problems"]:
            columns = [("place", lambda item: item["place"]), ("problem", lambda item: item["problem"])]
            print_table(columns, found["problems"])
    if found["problems"]:
        raise CommandFailed(f"{len(found['problems'])} problems were found.", ExitCode.USAGE)


def _print_explanation(found: dict[str, Any], now: datetime) -> None:
    print_fields(explanation_fields(found, now))
    policy_found = found["policy"]
    if policy_found["overrides"]:
        click.echo()
        print_table(override_columns(), policy_found["overrides"])
    if rows := freeze_rows(policy_found):
        click.echo()
        print_table(freeze_columns(now), rows)
