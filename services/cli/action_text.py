"""How actions are worded for people: lists, fields, and what dry runs put out."""

import shlex
from datetime import datetime
from typing import Any

import click
import msgspec

from services.cli.render import Column, json_wanted, print_json
from services.cli.text import visible, when

_MATCHED = ("risks", "types", "verbs", "contexts", "namespaces", "environments")


def list_columns(now: datetime) -> list[Column]:
    """Return the columns of a list of actions."""
    return [
        ("action", lambda item: item["id"]),
        ("incident", lambda item: item["incidentId"]),
        ("state", lambda item: item["state"]),
        ("risk", lambda item: item["risk"]),
        ("type", lambda item: item["type"]),
        ("title", lambda item: item["title"]),
        ("approvals", _count),
        ("expires", lambda item: when(item["expiresAt"], now)),
        ("by", lambda item: item["proposedBy"]),
    ]


def policy_columns() -> list[Column]:
    """Return the columns of the approval policy; an override shows what it asks more, and of what."""
    return [
        ("risk", lambda item: item["risk"]),
        ("of", lambda item: [f"{name}={'|'.join(item[name])}" for name in _MATCHED if item.get(name)]),
        ("hours", lambda item: [hours_words(hours) for hours in item.get("hours", ())]),
        ("approvals", lambda item: item["approvals"]),
        ("approver", lambda item: item["approverRole"]),
        ("named", lambda item: _named(item.get("approvers") or [])),
        ("proposer may approve", lambda item: item["selfApproval"]),
        ("executor", lambda item: item["executorRole"]),
        ("approval holds", lambda item: _minutes(item["approvalMinutes"])),
        ("request waits", lambda item: _minutes(item["pendingMinutes"])),
        ("asks at once", lambda item: item["askAtOnce"]),
    ]


def freeze_columns() -> list[Column]:
    """Return the columns of the freezes of the approval policy."""
    return [
        ("freeze", lambda item: item["name"]),
        ("of", lambda item: [f"{name}={'|'.join(item[name])}" for name in _MATCHED if item.get(name)]),
        ("holds", _times),
        ("break glass", lambda item: item["breakGlassRole"]),
        ("reason", lambda item: item["reason"]),
    ]


def hours_words(hours: dict[str, Any]) -> str:
    """Return weekly hours as people write them."""
    return f"{' '.join(hours['days'])} {hours['from']}-{hours['to']} {hours['zone']}"


def action_fields(item: dict[str, Any], now: datetime) -> list[tuple[str, object]]:
    """Return an action as names and values."""
    end, execution = item.get("end") or {}, item.get("execution") or {}
    return [
        ("action", item["id"]),
        ("incident", item["incidentId"]),
        ("title", item["title"]),
        ("type", item["type"]),
        *_payload_fields(item["type"], item["payload"]),
        ("risk", item["risk"]),
        ("rationale", item["rationale"]),
        ("expected effect", item["expectedEffect"]),
        ("rollback", item["rollback"]),
        ("state", item["state"]),
        ("expires", when(item["expiresAt"], now)),
        ("may be asked", item["allowedCalls"]),
        ("proposed", f"{item['proposedBy']} {when(item['proposedAt'], now)}"),
        ("previews", [_preview(preview) for preview in item["previews"]]),
        ("approvals", [_count(item), *(_approval(one) for one in item["approvals"])]),
        ("ended", f"{end['by']} {when(end['at'], now)}: {end['reason']}" if end else None),
        (_how(item["state"]), f"{execution['by']} {when(execution['at'], now)}" if execution else None),
        ("result", execution.get("result")),
        ("job", execution.get("jobId")),
        ("to find out", execution.get("look")),
        ("steps done", execution.get("done")),
        ("effect", (item.get("verification") or {}).get("words")),
        ("supersedes", item["supersedes"]),
        ("superseded by", item["supersededBy"]),
        ("review digest", item["reviewDigest"]),
        ("version", item["version"]),
    ]


def print_previews(outputs: list[dict[str, Any]]) -> None:
    """Print what each dry run put out, line by line, with nothing in it that could steer a terminal."""
    for preview in outputs:
        click.echo(f"\npreview {visible(preview['id'])}{'' if preview['succeeded'] else ' (failed)'}")
        for line in preview["output"].split("\n"):
            click.echo(f"  {visible(line)}")


def print_run_output(found: dict[str, Any]) -> None:
    """Print what an execution put out, line by line, with nothing in it that could steer a terminal."""
    if json_wanted():
        print_json(found)
        return
    for line in found["output"].split("\n"):
        click.echo(visible(line))
    if found["isTruncated"]:
        click.echo(f"({found['length']} bytes in all, SHA-256 {found['digest']}; the middle is left out)", err=True)


def _how(state: str) -> str:
    return "asked to execute" if state == "executing" else "executed"


def _payload_fields(kind: str, payload: dict[str, Any]) -> list[tuple[str, object]]:
    if kind == "manual":
        return [("instructions", payload["instructions"])]
    if kind == "command":
        return [("command", shlex.join(payload["argv"])), ("target", payload["target"])]
    place = "/".join(str(payload[name]) for name in ("context", "namespace", "kind", "name") if payload.get(name))
    parameters = payload.get("parameters")
    shown = msgspec.json.encode(parameters).decode() if parameters else None
    return [("verb", payload["verb"]), ("object", place), ("parameters", shown)]


def _preview(preview: dict[str, Any]) -> str:
    return f"{preview['id']}{'' if preview['succeeded'] else ' (failed)'}"


def _approval(approval: dict[str, Any]) -> str:
    if approval["holds"]:
        return str(approval["by"])
    why = approval.get("whyNot")
    return f"{approval['by']} ({why.replace('_', ' ') if why else 'no longer holds'})"


def _count(item: dict[str, Any]) -> str:
    return f"{item['approvalsGiven']} of {item['approvalsNeeded']}"


def _minutes(count: int | None) -> str | None:
    return None if count is None else f"{count} min"


def _times(freeze: dict[str, Any]) -> object:
    if freeze["hours"]:
        return [hours_words(hours) for hours in freeze["hours"]]
    return f"{freeze['from']} to {freeze['until']}"


def _named(approvers: list[Any]) -> list[str]:
    """Return lists of patterns as words: an override has one, a rule each that was asked of it."""
    lists = approvers if approvers and isinstance(approvers[0], list) else [approvers] if approvers else []
    return ["|".join(patterns) for patterns in lists]
