"""Every reason against an execution, by every way in: refused with its own code, and nothing is written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.gateway.domain.actions import runs
from services.gateway.domain.actions.policy import DEFAULT_RULES, ApprovalPolicy, Freeze, Hours, PolicyOverride
from services.gateway.domain.records import Action, Role
from services.gateway.handlers.action_jobs import put_job
from shared.contracts.queues import EXECUTE_ACTION
from tests.support.action_desk import CONTEXT
from tests.support.action_world import World, running_world
from tests.support.actions import a_preview
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import SHOP, a_cluster, item_of
from tests.support.kube_writes import WritableKube, serve_writable_kube

SCALE: dict[str, Any] = {
    "verb": "scale",
    "context": CONTEXT,
    "namespace": SHOP,
    "kind": "Deployment",
    "name": "checkout",
    "parameters": {"replicas": 6},
}
STRICT = ApprovalPolicy()
LAX = ApprovalPolicy(
    risk={risk: msgspec.structs.replace(rule, approvals=1, self_approval=True) for risk, rule in DEFAULT_RULES.items()}
)
FROZEN = ApprovalPolicy(freezes=(Freeze(name="all", reason="Half of us are away.", hours=(Hours(zone="UTC"),)),))
# What no timeline of a refused call says: only that of a job which was handed on says that it was refused.
NOTHING_DONE = {"action_executed", "action_failed", "action_unknown", "action_stale"}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason. ``spoil`` makes it true of an action that could be executed until then.

    ``code`` and ``status`` are what API and door say, ``at_door`` what the door does where that is another; ``state``
    is how the action is shown then. ``by`` proposes and executes it, and ``approver`` approves it.
    """

    code: str
    status: int
    state: str
    spoil: Callable[[World, str], object]
    at_door: tuple[int, str] | None = None
    risk: str = "low"
    by: str = "ann"
    approver: str | None = "ben"


def under(policy: ApprovalPolicy) -> Callable[[World, str], object]:
    return lambda world, _: world.rule_by(policy)


def tightened(**rule: Any) -> Callable[[World, str], object]:
    return under(ApprovalPolicy(overrides=(PolicyOverride(**rule),)))


def move(**fields: Any) -> Callable[[World, str], object]:
    def spoil(world: World, path: str) -> None:
        incident, desk = path.partition("/actions")[0], world.desk("dee")
        if fields.get("status") == "closed":
            desk.ok("PATCH", incident, {"status": "resolved"})
        desk.ok("PATCH", incident, fields)

    return spoil


def merge(world: World, path: str) -> None:
    desk = world.desk("dee")
    other = desk.open_incident().rpartition("/")[2]
    desk.ok("POST", f"{path.partition('/actions')[0]}/merge", {"into": other, "reason": "The same."})


def supersede(world: World, path: str) -> None:
    incident, _, action = path.partition("/actions/")
    world.desk("ann").propose(incident, SCALE, supersedes=action)


def add_preview(world: World, path: str) -> None:
    desk = world.desk("ann")
    if desk.get(path)["state"] != "executing":
        desk.ok("POST", f"{path}/previews", {"output": "quite another thing"})
        return

    # No call adds one while it is executing; whoever gets at the store could.
    def slip_in(tx: Any) -> None:
        action = tx.get(Action, path.rpartition("/")[2])
        tx.put(msgspec.structs.replace(action, previews=(*action.previews, a_preview(9))))

    world.gw.store.transact(slip_in)


def nothing(world: World, path: str) -> None:
    """Leave all as it is."""


REFUSALS = {
    "unapproved": Refusal(code="action_not_approved", status=403, state="pending", spoil=nothing, approver=None),
    "its approval expired": Refusal(
        code="approval_expired", status=403, state="expired", spoil=lambda world, _: world.gw.clock.advance(3_600)
    ),
    "approved by its proposer": Refusal(
        code="approver_is_proposer", status=403, state="pending", spoil=under(STRICT), risk="high", by="ben"
    ),
    "critical, approved once": Refusal(
        code="more_approvals_needed", status=403, state="pending", spoil=under(STRICT), risk="critical"
    ),
    "a preview was added": Refusal(code="content_changed", status=403, state="pending", spoil=add_preview),
    "superseded": Refusal(code="action_superseded", status=403, state="withdrawn", spoil=supersede),
    "frozen": Refusal(code="action_frozen", status=409, state="approved", spoil=under(FROZEN)),
    "its approver was revoked": Refusal(
        code="approver_revoked", status=403, state="pending", spoil=lambda world, _: world.revoke("ben")
    ),
    "its approver's role is too low": Refusal(
        code="role_too_low", status=403, state="pending", spoil=tightened(approver_role=Role.ADMIN)
    ),
    "its approver is not named": Refusal(
        code="approver_not_named", status=403, state="pending", spoil=tightened(approvers=("cy",))
    ),
    "its executor was revoked": Refusal(
        code="unauthenticated",
        status=401,
        at_door=(403, "executor_revoked"),
        state="approved",
        spoil=lambda world, _: world.revoke("ann"),
    ),
    "its executor's role is too low": Refusal(
        code="forbidden", status=403, state="approved", spoil=tightened(executor_role=Role.APPROVER)
    ),
    "its incident was closed": Refusal(
        code="incident_ended", status=409, state="approved", spoil=move(status="closed")
    ),
    "its incident was cancelled": Refusal(
        code="incident_ended", status=409, state="approved", spoil=move(status="cancelled", reason="A drill.")
    ),
    "its incident was merged": Refusal(code="incident_merged", status=409, state="approved", spoil=merge),
}


@pytest.fixture
def kube() -> Iterator[WritableKube]:
    with serve_writable_kube(a_cluster(), all_rights()) as kube:
        yield kube


