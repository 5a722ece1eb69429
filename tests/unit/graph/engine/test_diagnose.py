import pytest

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import KINDS, get_kind
from services.graph.domain.rules.base import Hit
from services.graph.handlers.diagnose import UnknownKind, diagnose_resource
from services.graph.handlers.diagnose_scope import Step, diagnose_scope
from services.graph.handlers.find_target import namespaces_of
from services.graph.ports import Limits
from shared.contracts.diagnosis import DiagnosedResource, DiagnosisStatus, Verdict, decode_diagnosis, encode_diagnosis
from tests.support.clock import FixedClock
from tests.support.cluster import an_object
from tests.support.degraded import LOGS, DegradedCluster
from tests.support.memory_cluster import MemoryCluster
from tests.support.small_rules import SMALL_RULES, a_rule
from tests.support.small_shop import a_shop, owned_by


def _diagnose(kind, name, source=None, *, namespace="shop", rules=SMALL_RULES, progress=None):
    resource = DiagnosedResource(namespace=namespace, kind=kind, name=name)
    return diagnose_resource(
        source or a_shop(), resource, clock=FixedClock(), version="1", rules=rules, progress=progress
    )


def _scope(source, namespaces):
    steps = list(diagnose_scope(source, namespaces, clock=FixedClock(), rules=SMALL_RULES))
    assert all(isinstance(step, Step) for step in steps[:-1])
    return steps[-1]


def _culprits(diagnosis):
    return [one.culprit.name for one in diagnosis.hypotheses]


def test_a_deployment_in_trouble_is_unhealthy_and_its_own_culprit_with_the_log_as_evidence():
    diagnosis = _diagnose("deploy", "checkout")

    assert diagnosis.verdict is Verdict.UNHEALTHY
    assert diagnosis.status is DiagnosisStatus.COMPLETE
    first = diagnosis.hypotheses[0]
    assert (first.culprit.kind, first.culprit.name) == ("Deployment", "checkout")
    assert any("no such host: orders" in one.observation for one in first.evidence)
    assert first.actions[0].command == ("kubectl", "logs", "checkout-7c9b-x1")
    assert abs(sum(step.delta for step in first.arithmetic) - first.confidence) < 1e-3


@pytest.mark.parametrize(
    ("kind", "name", "culprit"),
    [
        ("Pod", "checkout-7c9b-x1", "checkout"),
        ("ReplicaSet", "checkout-7c9b", "checkout"),
        ("svc", "checkout", "checkout"),
        ("sts", "orders", "data-orders-0"),
        ("pvc", "data-orders-0", "data-orders-0"),
        ("svc", "lost", "lost"),
        ("deploy", "mail", "mail-config"),
    ],
)
def test_whatever_is_asked_about_leads_to_the_culprit(kind, name, culprit):
    assert _culprits(_diagnose(kind, name))[0] == culprit


@pytest.mark.parametrize(("kind", "name"), [("deploy", "web"), ("svc", "web"), ("ing", "web"), ("pod", "web-7c9b-x1")])
def test_a_healthy_object_is_healthy_though_what_it_calls_is_not(kind, name):
    diagnosis = _diagnose(kind, name)

    assert diagnosis.verdict is Verdict.HEALTHY
    assert diagnosis.hypotheses == ()
    assert diagnosis.checked.objects["Pod"] >= 1
    assert diagnosis.checked.rules > 0


def test_a_pod_that_runs_well_is_well_though_another_of_its_workload_is_not():
    labels = {"app": "checkout", "pod-template-hash": "7c9b"}
    older = an_object(
        "Pod",
        "checkout-old",
        metadata={"labels": labels, "ownerReferences": owned_by("ReplicaSet", "checkout-7c9b")},
        spec={"containers": [{"name": "app"}], "nodeName": "n1"},
        status={"phase": "Running", "containerStatuses": [{"name": "app", "ready": True, "state": {"running": {}}}]},
    )

    assert _diagnose("pod", "checkout-old", a_shop(older)).verdict is Verdict.HEALTHY
    assert _diagnose("deploy", "checkout", a_shop(older)).verdict is Verdict.UNHEALTHY


