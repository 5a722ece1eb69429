"""Reports, silences, rules, timers and restarts in any order: what is recorded never contradicts what was said."""

from collections import Counter, defaultdict
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.gateway.domain.grouping import OPEN_STATUSES, GroupingPolicy
from services.gateway.domain.records import (
    Activity,
    Delivery,
    DeliveryState,
    GroupingRule,
    Job,
    Match,
    Occurrence,
    Outcome,
    ResolveOn,
    Signal,
    SignalOutcome,
    Silence,
    SilenceKind,
    SilenceState,
    Threshold,
)
from services.gateway.domain.records.base import Record
from services.gateway.domain.rules.spans import current_span
from services.gateway.domain.signals import add_occurrence, is_firing
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder
from services.gateway.handlers.run_timers import run_timer
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.ports import RecordQuery
from shared.contracts.messages import DeliveryNormalised
from shared.contracts.severity import Severity
from shared.contracts.signal import NormalisedSignal, SignalStatus
from tests.support.clock import START
from tests.support.gateway_core import Gateway, a_report, normalised
from tests.support.memory_store import MemoryStore

R = TypeVar("R", bound=Record)

# Two of one group, one of another name, and one whose sender knows no starts.
NAMES = {"a": "CheckoutDown", "b": "CheckoutDown", "c": "CartDown", "d": "CheckoutDown"}
SAYS = ("fire", "fire", "refire", "resolve", "resolve", "fire_older", "resolve_older", "resolve_replica", "acknowledge")
ALL, FIRST, LAST, NEVER = ResolveOn.ALL, ResolveOn.FIRST, ResolveOn.LAST, ResolveOn.NEVER
RULES: dict[str, dict[str, Any] | None] = {
    "none": None,
    "by namespace": {},
    "threshold": {"threshold": Threshold(count=2, within_seconds=300)},
    "first": {"resolve_on": FIRST},
    "last": {"resolve_on": LAST},
    "never": {"resolve_on": NEVER},
    "no reopen": {"reopen_seconds": 0},
    "one name": {"match": Match(names=("CartDown",))},
}
OVERLAPS = ("fire", "refire", "refire", "fire_older", "fire_older", "resolve", "resolve_replica", "resolve_replica")
UNDECIDED = ("a newer state", "acknowledged")
item = st.tuples(st.sampled_from("abcd"), st.sampled_from(SAYS), st.integers(0, 5), st.sampled_from(list(Severity)))


class ProcessDied(Exception):
    pass


class MortalStore:
    """The store as a process sees it that dies after some commits."""

    def __init__(self, store: MemoryStore, commits: int) -> None:
        self._store, self._left = store, commits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def transact(self, work: Any) -> Any:
        if not self._left:
            raise ProcessDied
        self._left -= 1
        return self._store.transact(work)