@pytest.fixture
def world(kube: WritableKube, tmp_path: Path) -> Iterator[World]:
    with running_world(tmp_path, kube) as world:
        world.rule_by(LAX)
        yield world


def prepare(world: World, case: Refusal) -> str:
    """Return an action that is approved, if anybody approves it in this case."""
    path = world.propose(SCALE, by=case.by, risk=case.risk)
    if case.risk in {"high", "critical"}:
        world.desk(case.by).call("POST", f"{path}/request-approval")
    if case.approver is not None:
        assert world.desk(case.approver).approve(path)["state"] == "approved"
    return path


def ask(world: World, path: str, case: Refusal) -> str:
    """Return the job of an execution that was asked for; what no call takes is put as somebody at the store could."""
    if case.approver is not None:
        return world.execute(path, by=case.by)

    def forge(tx: Any) -> str:
        action = tx.get(Action, path.rpartition("/")[2])
        job_id = put_job(tx, action, EXECUTE_ACTION, "token:ann")
        tx.put(runs.start(action, (), "token:ann", job_id, tx.now)[0])
        return job_id

    return str(world.gw.store.transact(forge))


def by_api(world: World, path: str, case: Refusal) -> None:
    case.spoil(world, path)
    answer = world.desk(case.by).call("POST", f"{path}/execute")
    assert (answer.status_code, answer.json()["code"]) == (case.status, case.code)


def by_command(world: World, path: str, case: Refusal) -> None:
    case.spoil(world, path)
    incident, _, action = path.removeprefix("/api/incidents/").partition("/actions/")
    ended = world.command("actions", "execute", incident, action, by=case.by)
    assert f"[{case.code}]" in ended.stderr, ended
    assert ended.returncode == (4 if case.status in {401, 403} else 1)


def at_the_door(world: World, path: str, case: Refusal) -> None:
    job_id = ask(world, path, case)
    case.spoil(world, path)
    answer = world.claim(job_id)
    assert (answer.status_code, answer.json()["code"]) == (case.at_door or (case.status, case.code))
    assert "order" not in answer.json()
    # The refusal is the end of the job: no other attempt begins it either.
    assert [world.claim(job_id, attempt).json()["code"] for attempt in (1, 2)] == ["claim_refused"] * 2


def by_a_worker(world: World, path: str, case: Refusal) -> None:
    job_id = ask(world, path, case)
    case.spoil(world, path)
    for attempt in (1, 2):
        world.work(EXECUTE_ACTION, job_id, attempt)


WAYS = {"API": by_api, "CLI": by_command, "door": at_the_door, "worker": by_a_worker}
HANDED = {"door", "worker"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reason", REFUSALS)
def test_it_is_refused_with_its_own_code_and_nothing_is_written(
    world: World, kube: WritableKube, reason: str, way: str
) -> None:
    case = REFUSALS[reason]
    path = prepare(world, case)
    WAYS[way](world, path, case)

    assert kube.sent() == []
    desk = world.desk("dee")
    action = desk.get(path)
    assert (action["state"], action["execution"]) == (case.state, None)
    told = desk.told(path)
    refused = [one["payload"]["reason"] for one in told if one["type"] == "action_refused"]
    code = (case.at_door or (case.status, case.code))[1]
    assert [one.partition(":")[0] for one in refused] == ([code] if way in HANDED else [])
    assert not NOTHING_DONE & {one["type"] for one in told}


@pytest.mark.parametrize("way", WAYS)
def test_a_target_that_drifted_is_found_by_the_worker_and_waits_for_approval_of_what_is_there(
    world: World, kube: WritableKube, way: str
) -> None:
    path = prepare(world, Refusal(code="", status=200, state="", spoil=nothing))
    found = item_of(kube.world, "Deployment", "checkout")
    assert found is not None
    if way == "CLI":
        found["spec"]["replicas"] = 4
        incident, _, action_id = path.removeprefix("/api/incidents/").partition("/actions/")
        assert world.command("actions", "execute", incident, action_id).returncode == 0
    elif way == "API":
        found["spec"]["replicas"] = 4
        world.execute(path)
    else:
        world.execute(path)
        found["spec"]["replicas"] = 4
    world.finish(path)

    action = world.desk("dee").get(path)
    assert (action["state"], action["execution"], action["approvalsGiven"]) == ("stale", None, 0)
    assert [one["whyNot"] for one in action["approvals"]] == ["content_changed"]
    assert kube.sent() == []
    assert world.desk("dee").told_types(path)[-1] == "action_stale"
    answer = world.desk("ann").call("POST", f"{path}/execute")
    assert (answer.status_code, answer.json()["code"]) == (403, "content_changed")


@pytest.mark.parametrize("way", ["API", "CLI"])
def test_where_nothing_stands_against_it_it_is_done_once(world: World, kube: WritableKube, way: str) -> None:
    path = prepare(world, Refusal(code="", status=200, state="", spoil=nothing))
    incident, _, action_id = path.removeprefix("/api/incidents/").partition("/actions/")
    if way == "CLI":
        assert world.command("actions", "execute", incident, action_id).returncode == 0
    else:
        world.execute(path)
    world.finish(path)
    world.finish(path)

    assert len(kube.sent()) == 1
    assert world.desk("dee").get(path)["state"] == "executed"


def test_a_refusal_takes_nothing_away_where_the_approval_still_holds(world: World, kube: WritableKube) -> None:
    path = prepare(world, REFUSALS["frozen"])
    at_the_door(world, path, REFUSALS["frozen"])
    world.rule_by(LAX)
    world.execute(path)
    world.finish(path)

    assert (len(kube.sent()), world.desk("dee").get(path)["state"]) == (1, "executed")
