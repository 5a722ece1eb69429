from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.storage import StorageClass
from services.graph.domain.ranking.examination import examine
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules.base import Hit, View
from tests.support.cluster import NOW, an_inventory, an_object
from tests.support.small_rules import a_rule


def _always(view, thing):
    yield Hit(thing.ref, "so it is", ())


def _never_well(view, thing):
    raise KeyError("odd")


def _examine(*rules, unread=None):
    pod = an_object("Pod", "a")
    return examine(View(an_inventory(pod, unread=unread), NOW), [pod, an_object("Service", "s")], rules)


def test_a_rule_looks_at_each_object_of_its_kinds_and_at_no_other():
    found = _examine(a_rule("r", _always, Pod))

    assert [one.hit.subject.kind for one in found.findings] == ["Pod"]
    assert found.checked.objects == {"Pod": 1, "Service": 1}
    assert found.checked.rules == ("r",)


def test_a_rule_that_fails_costs_itself_alone_and_is_told():
    found = _examine(a_rule("bad", _never_well, Pod), a_rule("good", _always, Pod))

    assert [one.rule.id for one in found.findings] == ["good"]
    assert [(one.rule_id, one.subject.name) for one in found.checked.failures] == [("bad", "a")]


def test_what_a_rule_needs_and_was_not_read_lowers_its_confidence_and_says_so():
    rule = a_rule("r", _always, Pod, needs=(StorageClass,))
    whole = _examine(rule).findings[0].confidence
    gap = _examine(rule, unread={"StorageClass": CoverageState.FORBIDDEN}).findings[0].confidence

    assert whole.value == 0.8
    assert gap.value < whole.value
    assert "storageclasses could not be read whole (forbidden)" in [step.reason for step in gap.steps]


def test_events_that_were_not_read_lower_every_confidence():
    found = _examine(a_rule("r", _always, Pod), unread={"Event": CoverageState.TIMEOUT})

    assert found.findings[0].confidence.value < 0.8


def test_an_api_the_server_lacks_lowers_nothing():
    rule = a_rule("r", _always, Pod, needs=(StorageClass,))

    assert _examine(rule, unread={"StorageClass": CoverageState.MISSING}).findings[0].confidence.value == 0.8
