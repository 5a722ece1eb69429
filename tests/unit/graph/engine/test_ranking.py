from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.workloads import Deployment
from services.graph.domain.ranking.examination import examine
from services.graph.domain.ranking.ranking import rank_findings
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules.base import Hit, Seen, View
from services.graph.domain.walking.walk import walk_everything, walk_from
from shared.contracts.severity import Severity
from tests.support.cluster import NOW, an_inventory, an_object
from tests.support.small_rules import SMALL_RULES, a_rule
from tests.support.small_shop import a_deployment, a_service, shop_objects

CHECKOUT, WEB = Ref("Deployment", "shop", "checkout"), Ref("Deployment", "shop", "web")
CLAIM = Ref("PersistentVolumeClaim", "shop", "data-orders-0")


def _rank(*objects, target=None, unread=None, rules=SMALL_RULES):
    inventory = an_inventory(*objects, unread=unread)
    walk = walk_from(inventory, target) if target else walk_everything(inventory)
    found = examine(View(inventory, NOW), walk.objects(inventory), rules)
    return rank_findings(found.findings, inventory, walk)


def _by_culprit(ranked):
    return {one.culprit: one for one in ranked}


def test_findings_about_one_culprit_are_one_hypothesis_led_by_the_surest():
    checkout = _by_culprit(_rank(*shop_objects()))[CHECKOUT]

    assert [one.rule.id for one in checkout.findings] == ["crash", "unavailable"]
    assert "also found: unavailable" in [step.reason for step in checkout.confidence.steps]
    assert checkout.confidence.value > checkout.lead.confidence.value


def test_what_only_shows_that_something_is_wrong_stands_behind_what_says_what():
    rules = [replace(rule, shows_only=rule.id == "crash") for rule in SMALL_RULES]
    checkout = _by_culprit(_rank(*shop_objects(), rules=rules))[CHECKOUT]

    assert [one.rule.id for one in checkout.findings] == ["unavailable", "crash"]
    assert checkout.confidence == _by_culprit(_rank(*shop_objects()))[CHECKOUT].confidence


def test_the_sum_of_the_steps_is_the_confidence():
    for one in _rank(*shop_objects()):
        total = one.confidence.base + sum(step.delta for step in one.confidence.steps)
        assert abs(one.confidence.value - total) < 1e-3


def test_what_waits_for_a_volume_follows_from_the_claim():
    ranked = _rank(*shop_objects())

    assert _by_culprit(ranked)[Ref("StatefulSet", "shop", "orders")].follows_from == CLAIM
    assert [one.culprit for one in ranked].index(CLAIM) < len(ranked) - 1


def test_a_service_without_ready_endpoints_follows_from_the_workload_behind_it():
    ranked = _by_culprit(_rank(*shop_objects()))

    assert ranked[Ref("Service", "shop", "checkout")].follows_from == CHECKOUT
    assert Ref("Service", "shop", "checkout") in ranked[CHECKOUT].explains


def test_a_service_that_selects_nothing_follows_from_nobody():
    assert _by_culprit(_rank(*shop_objects()))[Ref("Service", "shop", "lost")].follows_from is None


def test_a_culprit_that_a_rule_names_stands_before_what_shows_it():
    ranked = _by_culprit(_rank(*shop_objects()))

    mail = ranked[Ref("Deployment", "shop", "mail")]
    assert mail.follows_from == Ref("ConfigMap", "shop", "mail-config")


def test_every_cause_stands_before_every_symptom():
    symptoms = [one.follows_from is not None for one in _rank(*shop_objects())]

    assert symptoms == sorted(symptoms)


def test_a_network_policy_never_explains_that_memory_ran_out():
    policy = an_object("NetworkPolicy", "deny", spec={"podSelector": {}})

    def killed(view, thing):
        seen = (Seen("object", thing.ref, "OOMKilled, exit code 137"),)
        yield Hit(thing.ref, "It was killed", seen, culprit=CHECKOUT)

    def cut_off(view, thing):
        yield Hit(thing.ref, "Nobody reaches it", (), culprit=policy.ref)

    rules = (a_rule("oom", killed, Pod, base=0.9), a_rule("cut-off", cut_off, Pod, base=0.9))
    ranked = _by_culprit(_rank(*a_deployment("checkout", ready=0), policy, rules=rules))

    assert ranked[CHECKOUT].follows_from is None


