"""How an explanation of the approval policy is worded for people."""

from datetime import datetime
from typing import Any

from services.cli.render import Column
from services.cli.text import when


def explanation_fields(found: dict[str, Any], now: datetime) -> list[tuple[str, object]]:
    """Return what the policy asks as names and values; of an action there is, also what it has of that."""
    action, policy = found["action"], found["policy"]
    rule = policy["rule"]
    return [
        *([] if action is None else _action_fields(action)),
        ("at", when(policy["at"], now)),
        ("type", policy["type"]),
        ("risk", policy["risk"]),
        ("environment", policy["environments"]),
        ("approvals needed", rule["approvals"]),
        ("by", _approver(rule)),
        ("proposer may approve", "yes" if rule["selfApproval"] else "no"),
        ("digest needed", "yes" if policy["isDigestRequired"] else "no"),
        ("executed by", f"{rule['executorRole']} or above"),
        ("approval holds", f"{rule['approvalMinutes']} min"),
        ("request waits", f"{rule['pendingMinutes']} min"),
        ("frozen", "yes" if policy["freezes"] else "no"),
        ("free again", _free_again(policy, now)),
    ]


def override_columns() -> list[Column]:
    """Return the columns of the overrides that hold: what each matched, and what it tightens."""
    return [
        ("override", lambda item: item["number"]),
        ("because of", lambda item: [*_matched(item["matched"]), *item["hours"]]),
        ("tightens", lambda item: [_tightened(one) for one in item["tightens"]]),
        ("reason", lambda item: item["reason"]),
    ]


def freeze_rows(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the freezes that hold, and the next ones after them."""
    held = [{**one, "is": "holds"} for one in policy["freezes"]]
    return held + [{**one, "is": "next"} for one in policy["nextFreezes"]]


def freeze_columns(now: datetime) -> list[Column]:
    """Return the columns of freezes and when they hold."""
    return [
        ("freeze", lambda item: item["name"]),
        ("", lambda item: item["is"]),
        ("from", lambda item: when(item["startsAt"], now)),
        ("until", lambda item: when(item["until"], now) if item["until"] else "no end in sight"),
        ("break glass", lambda item: item["breakGlassRole"]),
        ("reason", lambda item: item["reason"]),
    ]


def _action_fields(action: dict[str, Any]) -> list[tuple[str, object]]:
    return [
        ("action", action["id"]),
        ("incident", action["incidentId"]),
        ("title", action["title"]),
        ("state", action["state"]),
        ("approvals given", action["approvalsGiven"]),
        ("approvals", [_approval(one) for one in action["approvals"]]),
    ]


def _approval(approval: dict[str, Any]) -> str:
    why = approval["whyNot"]
    words = why.replace("_", " ") if why else ""
    return f"{approval['by']}{f' (not counted: {words})' if why else ''}"


def _approver(rule: dict[str, Any]) -> str:
    named = " and ".join(f"one of {' '.join(patterns)}" for patterns in rule["approvers"])
    return f"{rule['approverRole']} or above{f', {named}' if named else ''}"


def _free_again(policy: dict[str, Any], now: datetime) -> str | None:
    if not policy["freezes"]:
        return None
    return when(policy["nextFreeAt"], now) if policy["nextFreeAt"] else "no end in sight"


def _matched(matched: dict[str, list[str]]) -> list[str]:
    return [f"{name}={'|'.join(words)}" for name, words in matched.items()]


def _tightened(one: dict[str, Any]) -> str:
    return f"{one['member']} {_value(one['from'])} -> {_value(one['to'])}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join("|".join(patterns) for patterns in value) or "anyone"
    return str(value)