def test_a_node_is_judged_by_itself():
    assert _diagnose("node", "n1", namespace=None).verdict is Verdict.HEALTHY


def test_a_namespace_is_as_well_as_what_is_in_it():
    assert _diagnose("ns", "shop", namespace=None).verdict is Verdict.UNHEALTHY


def test_what_the_server_says_is_not_there_is_not_found_after_one_question():
    source = a_shop()

    diagnosis = _diagnose("deploy", "nothing", source)

    assert diagnosis.verdict is Verdict.NOT_FOUND
    assert source.asked == []


def test_a_kind_nobody_reads_is_refused():
    with pytest.raises(UnknownKind):
        _diagnose("Banana", "b")


def test_who_may_do_nothing_is_told_so_with_the_right_that_lacks():
    source = DegradedCluster(a_shop(), CoverageState.FORBIDDEN)

    diagnosis = _diagnose("deploy", "checkout", source)

    assert diagnosis.verdict is Verdict.NOT_ALLOWED
    assert diagnosis.status is DiagnosisStatus.PARTIAL
    grants = [note.grant for note in diagnosis.coverage if note.kind == "Deployment" and note.verb == "get"]
    assert (grants[0].api_groups, grants[0].resources, grants[0].verbs) == (("apps",), ("deployments",), ("get",))


def test_a_server_that_does_not_answer_tells_nothing():
    source = DegradedCluster(a_shop(), CoverageState.TIMEOUT)

    assert _diagnose("deploy", "checkout", source).verdict is Verdict.CANNOT_TELL


def test_nobody_is_called_healthy_whose_pods_could_not_be_read():
    source = DegradedCluster(a_shop(), CoverageState.FORBIDDEN, {"Pod"})

    diagnosis = _diagnose("deploy", "web", source)

    assert diagnosis.verdict is Verdict.CANNOT_TELL
    assert "Pod" in diagnosis.summary


def test_a_target_that_only_lists_show_is_seen_there():
    class NoGet(DegradedCluster):
        def read_kind(self, kind, namespace, limits):
            return self._inner.read_kind(kind, namespace, limits)

    source = NoGet(a_shop(), CoverageState.FORBIDDEN, {"Deployment"})

    assert _diagnose("deploy", "web", source).verdict is Verdict.HEALTHY
    assert _diagnose("deploy", "nothing", source).verdict is Verdict.NOT_FOUND


def test_a_target_that_only_get_shows_is_diagnosed_with_its_list_refused():
    class NoList(DegradedCluster):
        def read_object(self, kind, namespace, name, limits):
            return self._inner.read_object(kind, namespace, name, limits)

    diagnosis = _diagnose("deploy", "checkout", NoList(a_shop(), CoverageState.FORBIDDEN, {"Deployment"}))

    assert diagnosis.verdict is Verdict.UNHEALTHY
    assert _culprits(diagnosis)[0] == "checkout"


def test_rights_in_one_namespace_alone_are_enough():
    source = DegradedCluster(a_shop(), CoverageState.FORBIDDEN, only_cluster_wide=True)

    diagnosis = _diagnose("deploy", "checkout", source)

    assert diagnosis.verdict is Verdict.UNHEALTHY
    assert "Pod" not in [note.kind for note in diagnosis.coverage]


def test_logs_that_are_refused_are_named_with_their_right():
    diagnosis = _diagnose("deploy", "checkout", DegradedCluster(a_shop(), CoverageState.FORBIDDEN, {LOGS}))

    note = next(note for note in diagnosis.coverage if note.verb == "get logs")
    assert note.grant.resources == ("pods/log",)
    assert diagnosis.verdict is Verdict.UNHEALTHY