class GroupingMachine(RuleBasedStateMachine):
    """The model is what was said (``said``), what was recorded, and nothing of how the handlers decide."""

    def __init__(self) -> None:
        super().__init__()
        self.gateway = Gateway()
        self.gateway.clock.advance(3_600)
        self.bag: list[DeliveryNormalised] = []
        self.recorded: dict[str, DeliveryNormalised] = {}
        self.outcomes: dict[str, tuple[SignalOutcome, ...]] = {}
        self.decided: dict[str, SignalOutcome] = {}
        self.begun: dict[str, int] = dict.fromkeys(NAMES, 0)
        self.silences: list[str] = []
        self.rules_used: set[str] = {"none"}
        self.is_sound = True

    @rule(items=st.lists(item, min_size=1, max_size=3))
    def accept(self, items: list[tuple[str, str, int, Severity]]) -> None:
        reports = [self.say(*one) for one in items]
        self.bag.append(normalised(self.gateway.accept(), *reports))

    @rule(
        pod=st.sampled_from("aabcd"),
        says=st.lists(st.tuples(st.sampled_from(OVERLAPS), st.integers(1, 2)), min_size=3, max_size=5),
        order=st.none() | st.randoms(use_true_random=False),
    )
    def outage(self, pod: str, says: list[tuple[str, int]], order: Random | None) -> None:
        """One pod, told of again and again: what its replicas say overlaps."""
        for what, back in says:
            self.accept([(pod, what, back, Severity.HIGH)])
        if order is not None:
            order.shuffle(self.bag)
            self.record_bag()

    @rule(
        pod=st.sampled_from("abc"),
        says=st.permutations([("refire", 0), ("fire_older", 1), ("resolve_replica", 2)]),
        order=st.permutations(range(3)),
    )
    def replicas(self, pod: str, says: list[tuple[str, int]], order: list[int]) -> None:
        """One outage with three starts, resolved under the earliest of them."""
        self.record_bag()
        self.begun[pod] += 20
        for what, back in says:
            self.accept([(pod, what, back, Severity.HIGH)])
        self.bag = [self.bag[number] for number in order]
        self.record_bag()

    @rule(seconds=st.sampled_from([1, 70, 400]))
    def recover(self, seconds: float) -> None:
        self.accept([(pod, "resolve", 0, Severity.LOW) for pod in NAMES])
        self.record_bag()
        self.pass_time(seconds)

    @rule(pod=st.sampled_from("abc"), name=st.sampled_from(list(RULES)))
    def fire_under(self, pod: str, name: str) -> None:
        self.change_rules(name)
        self.accept([(pod, "refire", 0, Severity.HIGH)])
        self.record_bag()

    @precondition(lambda self: self.bag)
    @rule(picks=st.lists(st.integers(0, 9), min_size=1, max_size=5), in_one_batch=st.booleans())
    def record(self, picks: list[int], in_one_batch: bool) -> None:
        chosen = [self.bag[pick % len(self.bag)] for pick in picks]
        for batch in [chosen] if in_one_batch else [[one] for one in chosen]:
            fresh = list({one.delivery_id: one for one in batch if one.delivery_id not in self.recorded}.values())
            answer = self.gateway.record(*batch)
            assert (answer.recorded, answer.ignored) == (len(fresh), len(batch) - len(fresh))
            for result in fresh:
                self.note(result)
        self.bag = [result for result in self.bag if result.delivery_id not in self.recorded]

    @precondition(lambda self: self.recorded)
    @rule(pick=st.integers(0, 9))
    def record_again(self, pick: int) -> None:
        known = list(self.recorded.values())
        assert self.gateway.record(known[pick % len(known)]).recorded == 0

    @rule(
        fields=st.sampled_from([{"when": "true"}, {"when": "", "match": Match(names=("CheckoutDown",))}]),
        lasts=st.sampled_from([30, 300]),
        starts=st.sampled_from([0, 0, 20]),
        is_daily=st.booleans(),
    )
    def silence(self, fields: dict[str, Any], lasts: float, starts: float, is_daily: bool) -> None:
        if is_daily:
            fields = fields | {"kind": SilenceKind.MAINTENANCE_WINDOW, "repeat": "FREQ=DAILY"}
        begins = self.gateway.clock.now() + timedelta(seconds=starts)
        self.silences.append(
            self.gateway.silence(starts_at=begins, ends_at=begins + timedelta(seconds=lasts), **fields)
        )

    @precondition(lambda self: self.live())
    @rule(pick=st.integers(0, 9))
    def end_silence(self, pick: int) -> None:
        live = self.live()
        self.gateway.end_silence(live[pick % len(live)])

    @rule(name=st.sampled_from(list(RULES)))
    def change_rules(self, name: str) -> None:
        self.rules_used.add(name)
        fields = RULES[name]
        given = {"id": "shop", "name": "Shop", "group_by": ("namespace",)}
        self.gateway.rules(*([GroupingRule(**given | fields)] if fields is not None else []))

    @rule(seconds=st.sampled_from([1, 25, 70, 400, 2_000, 5 * 3_600, 86_400]))
    def pass_time(self, seconds: float) -> None:
        self.gateway.pass_time(seconds=seconds)

    @rule(seconds=st.sampled_from([25, 70, 400]))
    def fall_behind(self, seconds: float) -> None:
        """Time passes and no timer runs."""
        self.gateway.clock.advance(seconds)

    @rule()
    def restart(self) -> None:
        self.gateway.judge = Judge(GroupingPolicy())
        self.gateway.recorder = Recorder(self.gateway.judge)

    @rule(pick=st.integers(0, 9), commits=st.integers(0, 3))
    def die_within_a_timer(self, pick: int, commits: int) -> None:
        timers = [job for job in self.all(Job) if job.queue is None and job.not_before is not None]
        timers = [job for job in timers if job.not_before and job.not_before <= self.gateway.clock.now()]
        if timers:
            try:
                store: Any = MortalStore(self.gateway.store, commits)
                run_timer(store, self.gateway.judge, timers[pick % len(timers)].id)
            except ProcessDied:
                self.restart()

    @invariant()
    def what_holds_always(self) -> None:
        self.is_sound = False
        self.a_group_has_one_open_incident()
        self.a_signal_is_as_was_said_last()
        self.every_signal_of_a_delivery_has_one_outcome()
        self.counts_are_those_of_the_linked_signals()
        self.what_is_held_will_be_looked_at_again()
        self.what_fires_without_an_incident_was_suppressed()
        self.is_sound = True

    def a_group_has_one_open_incident(self) -> None:
        keys = Counter(
            incident.dedup_key
            for incident in self.gateway.incidents()
            if incident.status in OPEN_STATUSES and incident.dedup_key is not None
        )
        assert all(count == 1 for count in keys.values()), keys

    def a_signal_is_as_was_said_last(self) -> None:
        said: dict[str, tuple[Occurrence, ...]] = defaultdict(tuple)
        words: dict[str, Severity] = {}
        for result in sorted(self.recorded.values(), key=lambda one: self.delivery(one).accepted_seq):
            delivery = self.delivery(result)
            for report in result.signals:
                if not report.acknowledged:
                    told = add_occurrence(said[report.fingerprint], report, delivery.accepted_seq)
                    said[report.fingerprint] = told
                if not report.brief:
                    words[report.fingerprint] = report.severity
        for signal in self.all(Signal):
            expected = said.pop(signal.fingerprint, ())
            assert signal.occurrences == expected
            assert (signal.status is SignalStatus.FIRING) == is_firing(expected)
            assert signal.severity == words.get(signal.fingerprint, signal.severity)
        assert not said

    def every_signal_of_a_delivery_has_one_outcome(self) -> None:
        for delivery in self.all(Delivery):
            if delivery.id not in self.recorded:
                assert (delivery.state, delivery.signals) == (DeliveryState.ACCEPTED, ())
                continue
            told = [report.fingerprint for report in self.recorded[delivery.id].signals]
            assert [outcome.fingerprint for outcome in delivery.signals] == told
            assert delivery.state is DeliveryState.PROCESSED
            assert delivery.signals == self.outcomes[delivery.id]

    def counts_are_those_of_the_linked_signals(self) -> None:
        linked = Counter(signal.incident_id for signal in self.all(Signal))
        firing = Counter(signal.incident_id for signal in self.all(Signal) if signal.status is SignalStatus.FIRING)
        for incident in self.gateway.incidents():
            activity = self.gateway.store.get(Activity, incident.id)
            expected = (linked[incident.id], firing[incident.id])
            assert (activity.signal_count, activity.firing_count) == expected, incident

    def what_is_held_will_be_looked_at_again(self) -> None:
        for signal in self.all(Signal):
            if signal.held_by is not None:
                silence = self.gateway.store.get(Silence, signal.held_by)
                assert (signal.incident_id, signal.status) == (None, "firing")
                assert not self.gateway.store.get(Job, silence.end_job_id or "").state.is_final

    def what_fires_without_an_incident_was_suppressed(self) -> None:
        for signal in self.all(Signal):
            if signal.status is SignalStatus.FIRING and signal.incident_id is None:
                assert self.decided[signal.fingerprint].outcome is Outcome.SUPPRESSED

    def teardown(self) -> None:
        if not self.is_sound:
            return
        self.record_bag()
        while live := self.live():
            self.gateway.end_silence(live[0])
        for _ in range(2):
            self.gateway.pass_time(hours=2)
        self.what_holds_always()
        assert not [signal for signal in self.all(Signal) if signal.held_by is not None]
        assert not [job for job in self.all(Job) if not job.state.is_final]
        assert not verify_chains(self.gateway.store, limit=1_000).problems
        self.check_that_all_ended()

    def check_that_all_ended(self) -> None:
        """What no rule of this run excuses."""
        fires = [signal for signal in self.all(Signal) if signal.status is SignalStatus.FIRING]
        if "threshold" not in self.rules_used:
            assert all(signal.incident_id for signal in fires)
        open_now = {one.id for one in self.gateway.incidents() if one.status in OPEN_STATUSES}
        if not self.rules_used & {"first", "last"}:
            assert {signal.incident_id for signal in fires if signal.incident_id} <= open_now
        if "never" not in self.rules_used:
            assert open_now <= {signal.incident_id for signal in fires}

    def say(self, pod: str, what: str, back: int, severity: Severity) -> NormalisedSignal:
        """Return a report as a sender makes it: each outage of ``pod`` begins ten seconds after the one before."""
        now = (self.gateway.clock.now() - START).total_seconds()
        given: dict[str, Any] = {"name": NAMES[pod], "severity": severity}
        if what == "acknowledge":
            return a_report(pod, starts=now, acknowledged=True, brief=True, **given)
        status = "resolved" if what.startswith("resolve") else "firing"
        if pod == "d":
            brief = status == "resolved"
            return a_report(pod, status, now, ends_at=self.gateway.clock.now() if brief else None, brief=brief, **given)
        if what == "refire":
            self.begun[pod] += 10
        starts = max(0, self.begun[pod] - 10 * back) if what.endswith(("older", "replica")) else self.begun[pod]
        if what in {"resolve", "resolve_replica"}:
            given["ends_at"] = self.gateway.clock.now()
        return a_report(pod, status, starts, **given)

    def record_bag(self) -> None:
        if self.bag:
            self.gateway.record(*self.bag)
            for result in self.bag:
                self.note(result)
        self.bag = []

    def note(self, result: DeliveryNormalised) -> None:
        self.recorded[result.delivery_id] = result
        self.outcomes[result.delivery_id] = self.delivery(result).signals
        for outcome in self.outcomes[result.delivery_id]:
            name = NAMES[outcome.fingerprint.rpartition(":")[2]]
            if outcome.outcome in {Outcome.OPENED, Outcome.REOPENED}:
                assert not self.covering(name)
            if (outcome.suppressed_by or "").startswith("sil_"):
                assert outcome.suppressed_by in self.covering(name)
            if not outcome.reason.startswith(UNDECIDED):
                self.decided[outcome.fingerprint] = outcome

    def delivery(self, result: DeliveryNormalised) -> Delivery:
        return self.gateway.store.get(Delivery, result.delivery_id)

    def covering(self, name: str) -> list[str]:
        now = self.gateway.clock.now()
        silences = [self.gateway.store.get(Silence, silence_id) for silence_id in self.live()]
        return [
            silence.id
            for silence in silences
            if current_span(silence, now) and (not silence.match.names or name in silence.match.names)
        ]

    def live(self) -> list[str]:
        found = (self.gateway.store.get(Silence, silence_id) for silence_id in self.silences)
        return [silence.id for silence in found if silence.state is SilenceState.LIVE]

    def all(self, kind: type[R]) -> list[R]:
        return list(self.gateway.store.list_records(kind, RecordQuery(limit=10_000)).records)


GroupingMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestGrouping = GroupingMachine.TestCase
