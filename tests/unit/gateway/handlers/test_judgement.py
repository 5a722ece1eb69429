"""What rules, thresholds, flap control and ownership make of signals."""

from datetime import timedelta

import pytest

from services.gateway.domain.changes import Move
from services.gateway.domain.records import (
    Activity,
    FlapControl,
    GroupingRule,
    IncidentStatus,
    Match,
    OwnershipRule,
    PendingGroup,
    ResolveOn,
    RuleEffect,
    Threshold,
    ThresholdOf,
)
from services.gateway.errors import RecordNotFound, ValidationFailed, VersionConflict
from services.gateway.handlers.change_incident import change_incident
from services.gateway.handlers.change_rules import change_rules
from shared.contracts.severity import Severity
from tests.support.builders import ANN
from tests.support.gateway_core import Gateway, a_report, normalised


@pytest.fixture
def gateway():
    return Gateway()


def a_rule(**fields) -> GroupingRule:
    return GroupingRule(**{"id": "shop", "name": "Shop", "group_by": ("namespace",)} | fields)


def only(delivery):
    (outcome,) = delivery.signals
    return outcome


def statuses(gateway):
    return [incident.status for incident in gateway.incidents()]


def test_without_rules_the_default_one_decides_and_is_named(gateway):
    outcome = only(gateway.deliver(a_report()))
    incident = gateway.only_incident()

    assert (outcome.rule_id, outcome.rules_version, incident.rule_id) == ("default", 0, "default")
    assert outcome.dedup_key == incident.dedup_key == 'alertmanager:CheckoutDown{namespace="pay",service="checkout"}'


def test_a_rule_groups_by_what_it_names(gateway):
    gateway.rules(a_rule())

    gateway.deliver(a_report("a"))
    outcome = only(gateway.deliver(a_report("b", name="Other", service="cart")))

    assert (outcome.outcome, outcome.rule_id, outcome.rules_version) == ("joined", "shop", 1)
    assert gateway.only_incident().dedup_key == 'shop{namespace="pay"}'


def test_the_first_rule_that_matches_decides(gateway):
    first = a_rule(id="first", when='signal.severity == "critical"', group_by=("name",))
    gateway.rules(first, a_rule(id="second"))

    assert only(gateway.deliver(a_report("a"))).rule_id == "second"
    assert only(gateway.deliver(a_report("b", severity=Severity.CRITICAL))).rule_id == "first"


def test_an_incident_does_not_come_back_beside_a_newer_one_of_its_group(gateway):
    gateway.rules(a_rule())
    gateway.deliver(a_report("a"))
    gateway.deliver(a_report("a", status="resolved"))
    gateway.pass_time(minutes=2)
    gateway.rules(a_rule(reopen_seconds=0))
    gateway.pass_time(minutes=1)
    gateway.deliver(a_report("b"))
    gateway.rules(a_rule())

    again = only(gateway.deliver(a_report("a", starts=5)))
    old, new = gateway.incidents()

    assert (old.status, new.status) == ("resolved", "new")
    assert (again.outcome, again.incident_id) == ("joined", new.id)
    assert gateway.store.get(Activity, old.id).signal_count == 0
    assert gateway.store.get(Activity, new.id).firing_count == 2


def test_a_rule_that_suppresses_opens_nothing_and_says_so(gateway):
    gateway.rules(a_rule(effect=RuleEffect.SUPPRESS))

    first, again = only(gateway.deliver(a_report())), only(gateway.deliver(a_report()))
    resolved = only(gateway.deliver(a_report(status="resolved")))

    assert gateway.incidents() == []
    assert (first.outcome, first.suppressed_by, first.is_repeat) == ("suppressed", "shop", False)
    assert (again.outcome, again.is_repeat) == ("suppressed", True)
    assert (resolved.outcome, gateway.signal().status) == ("ignored", "resolved")


@pytest.mark.parametrize("name", ["Watchdog", "DeadMansSwitch", "InfoInhibitor"])
def test_what_fires_by_design_is_suppressed_unless_a_rule_wants_it(gateway, name):
    assert only(gateway.deliver(a_report("a", name=name))).suppressed_by == "watchdog"

    gateway.rules(a_rule(match=Match(names=(name,))))

    assert only(gateway.deliver(a_report("a", name=name))).outcome == "opened"


