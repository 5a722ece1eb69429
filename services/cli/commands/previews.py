"""Previews of deliveries: wait until every one was read again, and print what is different."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from services.cli.api_client import ApiClient
from services.cli.errors import CommandFailed
from services.cli.polling import poll
from services.cli.render import Column, json_wanted, print_json, print_table

_PATIENCE_SECONDS = 30.0


def await_preview(
    client: ApiClient,
    preview_id: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Return the preview once it is ready. Raises ``CommandFailed`` if it is not so within 30 seconds."""
    looks = poll(lambda: client.get(f"/api/previews/{preview_id}"), _PATIENCE_SECONDS, clock=clock, sleep=sleep)
    for preview in looks:
        if preview["isReady"]:
            return preview
    waiting = sum(one["after"] is None for one in preview["deliveries"])
    raise CommandFailed(
        f"Preview {preview_id} is not ready after {_PATIENCE_SECONDS:.0f} s; deliveries still to be read: "
        f"{waiting} of {len(preview['deliveries'])}. Does a worker run? See `faultline status`."
    )


def print_preview(preview: dict[str, Any]) -> None:
    """Print for each delivery what it was and would be, and, where it is different, in what."""
    if json_wanted():
        print_json(preview)
        return
    if not preview["deliveries"]:
        click.echo("there is no delivery to read again", err=True)
        return
    print_table(_COLUMNS, preview["deliveries"])
    differences = [row for one in preview["deliveries"] if one["isDifferent"] for row in differences_of(one)]
    if differences:
        click.echo()
        print_table(_DIFFERENCE_COLUMNS, differences)


def differences_of(delivery: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each thing that is read or decided otherwise than before, signal by signal in their order."""
    before, after = delivery["before"]["signals"], delivery["after"]["signals"]
    for number in range(max(len(before), len(after))):
        old, new = (_facts(side[number]) if number < len(side) else {} for side in (before, after))
        for name in {**old, **new}:
            if old.get(name) != new.get(name):
                row = {"what": name, "before": old.get(name), "after": new.get(name)}
                yield {"deliveryId": delivery["deliveryId"], "number": number + 1, **row}


def _facts(signal: dict[str, Any]) -> dict[str, Any]:
    """Return what makes a signal different; how it ended depends on the time that has passed, and does not."""
    outcome, reading = signal["outcome"], signal.get("reading") or {}
    labels = {f"label {name}": value for name, value in (reading.get("labels") or {}).items()}
    return {
        "fingerprint": outcome["fingerprint"],
        "status": outcome["status"],
        "severity": outcome.get("severity"),
        "rule": outcome.get("ruleId"),
        "group": outcome.get("dedupKey"),
        "held back by": outcome.get("suppressedBy"),
        "name": reading.get("name"),
        "title": reading.get("title"),
        "service": reading.get("service"),
        "dedup key": reading.get("dedupKey"),
        "link": reading.get("link"),
        **labels,
    }


def _side(side: dict[str, Any] | None) -> list[str]:
    """Word one side: why it could not be understood, or each signal with its outcome."""
    if side is None:
        return ["past its retention"]
    if side.get("code"):
        return [f"{side['outcome']} ({side['code']}): {side['reason']}"]
    return [_signal(signal) for signal in side["signals"]] or [side.get("outcome") or "nothing"]


def _signal(signal: dict[str, Any]) -> str:
    outcome, reading = signal["outcome"], signal.get("reading") or {}
    title = reading.get("title") or outcome["fingerprint"]
    severity = f" [{outcome['severity']}]" if outcome.get("severity") else ""
    rule = f" by {outcome['ruleId']}" if outcome.get("ruleId") else ""
    return f"{title}{severity}: {outcome['outcome']}{rule}"


def _is_different(delivery: dict[str, Any]) -> str:
    return {True: "yes", False: "no", None: "unknown"}[delivery["isDifferent"]]


_COLUMNS: list[Column] = [
    ("delivery", lambda item: item["deliveryId"]),
    ("different", _is_different),
    ("before", lambda item: _side(item["before"])),
    ("after", lambda item: _side(item["after"])),
]
_DIFFERENCE_COLUMNS: list[Column] = [
    ("delivery", lambda row: row["deliveryId"]),
    ("signal", lambda row: row["number"]),
    ("what", lambda row: row["what"]),
    ("before", lambda row: row["before"]),
    ("after", lambda row: row["after"]),
]
