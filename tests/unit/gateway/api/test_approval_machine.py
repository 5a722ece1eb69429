"""No sequence of calls, by whomever, makes executable what the policy wants approved: against a model of its own.

The model knows nothing of states. It writes down who was told 200 when they approved, what could be seen then, and
when; and counts by the words of docs/actions.md whether that is enough.
"""

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from services.gateway.domain.actions.policy import DEFAULT_RULES, ApprovalPolicy, PolicyOverride
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import ActionRisk, Job, Role
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.manage_tokens import make_token, revoke_token, token_id_for
from services.gateway.handlers.run_timers import run_timer
from services.gateway.ports import RecordQuery, Store
from tests.support.actions import MANUAL, SCALE
from tests.support.clock import FixedClock
from tests.support.gateway import GatewayUnderTest, a_gateway, some_settings
from tests.support.memory_store import MemoryStore

PEOPLE = {"ann": Role.RESPONDER, "bob": Role.APPROVER, "cy": Role.APPROVER, "dee": Role.ADMIN, "eve": Role.VIEWER}
LADDER = (Role.VIEWER, Role.RESPONDER, Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True)
class Demand:
    """What a policy demands, in the model's own words."""

    people: int
    proposer_counts: bool
    least: Role
    executor: Role
    minutes: int


LAX = {
    "low": Demand(1, True, Role.APPROVER, Role.RESPONDER, 60),
    "medium": Demand(1, True, Role.APPROVER, Role.RESPONDER, 60),
    "high": Demand(1, False, Role.APPROVER, Role.RESPONDER, 30),
    "critical": Demand(2, False, Role.APPROVER, Role.RESPONDER, 30),
}
STRICT = {
    "low": Demand(2, True, Role.APPROVER, Role.RESPONDER, 20),
    "medium": Demand(1, False, Role.APPROVER, Role.APPROVER, 60),
    "high": Demand(2, False, Role.APPROVER, Role.RESPONDER, 30),
    "critical": Demand(1, False, Role.ADMIN, Role.RESPONDER, 30),
}
STRICT_POLICY = ApprovalPolicy(
    risk={
        ActionRisk.LOW: replace(DEFAULT_RULES[ActionRisk.LOW], approvals=2, approval_minutes=20),
        ActionRisk.MEDIUM: replace(DEFAULT_RULES[ActionRisk.MEDIUM], self_approval=False, executor_role=Role.APPROVER),
        ActionRisk.HIGH: replace(DEFAULT_RULES[ActionRisk.HIGH], approvals=2),
        ActionRisk.CRITICAL: replace(DEFAULT_RULES[ActionRisk.CRITICAL], approvals=1, approver_role=Role.ADMIN),
    },
)
SCALING_NEEDS_TWO = ApprovalPolicy(overrides=(PolicyOverride(verbs=("scale",), approvals=2, self_approval=False),))
POLICIES = (ApprovalPolicy(), STRICT_POLICY, SCALING_NEEDS_TWO)


def with_people() -> GatewayUnderTest:
    gw = a_gateway()
    give_tokens(gw.store)
    return gw


def give_tokens(store: Store) -> None:
    for name, role in PEOPLE.items():
        store.transact(
            lambda tx, name=name, role=role: make_token(
                tx, name=name, role=role, secret=f"flt_secret-of-{name}", created_by="test"
            ),
        )


@cache
def the_app() -> Flask:
    """Return one app for all examples: to make one takes half a second. What stands behind it is swapped."""
    return with_people().app


@dataclass
class Fact:
    """One action as the model sees it."""

    path: str
    kind: str
    risk: str
    proposer: str
    content: str
    seen: list[str] = field(default_factory=list)
    said: list[tuple[str, str, datetime]] = field(default_factory=list)
    is_over: bool = False


