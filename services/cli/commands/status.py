"""`faultline status`: what is up, how much work waits, and which versions run."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import click

from services.cli.api_client import ApiClient
from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.options import json_option, read_connection
from services.cli.render import Column, json_wanted, print_fields, print_json, print_table
from services.cli.supervisor.run_files import find_run, run_as_json
from services.cli.text import when

_OK = 200


@click.command()
@json_option
def status() -> None:
    """Show what is up; exits with 3 when nothing answers and with 1 when it answers but is not ready."""
    connection = read_connection()
    run = find_run(connection.data_dir)
    local = run_as_json(run) if run is not None and run.url == connection.url else None
    try:
        remote = _ask(connection.client())
    except CommandFailed:
        if local is None:
            raise
        remote = {"ready": False, "checks": {}}
    report = {
        "url": connection.url,
        "dataDir": str(connection.data_dir),
        "run": local,
        "cliVersion": version("faultline"),
        **remote,
    }
    if json_wanted():
        print_json(report)
    else:
        _print(report)
    if not report["ready"]:
        raise CommandFailed("Faultline is not ready.", ExitCode.FAILED)


def _ask(client: ApiClient) -> dict[str, Any]:
    code, ready = client.probe("/readyz")
    _, health = client.probe("/healthz")
    return {
        "ready": code == _OK,
        "checks": ready.get("checks", {}),
        "gatewayVersion": health.get("version"),
        "backlog": _read_backlog(client),
    }


def _read_backlog(client: ApiClient) -> dict[str, int | None] | None:
    """Return counts of what waits and what failed, or None if the token may not see them."""
    try:
        return {
            "deliveriesWaiting": client.get("/api/deliveries", {"state": "accepted", "limit": 1}).get("total"),
            "jobsWaiting": client.get("/api/jobs", {"state": "pending", "limit": 1}).get("total"),
            "jobsRunning": client.get("/api/jobs", {"state": "running", "limit": 1}).get("total"),
            "jobsFailed": client.get("/api/jobs", {"state": "failed", "limit": 1}).get("total"),
            "deliveriesQuarantined": client.get("/api/deliveries", {"state": "quarantined", "limit": 1}).get("total"),
        }
    except CommandFailed:
        return None


def _print(report: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    run = report["run"] or {}
    print_fields(
        [
            ("state", "ready" if report["ready"] else run.get("state", "not ready")),
            ("API", f"{report['url']}/api"),
            ("API docs", run.get("docsUrl")),
            ("Flower", run.get("flowerUrl")),
            ("metrics", ", ".join(run.get("metricsUrls", {}).values()) or None),
            ("data folder", report["dataDir"]),
            ("broker", run.get("broker")),
            ("supervisor", f"process {run['pid']}, started {when(run['startedAt'], now)}" if run else None),
            ("versions", f"gateway {report.get('gatewayVersion') or '?'}, command {report['cliVersion']}"),
            *((f"check {name}", _word(check)) for name, check in report["checks"].items()),
            *_backlog_fields(report.get("backlog")),
        ]
    )
    if run:
        click.echo()
        print_table(_child_columns(now), [{"name": name, **child} for name, child in run["children"].items()])


def _backlog_fields(backlog: dict[str, int | None] | None) -> list[tuple[str, object]]:
    if backlog is None:
        return [("backlog", "not visible with this token")]
    waiting = f"{backlog['deliveriesWaiting']} deliveries and {backlog['jobsWaiting']} jobs wait"
    failed = f"{backlog['jobsFailed']} jobs failed, {backlog['deliveriesQuarantined']} deliveries quarantined"
    return [("backlog", f"{waiting}, {backlog['jobsRunning']} jobs run"), ("look at", failed)]


def _word(check: object) -> str:
    if not isinstance(check, dict):
        return str(check)
    return "ok" if check.get("ok") else str(check.get("reason") or "not ok")


def _child_columns(now: datetime) -> list[Column]:
    return [
        ("process", lambda child: child["name"]),
        ("state", lambda child: child["state"]),
        ("pid", lambda child: child.get("pid")),
        ("started", lambda child: when(child.get("startedAt"), now)),
        ("restarts", lambda child: child.get("restarts")),
        ("last exit", lambda child: child.get("lastExit")),
    ]