def test_what_was_asked_about_comes_before_what_is_merely_near():
    ranked = _rank(*shop_objects(), target=CHECKOUT)

    assert ranked[0].culprit == CHECKOUT
    assert "it is what was asked about" in [step.reason for step in ranked[0].confidence.steps]


def test_trouble_nearby_that_nothing_ties_to_the_target_is_said_to_be_untied_and_loses_confidence():
    alone, near = _by_culprit(_rank(*shop_objects(), target=CHECKOUT)), _by_culprit(_rank(*shop_objects(), target=WEB))

    assert not near[CHECKOUT].is_tied
    assert near[CHECKOUT].confidence.value < alone[CHECKOUT].confidence.value


def test_advice_and_what_is_only_worth_knowing_are_no_hypotheses():
    def always(view, thing):
        yield Hit(thing.ref, "so", ())

    rules = (a_rule("note", always, Pod, severity=Severity.INFO), a_rule("advice", always, Pod, is_advice=True))

    assert _rank(*shop_objects(), rules=rules) == []


def test_a_log_that_names_a_broken_service_makes_its_workload_the_cause():
    def refused(view, thing):
        if thing.metadata.name.startswith("web"):
            seen = (Seen("log", thing.ref, "refused", lines=("dial checkout:80: connection refused",)),)
            yield Hit(thing.ref, "It is refused", seen, culprit=WEB)

    ranked = _by_culprit(_rank(*shop_objects(), rules=(*SMALL_RULES, a_rule("refused", refused, Pod, base=0.6))))

    assert ranked[WEB].follows_from == CHECKOUT


def test_a_change_shortly_before_the_first_sign_raises_the_confidence_and_is_told():
    def since(minutes):
        at = NOW - timedelta(minutes=minutes)
        changed = {"manager": "kubectl", "operation": "Update", "time": "2026-11-23T11:50:00Z"}
        deployment = an_object("Deployment", "d", metadata={"managedFields": [changed]})

        def broken(view, thing):
            yield Hit(thing.ref, "broken", (Seen("object", thing.ref, "broken", at=at),))

        return _rank(deployment, rules=(a_rule("broken", broken, Deployment),))[0].confidence

    assert any("changed 5 min before the first sign" in step.reason for step in since(5).steps)
    assert since(5).value > since(15).value == since(600).value


def test_two_that_would_explain_each_other_do_not_hide_both():
    def blames_the_other(view, thing):
        other = Ref("Pod", "shop", "b" if thing.metadata.name == "a" else "a")
        yield Hit(thing.ref, "it is the other", (), culprit=other)

    rule = a_rule("other", blames_the_other, Pod)
    ranked = _rank(an_object("Pod", "a"), an_object("Pod", "b"), rules=(rule,))

    assert len(ranked) == 2
    assert ranked[0].follows_from is None


def test_the_order_does_not_depend_on_the_order_of_the_objects():
    objects = shop_objects()

    assert [one.culprit for one in _rank(*objects)] == [one.culprit for one in _rank(*reversed(objects))]


_KINDS = ["Pod", "Deployment", "ReplicaSet", "Service", "EndpointSlice", "StorageClass", "ConfigMap", "Event", "Node",
          "PersistentVolumeClaim", "StatefulSet", "NetworkPolicy"]  # fmt: skip
_LOSSES = [state for state in CoverageState if state is not CoverageState.OK]
_SHOP = [*shop_objects(), *a_service("extra", selector={"app": "none"})]


@given(st.dictionaries(st.sampled_from(_KINDS), st.sampled_from(_LOSSES)), st.sampled_from([None, CHECKOUT, WEB]))
def test_missing_data_only_ever_lowers_a_confidence(unread, target):
    whole = _by_culprit(_rank(*_SHOP, target=target))
    for culprit, one in _by_culprit(_rank(*_SHOP, target=target, unread=unread)).items():
        if culprit in whole:
            assert one.confidence.value <= whole[culprit].confidence.value + 1e-9


def test_what_blames_a_replica_set_nobody_could_read_is_added_to_its_deployment():
    def blames_the_owner(view, thing):
        yield Hit(thing.ref, "not ready", (), culprit=Ref("ReplicaSet", "shop", "checkout-7c9b"))

    rules = (*SMALL_RULES, a_rule("owner", blames_the_owner, Service))
    ranked = _by_culprit(_rank(*shop_objects(), unread={"ReplicaSet": CoverageState.FORBIDDEN}, rules=rules))

    assert Ref("ReplicaSet", "shop", "checkout-7c9b") not in ranked
    assert "owner" in [one.rule.id for one in ranked[CHECKOUT].findings]
