"""People and signals at the same incidents, in any order: every move, every refusal, merges, splits, corrections."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import product

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.lifecycle import ALLOWED
from services.gateway.domain.records import Activity, Group, GroupingRule, Job, Milestones, Signal
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.ports import RecordQuery
from tests.support.clock import START
from tests.support.gateway_core import Gateway, a_report
from tests.support.lifecycle_model import MILESTONES, TABLE, Case, Model
from tests.support.people import People, Versions

# Two pods of one group, and one each of two others.
NAMES = {"a": "Down", "b": "Down", "c": "Slow", "d": "Full"}
# A signal that changes more often than this may flap, which is the other machine's matter.
CALM = timedelta(seconds=400)
reasons = st.sampled_from(["", "because", "because"])
pods = st.sampled_from("abcd")
events = st.tuples(st.sampled_from(["fire", "fire", "resolve", "resolve", "acknowledge", "wait"]), pods)
# Mostly the version of now: None is any, True the right one, False an older one.
matches = st.sampled_from([None, None, True, True, False])


class LifecycleMachine(RuleBasedStateMachine):
    """The model is written from the product's table and pages; it shares no rule with the gateway."""

    @initialize()
    def begin(self) -> None:
        self.gateway = Gateway()
        self.gateway.clock.advance(86_400)
        self.gateway.rules(GroupingRule(id="shop", name="Shop", group_by=("name",)))
        self.people = People(self.gateway)
        self.model = Model({pod: f'shop{{name="{name}"}}' for pod, name in NAMES.items()})
        self.begun = dict.fromkeys(NAMES, START)
        self.changed = dict.fromkeys(NAMES, START)
        self.open_by_hand()

    @property
    def now(self) -> datetime:
        return self.gateway.clock.now()

    @precondition(lambda self: len(self.model.cases) < 5)
    @rule()
    def open_by_hand(self) -> None:
        self.people.open()
        self.model.open(self.now)

    @rule(
        pick=st.integers(0, 30),
        to=st.sampled_from([*TABLE, "resolved", "investigating"]),
        reason=reasons,
        force=st.booleans(),
        match=matches,
    )
    def move(self, pick: int, to: str, reason: str, force: bool, match: bool | None) -> None:
        number = self.number(pick)
        self.compare(
            number,
            match,
            lambda versions: self.people.move(number, to, reason, force=force, versions=versions),
            lambda: self.model.move(number, to, reason, force, self.now),
        )

    @rule(pick=st.integers(0, 30), count=st.integers(1, 3))
    def move_on(self, pick: int, count: int) -> None:
        """Along the table, so that late statuses are common."""
        number = self.number(pick)
        for _ in range(count):
            onward = [to for to in TABLE[self.model.cases[number].status].split() if to not in {"cancelled", "merged"}]
            if onward:
                self.move(number - 1, onward[pick % len(onward)], "because", force=True, match=None)

    @rule(pick=st.integers(0, 30), into=st.integers(0, 30), reason=reasons, match=matches)
    def merge(self, pick: int, into: int, reason: str, match: bool | None) -> None:
        number, target = self.number(pick), self.number(into)
        self.compare(
            number,
            match,
            lambda versions: self.people.merge(number, target, reason, versions),
            lambda: self.model.merge(number, target, reason, self.now),
        )

    @precondition(lambda self: len(self.mergeable()) > 1)
    @rule(picks=st.tuples(st.integers(0, 30), st.integers(0, 30)))
    def merge_two_that_may(self, picks: tuple[int, int]) -> None:
        one, two = self.mergeable(), self.mergeable()
        number = one[picks[0] % len(one)]
        two.remove(number)
        self.merge(number - 1, two[picks[1] % len(two)] - 1, "because", match=None)

    @rule(pick=st.integers(0, 30), reason=reasons, match=matches)
    def split(self, pick: int, reason: str, match: bool | None) -> None:
        number = self.number(pick)
        self.compare(
            number,
            match,
            lambda versions: self.people.split(number, reason, versions),
            lambda: self.model.split(number, reason, self.now),
            is_refused_merged=False,
        )

    @precondition(lambda self: self.merged())
    @rule(pick=st.integers(0, 30))
    def split_one_that_is_merged(self, pick: int) -> None:
        merged = self.merged()
        self.split(merged[pick % len(merged)] - 1, "because", match=None)

    @rule(pick=st.integers(0, 30), other=st.integers(0, 30), more=st.booleans(), match=matches)
    def relate(self, pick: int, other: int, more: bool, match: bool | None) -> None:
        number, far = self.number(pick), self.number(other)
        real, ours = (self.people.relate, self.model.relate) if more else (self.people.unrelate, self.model.unrelate)
        self.compare(number, match, lambda versions: real(number, far, versions), lambda: ours(number, far))

    @rule(
        pick=st.integers(0, 30),
        times=st.dictionaries(st.sampled_from(MILESTONES), st.integers(-2, 20), min_size=1, max_size=3),
        reason=reasons,
        match=matches,
    )
    def backdate(self, pick: int, times: dict[str, int], reason: str, match: bool | None) -> None:
        """Times around the one the milestone has; some lie in the future."""
        number, known = self.number(pick), self.model.cases[self.number(pick)].times
        given = {name: (known[name] or self.now) - timedelta(minutes=10 * back) for name, back in times.items()}
        self.compare(
            number,
            match,
            lambda versions: self.people.backdate(number, given, reason, versions),
            lambda: self.model.backdate(number, given, reason, self.now),
        )

    @rule(pick=st.integers(0, 30))
    def ask_for_all_that_is_refused(self, pick: int) -> None:
        """Whatever the model refuses of this incident now is refused, with the same word, and changes nothing."""
        number = self.number(pick)
        for to, reason, force in product(TABLE, ("", "because"), (False, True)):
            refusal = deepcopy(self.model).move(number, to, reason, force, self.now)
            if refusal is not None:
                assert self.people.move(number, to, reason, force=force) == refusal
        for other, reason in product(self.model.cases, ("", "because")):
            refusal = deepcopy(self.model).merge(number, other, reason, self.now)
            if refusal is not None:
                assert self.people.merge(number, other, reason) == refusal
        for reason in ("", "because"):
            refusal = deepcopy(self.model).split(number, reason, self.now)
            if refusal is not None:
                assert self.people.split(number, reason) == refusal
        for name, days in product(MILESTONES, (-1, 0, 1)):
            times = {name: self.now + timedelta(days=days)}
            refusal = deepcopy(self.model).backdate(number, times, "because", self.now)
            if refusal is not None:
                assert self.people.backdate(number, times, "because") == refusal

    @rule(pick=st.integers(0, 30))
    def write_a_note(self, pick: int) -> None:
        is_merged = self.model.cases[self.number(pick)].status == "merged"
        assert self.people.note(self.number(pick)) == ("incident_merged" if is_merged else None)

    # --- signals and time -------------------------------------------------------------------------------

    @rule(pod=pods)
    def fire(self, pod: str) -> None:
        if not self.model.pods[pod].firing:
            self.calm(pod)
            self.begun[pod] = self.now
        self.deliver(pod, "firing")
        self.model.fire(pod, self.now)

    @rule(some=st.lists(pods, min_size=1, max_size=4, unique=True))
    def resolve(self, some: list[str]) -> None:
        for pod in some:
            if self.model.pods[pod].firing:
                self.calm(pod)
            self.deliver(pod, "resolved", ends_at=self.now)
            self.model.resolve(pod, self.now)

    @rule(pod=pods)
    def acknowledge(self, pod: str) -> None:
        self.deliver(pod, "firing", acknowledged=True, brief=True)
        self.model.acknowledge(pod, self.now)

    @rule(seconds=st.sampled_from([1, 30, 70, 70, 1_200, 2_000, 5 * 3_600]))
    def pass_time(self, seconds: float) -> None:
        self.gateway.pass_time(seconds=seconds)
        self.model.pass_time(self.now)

    # --- stories: what chance alone seldom puts together ---------------------------------------------------

    @rule(two=st.permutations("abcd"), between=st.lists(events, max_size=5), after=st.lists(events, max_size=3))
    def merge_then_split(self, two: list[str], between: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
        for pod in two[:2]:
            self.happen(("fire", pod))
        number, into = (self.model.pods[pod].case or 1 for pod in two[:2])
        self.merge(number - 1, into - 1, "because", match=None)
        for event in between:
            self.happen(event)
        if self.model.cases[number].status == "merged":
            self.split(number - 1, "because", match=None)
        for event in after:
            self.happen(event)

    @rule(pod=pods, to=st.sampled_from(["resolved", "closed", "cancelled"]), between=st.lists(events, max_size=3))
    def end_and_bring_back(self, pod: str, to: str, between: list[tuple[str, str]]) -> None:
        self.happen(("fire", pod))
        self.happen(("resolve", pod))
        number = self.model.pods[pod].case or 1
        if self.model.cases[number].status == "merged":
            return
        for status in ("resolved", "closed") if to == "closed" else (to,):
            self.move(number - 1, status, "because", force=True, match=None)
        for event in between:
            self.happen(event)
        self.ask_for_all_that_is_refused(number - 1)
        self.move(number - 1, "triage" if to == "cancelled" else "investigating", "because", force=False, match=None)
        self.pass_time(70)

    @rule(pod=pods, merged=st.none() | pods, others=st.lists(pods, min_size=1, max_size=3))
    def leave_open_and_quiet(self, pod: str, merged: str | None, others: list[str]) -> None:
        """Brought back by people, perhaps after a merge, and no signal for longer than the window of its group."""
        if merged is not None:
            self.merge_then_split([pod, merged], [], [])
            number, into = (self.model.pods[one].case or 1 for one in (merged, pod))
            self.merge(number - 1, into - 1, "because", match=None)
        self.resolve(list("abcd"))
        self.end_and_bring_back(pod, "resolved", [])
        self.pass_time(5 * 3_600)
        for other in others:
            self.fire(other)

    # --- what holds -------------------------------------------------------------------------------------

    @invariant()
    def every_incident_is_as_the_model_says(self) -> None:
        numbers = {incident.id: incident.number for incident in self.gateway.incidents()}
        assert sorted(numbers.values()) == list(self.model.cases)
        for number, case in self.model.cases.items():
            incident = self.people.incident(number)
            assert (incident.status, incident.version) == (case.status, case.version), number
            assert incident.milestones == milestones_of(case), number
            assert [*ALLOWED[incident.status]] == TABLE[case.status].split()
            related = [(str(one.type), numbers[one.incident_id]) for one in incident.relations]
            assert sorted(related) == sorted(case.relations), number
            assert incident.dedup_key == case.key, number
            activity = self.gateway.store.find(Activity, incident.id) or Activity(incident_id=incident.id)
            linked, firing = self.model.linked(number), self.model.firing(number)
            assert (activity.signal_count, activity.firing_count) == (len(linked), len(firing)), number
            assert self.timer_of(activity) == case.timer, number

    @invariant()
    def every_signal_is_where_the_model_says(self) -> None:
        for name, pod in self.model.pods.items():
            signal = self.gateway.store.find(Signal, f"alertmanager:{name}")
            expected = self.people.id_of(pod.case) if pod.case else None
            assert (signal.incident_id if signal else None) == expected
            assert pod.firing == (signal is not None and signal.status == "firing")

    @invariant()
    def every_key_has_one_open_incident_and_its_group_leads_there(self) -> None:
        for key, number in self.model.groups.items():
            assert self.gateway.store.get(Group, key).incident_id == self.people.id_of(number)
        for incident in self.gateway.incidents():
            if incident.status in OPEN_STATUSES and incident.dedup_key:
                assert self.gateway.store.get(Group, incident.dedup_key).incident_id == incident.id

    def teardown(self) -> None:
        if hasattr(self, "gateway"):
            assert not verify_chains(self.gateway.store, limit=1_000).problems
            self.the_timeline_tells_the_way_to_the_status()

    def the_timeline_tells_the_way_to_the_status(self) -> None:
        for incident in self.gateway.incidents():
            status = "new"
            for chained in self.gateway.store.list_timeline(incident.id, limit=1_000):
                if chained.entry.type == "status_changed":
                    assert chained.entry.payload["from"] == status
                    status = chained.entry.payload["to"]
            assert incident.status == status

    def happen(self, event: tuple[str, str]) -> None:
        what, pod = event
        if what == "wait":
            self.pass_time({"a": 1, "b": 70, "c": 2_000, "d": 5 * 3_600}[pod])
        elif what == "resolve":
            self.resolve([pod])
        else:
            {"fire": self.fire, "acknowledge": self.acknowledge}[what](pod)

    # --- words ------------------------------------------------------------------------------------------

    def compare(
        self,
        number: int,
        match: bool | None,
        real: Callable[[Versions], str | None],
        ours: Callable[[], str | None],
        *,
        is_refused_merged: bool = True,
    ) -> None:
        """Do it to both; with ``match`` False by an older version, which must be refused and change nothing."""
        version = self.model.cases[number].version
        if match is False:
            is_merged = self.model.cases[number].status == "merged"
            refusals = {"version_conflict"} | ({"incident_merged"} if is_merged and is_refused_merged else set())
            assert real((version - 1,)) in refusals
            return
        refusal = real(None if match is None else (version,))
        assert refusal == ours()

    def number(self, pick: int) -> int:
        return pick % len(self.model.cases) + 1

    def mergeable(self) -> list[int]:
        return [number for number, case in self.model.cases.items() if "merged" in TABLE[case.status].split()]

    def merged(self) -> list[int]:
        return [number for number, case in self.model.cases.items() if case.status == "merged"]

    def calm(self, pod: str) -> None:
        if (wait := self.changed[pod] + CALM - self.now) > timedelta():
            self.pass_time(wait.total_seconds())
        self.changed[pod] = self.now

    def deliver(self, pod: str, status: str, **fields: object) -> None:
        starts = (self.begun[pod] - START).total_seconds()
        self.gateway.deliver(a_report(pod, status, starts, name=NAMES[pod], **fields))

    def timer_of(self, activity: Activity) -> datetime | None:
        job = self.gateway.store.get(Job, activity.resolve_job_id) if activity.resolve_job_id else None
        pending = RecordQuery(parent=activity.incident_id, states=("pending",), tags=("timer",))
        assert len(self.gateway.store.list_records(Job, pending).records) == (job is not None)
        return job.not_before if job else None


def milestones_of(case: Case) -> Milestones:
    return Milestones(**{f"{name}_at": at for name, at in case.times.items()})


LifecycleMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLifecycle = LifecycleMachine.TestCase