def test_a_threshold_waits_for_enough_signals_and_takes_in_those_that_waited(gateway):
    gateway.rules(a_rule(threshold=Threshold(count=3, within_seconds=300)))

    first = only(gateway.deliver(a_report("a")))
    gateway.deliver(a_report("a"))
    second = only(gateway.deliver(a_report("b")))
    assert [first.outcome, second.outcome] == ["suppressed", "suppressed"]
    assert second.reason == "2 of 3 signals within 300 s"
    assert gateway.incidents() == []
    opened = only(gateway.deliver(a_report("c")))

    incident = gateway.only_incident()
    activity = gateway.store.get(Activity, incident.id)
    assert opened.outcome == "opened"
    assert (activity.signal_count, activity.firing_count) == (3, 3)
    assert {gateway.signal(pod).incident_id for pod in "abc"} == {incident.id}
    with pytest.raises(RecordNotFound):
        gateway.store.get(PendingGroup, incident.dedup_key)


def test_what_resolved_before_the_threshold_was_reached_does_not_join(gateway):
    gateway.rules(a_rule(threshold=Threshold(count=2, within_seconds=300)))

    gateway.deliver(a_report("a"))
    gateway.deliver(a_report("a", status="resolved"))
    gateway.deliver(a_report("b"))

    assert gateway.signal("a").incident_id is None
    assert gateway.store.get(Activity, gateway.only_incident().id).firing_count == 1


def test_a_threshold_forgets_what_came_too_long_ago(gateway):
    gateway.rules(a_rule(threshold=Threshold(count=2, within_seconds=60)))

    gateway.deliver(a_report("a"))
    gateway.pass_time(seconds=61)

    assert only(gateway.deliver(a_report("b"))).outcome == "suppressed"
    assert only(gateway.deliver(a_report("c"))).outcome == "opened"


def test_a_threshold_of_reports_counts_repeats(gateway):
    gateway.rules(a_rule(threshold=Threshold(count=2, of=ThresholdOf.REPORTS, within_seconds=60)))

    assert only(gateway.deliver(a_report("a"))).outcome == "suppressed"
    assert only(gateway.deliver(a_report("a"))).outcome == "opened"


@pytest.mark.parametrize(
    ("resolve_on", "resolved", "status"),
    [
        (ResolveOn.ALL, ["a"], "new"),
        (ResolveOn.ALL, ["a", "b"], "resolved"),
        (ResolveOn.FIRST, ["a"], "resolved"),
        (ResolveOn.LAST, ["a"], "new"),
        (ResolveOn.LAST, ["b"], "resolved"),
        (ResolveOn.NEVER, ["a", "b"], "new"),
    ],
)
def test_an_incident_resolves_when_its_rule_says(gateway, resolve_on, resolved, status):
    gateway.rules(a_rule(resolve_on=resolve_on))
    for pod in "ab":
        gateway.deliver(a_report(pod))

    for pod in resolved:
        gateway.deliver(a_report(pod, status="resolved"))
    gateway.pass_time(minutes=2)

    assert statuses(gateway) == [status]


def test_windows_of_a_rule_stand_over_those_of_the_gateway(gateway):
    gateway.rules(a_rule(stable_seconds=600, reopen_seconds=0))
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))

    gateway.pass_time(minutes=9)
    assert statuses(gateway) == ["new"]
    gateway.pass_time(minutes=2)
    assert statuses(gateway) == ["resolved"]

    gateway.pass_time(minutes=1)
    assert only(gateway.deliver(a_report(starts=700))).outcome == "opened"
    assert gateway.incidents()[1].relations[0].type == "recurrence_of"


