"""The gate before an execution, made visible: what was approved and by whom, what does not count and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.gateway.ui.ask import ApiRefused, question
from services.gateway.ui.person import Person

Json = Mapping[str, Any]

WHY_NOT = {
    "content_changed": "it is not of what there is to see now",
    "approval_expired": "its time is over",
    "approver_revoked": "its token is revoked or expired, or may not approve",
    "role_too_low": "its role is too low for the policy of now",
    "approver_not_named": "the policy does not name them",
    "approver_is_proposer": "they proposed it, and the policy wants somebody else",
    "same_person": "they approved already",
}
KINDS = {
    "pending": "warn", "stale": "warn", "ineffective": "warn", "approved": "busy", "executing": "busy",
    "executed": "good", "verified": "good", "failed": "bad", "unknown": "bad", "rejected": "bad",
}  # fmt: skip
MEANINGS = {
    "proposed": "Said, and nobody is asked to approve it yet.",
    "previewed": "Its preview is there; nobody is asked to approve it yet.",
    "pending": "It waits for approval.",
    "approved": "Exactly this may be executed.",
    "executing": "A worker has it, or will.",
    "stale": "Its target is not any more what was approved. Nothing was done; a new preview shows what it would do.",
    "executed": "It was done. Whether it helped is looked at, or cannot be.",
    "verified": "It was done, and what it was to bring about has become so.",
    "ineffective": "It was done, and what it was to bring about has not become so.",
    "failed": "It was tried and failed; the result says whether anything was done.",
    "unknown": "Nobody knows whether it was done.",
    "rejected": "An approver said no.",
    "withdrawn": "Its proposer took it back.",
    "expired": "Its time ran out.",
}
_MEMBERS = {
    "approvals": "approvals",
    "selfApproval": "the proposer may approve",
    "approverRole": "least role to approve",
    "approvers": "who may approve",
    "executorRole": "least role to execute",
    "approvalMinutes": "minutes an approval holds",
    "pendingMinutes": "minutes a request waits",
    "askAtOnce": "asks for approval when proposed",
}
_ENDS = frozenset({"rejected", "withdrawn", "expired", "executed", "verified", "ineffective", "failed", "unknown"})
_DONE = frozenset({"executed", "verified", "ineffective", "failed", "unknown"})


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands between an action and its execution."""

    counted: tuple[Json, ...]
    not_counted: tuple[tuple[Json, str], ...]
    lacking: int
    policy: Json | None
    is_proposer: bool
    is_open: bool
    # Why the person who looks is not offered to approve, or execute; empty where they are.
    no_approving: str
    no_executing: str
    may_break_glass: bool


def gate_of(action: Json, who: Person) -> Gate:
    """Return the gate of an action as ``who`` meets it. The API decides; this is what to show."""
    approvals: Sequence[Json] = action["approvals"]
    counted = tuple(one for one in approvals if one["holds"])
    policy = _policy_of(action, who)
    freezes = policy["freezes"] if policy else ()
    return Gate(
        counted=counted,
        not_counted=tuple((one, _why_not(one)) for one in approvals if not one["holds"]),
        lacking=max(0, int(action["approvalsNeeded"]) - int(action["approvalsGiven"])),
        policy=policy,
        is_proposer=action["proposedBy"] == who.subject,
        is_open=action["state"] not in _ENDS,
        no_approving=_no_approving(action, who, counted),
        no_executing=_no_executing(action, who),
        may_break_glass=bool(freezes) and all(_lets_through(one, who) for one in freezes),
    )


def steps_of(action: Json) -> list[tuple[str, str]]:
    """Return the way of an action and how far it is: each step with done, now or next."""
    state = action["state"]
    is_done = state in _DONE
    marks = [
        ("proposed", True),
        ("previewed", bool(action["previews"])),
        ("approved", state in {"approved", "executing"} or is_done),
        ("executed", is_done and state not in {"failed", "unknown"}),
        ("verified", state == "verified"),
    ]
    if action["type"] != "kubernetes":
        marks = [mark for mark in marks if mark[0] != "verified" and (mark[0] != "previewed" or mark[1])]
    waits_for = next((name for name, is_past in marks if not is_past and name != "previewed"), "")
    return [
        (name, "done" if is_past else "now" if name == waits_for and state not in _ENDS else "next")
        for name, is_past in marks
    ]


def tightened(change: Json) -> str:
    """Return what an override tightened, in words."""
    member = _MEMBERS.get(change["member"], change["member"])
    return f"{member}: {_value(change['from'])} \N{RIGHTWARDS ARROW} {_value(change['to'])}"


def _policy_of(action: Json, who: Person) -> Json | None:
    try:
        explained: Json = question("/api/policy/explain", {"actionId": action["id"]}, who.csrf_token)["policy"]
    except ApiRefused:
        # The action itself says what it needs; only the reasons are not there.
        return None
    return explained


def _why_not(approval: Json) -> str:
    why = approval.get("whyNot")
    return WHY_NOT.get(why, str(why)) if why else "it does not count any more"


def _no_approving(action: Json, who: Person, counted: Sequence[Json]) -> str:
    rule = action["rule"]
    if not who.may(rule["approverRole"]):
        return f"It takes an {rule['approverRole']} to approve this; you are a {who.role}."
    if action["proposedBy"] == who.subject and not rule["selfApproval"]:
        return "You proposed it, so somebody else has to approve it."
    if any(one["by"] == who.subject for one in counted):
        return "You approved it; it takes somebody else for the next approval." if action["state"] == "pending" else ""
    return ""


def _no_executing(action: Json, who: Person) -> str:
    role = action["rule"]["executorRole"]
    return "" if who.may(role) else f"It takes a {role} to execute this; you are a {who.role}."


def _lets_through(freeze: Json, who: Person) -> bool:
    role = freeze["breakGlassRole"]
    return role is not None and who.may(role)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(" or ".join(one) if isinstance(one, list) else str(one) for one in value) or "anybody"
    return str(value)