class Approvals(RuleBasedStateMachine):
    """Up to three actions of one incident, five people, a clock, timers, revocations, restarts with another policy."""

    @initialize()
    def begin(self) -> None:
        self.app, self.clock = the_app(), FixedClock()
        self.store = MemoryStore(self.clock)
        give_tokens(self.store)
        self.facts: list[Fact] = []
        self.revoked: set[str] = set()
        self.restart_with(0)
        self.call("ann", "POST", "/api/incidents", json={"title": "Checkout is down"})

    def call(self, who: str, method: str, path: str, **options):
        headers = {"Authorization": f"Bearer flt_secret-of-{who}"}
        return self.app.test_client().open(path, method=method, headers=headers, **options)

    @rule(who=st.sampled_from(sorted(PEOPLE)), scale=st.booleans(), risk=st.sampled_from(list(LAX)))
    def propose(self, who, scale, risk):
        if len(self.facts) == 3:
            return
        body = {**(SCALE if scale else MANUAL), "risk": risk}
        made = self.call(who, "POST", "/api/incidents/INC-1/actions", json=body)
        assert made.status_code == (403 if who == "eve" else 201)
        if who != "eve":
            found = made.json
            self.facts.append(Fact(found["href"], found["type"], risk, who, found["digest"], [found["digest"]]))

    @rule(who=st.sampled_from(sorted(PEOPLE)), data=st.data())
    def preview(self, who, data):
        if (fact := self.pick(data)) is None:
            return
        done = self.call(who, "POST", f"{fact.path}/previews", json={"output": "would scale"})
        if done.status_code == 201:
            assert who != "eve"
            assert done.json["reviewDigest"] not in fact.seen
            fact.seen.append(done.json["reviewDigest"])

    @rule(who=st.sampled_from(sorted(PEOPLE)), data=st.data())
    def ask(self, who, data):
        if fact := self.pick(data):
            self.call(who, "POST", f"{fact.path}/request-approval")

    @rule(who=st.sampled_from(["bob", "cy", "dee"]), data=st.data())
    def approve(self, who, data):
        if fact := self.pick(data):
            self.say_yes(who, fact, fact.seen[-1])

    @rule(who=st.sampled_from(sorted(PEOPLE)), data=st.data())
    def approve_something(self, who, data):
        if (fact := self.pick(data)) is not None:
            self.say_yes(who, fact, data.draw(st.sampled_from([None, "0" * 64, *fact.seen])))

    def say_yes(self, who: str, fact: Fact, digest: str | None) -> None:
        body = {"approved": True} | ({} if digest is None else {"digest": digest})
        done = self.call(who, "POST", f"{fact.path}/approve", json=body)
        if done.status_code == 200:
            assert PEOPLE[who] in {Role.APPROVER, Role.ADMIN}
            assert not fact.is_over
            if digest is None:
                assert fact.risk in {"low", "medium"}
                assert len(fact.seen) <= 2
            else:
                assert digest == fact.seen[-1]
            if not any(said[:2] == (who, fact.seen[-1]) and self.is_fresh(fact, said[2]) for said in fact.said):
                fact.said.append((who, fact.seen[-1], self.clock.now()))

    @rule(who=st.sampled_from(sorted(PEOPLE)), data=st.data(), withdraw=st.booleans())
    def end(self, who, data, withdraw):
        if (fact := self.pick(data)) is None:
            return
        if withdraw:
            done = self.call(who, "POST", f"{fact.path}/withdraw")
            assert done.status_code != 200 or who == fact.proposer
        else:
            done = self.call(who, "POST", f"{fact.path}/approve", json={"approved": False, "reason": "no"})
            assert done.status_code != 200 or PEOPLE[who] in {Role.APPROVER, Role.ADMIN}
        fact.is_over = fact.is_over or done.status_code == 200

    @rule(who=st.sampled_from(sorted(PEOPLE)), data=st.data())
    def execute(self, who, data):
        if (fact := self.pick(data)) is None:
            return
        enough = self.is_enough(fact)
        done = self.call(who, "POST", f"{fact.path}/execute", json={"succeeded": True, "result": "ok"})
        if done.status_code == 403:
            return
        assert enough, done.text
        assert LADDER.index(PEOPLE[who]) >= LADDER.index(self.demand(fact).executor)
        if fact.kind == "manual":
            assert done.status_code == 200
            fact.is_over = True
        else:
            assert done.json["code"] == "execution_unavailable"

    @rule(who=st.sampled_from(["bob", "cy"]))
    def revoke(self, who):
        """Revoke a token as the next transaction finds it; the door has not heard of it and still lets it in."""
        self.store.transact(lambda tx: revoke_token(tx, token_id_for(who), "test"))
        self.revoked.add(who)

    @rule(minutes=st.sampled_from([1, 10, 19, 21, 29, 31, 61, 241]), timers=st.booleans())
    def pass_time(self, minutes, timers):
        self.clock.advance(minutes * 60)
        if timers:
            judge = Judge(GroupingPolicy())
            query = RecordQuery(states=("pending",), tags=("timer",), limit=200)
            for job in self.store.list_records(Job, query).records:
                if job.not_before <= self.clock.now():
                    run_timer(self.store, judge, job.id)

    @rule(policy=st.sampled_from(range(len(POLICIES))))
    def restart_with(self, policy):
        self.policy = policy
        before = self.app.extensions["faultline"]
        self.app.extensions["faultline"] = dataclasses.replace(
            before, store=self.store, clock=self.clock, settings=some_settings(approvals=POLICIES[policy])
        )

    @invariant()
    def what_shows_as_approved_is(self):
        for fact in getattr(self, "facts", ()):
            shown = self.call("eve", "GET", fact.path).json
            assert (shown["state"] == "approved") == ("execute" in shown["allowedCalls"])
            if shown["state"] == "approved":
                assert self.is_enough(fact)
                assert shown["approvalsGiven"] >= self.demand(fact).people
            assert shown["digest"] == fact.content

    # --- the model -----------------------------------------------------------------------------------

    def pick(self, data) -> Fact | None:
        return data.draw(st.sampled_from(self.facts)) if self.facts else None

    def demand(self, fact: Fact) -> Demand:
        found = (STRICT if self.policy == 1 else LAX)[fact.risk]
        if self.policy == 2 and fact.kind == "kubernetes":
            return Demand(max(found.people, 2), False, found.least, found.executor, found.minutes)
        return found

    def is_fresh(self, fact: Fact, at: datetime) -> bool:
        return self.clock.now() - at < timedelta(minutes=self.demand(fact).minutes)

    def is_enough(self, fact: Fact) -> bool:
        demand = self.demand(fact)
        people = {
            who
            for who, digest, at in fact.said
            if digest == fact.seen[-1]
            and who not in self.revoked
            and self.is_fresh(fact, at)
            and LADDER.index(PEOPLE[who]) >= LADDER.index(demand.least)
            and (demand.proposer_counts or who != fact.proposer)
        }
        return not fact.is_over and len(people) >= demand.people


TestApprovals = Approvals.TestCase
TestApprovals.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("policy", range(len(POLICIES)))
@pytest.mark.parametrize("risk", LAX)
def test_what_the_policy_wants_is_also_enough(policy: int, risk: str):
    gw = with_people()
    gw.app.extensions["faultline"] = dataclasses.replace(gw.gateway, settings=some_settings(approvals=POLICIES[policy]))
    gw.open_incident()
    path = gw.call(
        "POST", "/api/incidents/INC-1/actions", token="flt_secret-of-ann", json={**MANUAL, "risk": risk}
    ).json["href"]
    digest = gw.get(path).json["reviewDigest"]
    for name in ("dee", "bob"):
        if gw.get(path).json["state"] != "approved":
            body = {"approved": True, "digest": digest}
            assert gw.post(f"{path}/approve", token=f"flt_secret-of-{name}", json=body).status_code == 200

    done = gw.post(f"{path}/execute", token="flt_secret-of-bob", json={"succeeded": True, "result": "ok"})
    assert done.json["state"] == "executed"