def test_a_signal_that_flaps_is_told_once_and_keeps_its_incident_open_for_longer(gateway):
    gateway.rules(a_rule(flap=FlapControl(changes=4, within_seconds=1_800, quiet_seconds=900)))

    for change in range(8):
        gateway.deliver(a_report(status="resolved" if change % 2 else "firing", starts=change // 2))
        gateway.pass_time(seconds=10)

    incident = gateway.only_incident()
    told = gateway.timeline(incident)
    assert told.count("signal_flapping") == 1
    assert told == ["incident_opened", "signal_resolved", "signal_refired", "signal_resolved", "signal_flapping"]
    gateway.pass_time(minutes=10)
    assert statuses(gateway) == ["new"]
    gateway.pass_time(minutes=10)
    assert statuses(gateway) == ["resolved"]


def test_a_signal_that_stopped_flapping_is_told_again(gateway):
    gateway.rules(a_rule(flap=FlapControl(changes=3, within_seconds=60, quiet_seconds=0), stable_seconds=3_600))
    for change in range(5):
        gateway.deliver(a_report(status="resolved" if change % 2 else "firing", starts=change // 2))
    gateway.pass_time(minutes=2)

    gateway.deliver(a_report(status="resolved", starts=2))

    assert gateway.timeline(gateway.only_incident())[-2:] == ["signal_flapping", "signal_resolved"]


def test_an_ownership_rule_gives_what_opens_its_owner(gateway):
    gateway.rules(ownership=(OwnershipRule(id="pay", name="Payments", match=Match(namespaces=("pay",)), owner="ann"),))

    gateway.deliver(a_report())

    incident = gateway.only_incident()
    assert incident.owner == "ann"
    assert gateway.timeline(incident) == ["incident_opened", "fields_changed"]


def test_an_open_incident_goes_by_the_rule_as_it_is_now(gateway):
    gateway.rules(a_rule(resolve_on=ResolveOn.NEVER))
    gateway.deliver(a_report())
    gateway.rules(a_rule(resolve_on=ResolveOn.ALL))

    gateway.deliver(a_report(status="resolved"))
    gateway.pass_time(minutes=2)

    assert gateway.only_incident().status is IncidentStatus.RESOLVED


def test_rules_that_say_the_same_are_no_new_version(gateway):
    gateway.rules(a_rule())
    gateway.rules(a_rule())

    assert only(gateway.deliver(a_report())).rules_version == 1


def test_bad_rules_are_refused_whole_with_every_problem_by_its_place(gateway):
    with pytest.raises(ValidationFailed) as caught:
        gateway.rules(a_rule(when="signal.nme == 1"), a_rule(id="x", group_by=("severity",)))

    assert set(caught.value.fields["errors"]) == {"grouping[0].when", "grouping[1].groupBy"}
    assert only(gateway.deliver(a_report())).rules_version == 0


def test_rules_changed_by_somebody_else_meanwhile_are_not_overwritten(gateway):
    gateway.rules(a_rule())

    with pytest.raises(VersionConflict):
        gateway.store.transact(lambda tx: change_rules(tx, (), (), reason="", actor="token:bob", versions=(0,)))


def test_a_repeat_of_what_flaps_or_waits_is_no_news_for_the_window(gateway):
    gateway.rules(a_rule(window_seconds=60))
    gateway.deliver(a_report("a"))
    gateway.deliver(a_report("a", status="resolved"))
    gateway.pass_time(seconds=30)
    assert only(gateway.deliver(a_report("b", starts=30))).outcome == "joined"
    gateway.clock.advance(timedelta(hours=2).total_seconds())

    assert only(gateway.deliver(a_report("c", starts=7_000))).outcome == "joined"


def test_an_incident_a_person_brings_back_leaves_the_key_to_the_newer_one(gateway):
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    gateway.pass_time(minutes=2)
    gateway.pass_time(hours=2)
    gateway.deliver(a_report(starts=7_000))
    old, new = gateway.incidents()

    move = Move(status=IncidentStatus.INVESTIGATING, reason="look again")
    gateway.store.transact(lambda tx: change_incident(tx, old.id, ANN, {}, move, None))

    assert [incident.dedup_key for incident in gateway.incidents()] == [None, new.dedup_key]


def test_with_a_threshold_the_last_to_fire_is_the_one_that_opened(gateway):
    gateway.rules(a_rule(threshold=Threshold(count=2, within_seconds=60), resolve_on=ResolveOn.LAST))
    gateway.deliver(a_report("a"))
    gateway.deliver(a_report("b"))

    gateway.deliver(a_report("a", status="resolved"))
    gateway.pass_time(minutes=2)
    assert statuses(gateway) == ["new"]
    gateway.deliver(a_report("b", status="resolved"))
    gateway.pass_time(minutes=2)
    assert statuses(gateway) == ["resolved"]


def test_a_calm_signal_does_not_cut_the_quiet_time_of_one_that_flaps_short(gateway):
    gateway.rules(a_rule(flap=FlapControl(changes=3, within_seconds=1_800, quiet_seconds=900)))
    gateway.deliver(a_report("calm"))
    for change in range(6):
        gateway.deliver(a_report("flaps", status="resolved" if change % 2 else "firing", starts=change // 2))
    gateway.deliver(a_report("calm", status="resolved"))

    gateway.pass_time(minutes=10)
    assert statuses(gateway) == ["new"]
    gateway.pass_time(minutes=10)
    assert statuses(gateway) == ["resolved"]


def test_a_rule_that_no_longer_leaves_it_to_people_resolves_at_the_next_word(gateway):
    gateway.rules(a_rule(resolve_on=ResolveOn.NEVER))
    gateway.deliver(a_report())
    gateway.deliver(a_report(status="resolved"))
    gateway.rules(a_rule(resolve_on=ResolveOn.ALL))

    gateway.deliver(a_report(status="resolved"))
    gateway.pass_time(minutes=2)

    assert statuses(gateway) == ["resolved"]


def test_a_threshold_counts_by_when_deliveries_came_and_not_by_when_they_are_processed(gateway):
    gateway.rules(a_rule(threshold=Threshold(count=2, within_seconds=60)))
    early = gateway.accept()
    gateway.clock.advance(120)
    gateway.deliver(a_report("b", starts=120))

    gateway.record(normalised(early, a_report("a")))

    assert gateway.incidents() == []