def test_a_rule_that_fails_is_told_and_costs_nothing_else():
    def fails(view, thing):
        raise ValueError("odd")

    diagnosis = _diagnose("deploy", "checkout", rules=(*SMALL_RULES, a_rule("bad", fails, Pod)))

    assert _culprits(diagnosis)[0] == "checkout"
    assert [note.part for note in diagnosis.coverage] == ["rule bad"]


def test_few_lists_are_read_and_each_once():
    source = a_shop()
    progress = []

    _diagnose("deploy", "checkout", source, progress=lambda *step: progress.append(step))

    assert len(source.asked) == len(set(source.asked)) <= len(KINDS)
    assert progress[-1][1:] == (len(source.asked), len(source.asked))


def test_the_same_cluster_gives_the_same_diagnosis_and_what_is_written_is_read():
    first, second = _diagnose("deploy", "checkout"), _diagnose("deploy", "checkout")

    assert decode_diagnosis(encode_diagnosis(first)) == first
    assert first.hypotheses[0].confidence == second.hypotheses[0].confidence


def test_a_diagnosis_of_much_trouble_stays_within_what_the_gateway_takes():
    def noisy(view, thing):
        for number in range(300):
            yield Hit(thing.ref, "x" * 9_000, (), culprit=an_object("Pod", f"p{number}").ref)

    diagnosis = _diagnose("ns", "shop", namespace=None, rules=(a_rule("noisy", noisy, Pod),))

    assert len(diagnosis.hypotheses) == 20
    assert len(diagnosis.findings) == 100
    assert all(len(one.title) <= 300 for one in diagnosis.hypotheses)


def test_a_namespace_has_one_list_of_causes_before_their_symptoms():
    diagnosis = _scope(a_shop(), ["shop"])

    assert diagnosis.resource.kind == "Namespace"
    assert set(_culprits(diagnosis)[:4]) == {"checkout", "data-orders-0", "lost", "mail-config"}


def test_a_cluster_is_diagnosed_whole():
    diagnosis = _scope(a_shop(an_object("Pod", "alone", "other", status={"phase": "Running"})), None)

    assert diagnosis.resource.kind == "Cluster"
    assert diagnosis.checked.objects["Pod"] == 5
    assert diagnosis.verdict is Verdict.UNHEALTHY


def test_a_cluster_that_may_not_be_listed_is_read_namespace_by_namespace():
    source = DegradedCluster(a_shop(), CoverageState.FORBIDDEN, {"Pod", "Deployment"}, only_cluster_wide=True)

    assert "checkout" in _culprits(_scope(source, None))


def test_a_scope_of_which_nothing_can_be_seen_is_not_called_healthy():
    assert _scope(DegradedCluster(a_shop(), CoverageState.FORBIDDEN), None).verdict is Verdict.NOT_ALLOWED
    assert _scope(DegradedCluster(a_shop(), CoverageState.FORBIDDEN), ["shop"]).verdict is Verdict.NOT_ALLOWED
    assert _scope(DegradedCluster(a_shop(), CoverageState.UNAVAILABLE), None).verdict is Verdict.CANNOT_TELL


def test_a_namespace_that_does_not_exist_is_not_found():
    assert _scope(a_shop(), ["nowhere"]).verdict is Verdict.NOT_FOUND


def test_an_empty_namespace_is_healthy():
    source = MemoryCluster([an_object("Namespace", "empty")])

    assert _scope(source, ["empty"]).verdict is Verdict.HEALTHY


def test_an_object_named_without_its_namespace_is_found_where_it_is():
    source = a_shop(an_object("Service", "twice", "a"), an_object("Service", "twice", "b"))
    kind = get_kind("Service")

    assert namespaces_of(source, kind, "web", "default", Limits()) == ["shop"]
    assert namespaces_of(source, kind, "twice", "default", Limits()) == ["a", "b"]
    assert namespaces_of(source, kind, "twice", "b", Limits()) == ["b"]
    assert namespaces_of(source, kind, "nothing", "default", Limits()) == ["default"]
