from decimal import Decimal

import pytest

from services.graph.domain.evidence.placement import fits_of
from services.graph.domain.evidence.quantities import parse_quantity, requests_of, share
from tests.support.rule_cases import a_container, a_node, a_pod


def fit(thing, node):
    (found,) = fits_of(thing, [node])
    return found


def pod(**spec):
    return a_pod(spec={"containers": [a_container(resources={"requests": {"cpu": "1"}})], **spec})


def affinity(*terms):
    required = {"nodeSelectorTerms": [{"matchExpressions": list(term)} for term in terms]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def needs(operator, *values, key="pool"):
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, True),
        ({"nodeSelector": {"pool": "a"}}, True),
        ({"nodeSelector": {"pool": "b"}}, False),
        (affinity([needs("In", "a", "b")]), True),
        (affinity([needs("NotIn", "a")]), False),
        (affinity([needs("Exists")]), True),
        (affinity([needs("DoesNotExist")]), False),
        (affinity([needs("Gt", "3", key="gen")]), True),
        (affinity([needs("Lt", "3", key="gen")]), False),
        # Terms are alternatives, expressions of one term are not; a term without any matches nothing.
        (affinity([needs("In", "b")], [needs("In", "a")]), True),
        (affinity([needs("In", "a"), needs("In", "b")]), False),
        (affinity([]), False),
    ],
)
def test_selector_and_affinity_decide_as_the_scheduler_does(spec, expected):
    assert fit(pod(**spec), a_node(labels={"pool": "a", "gen": "4"})).is_selected is expected


@pytest.mark.parametrize(
    ("toleration", "is_kept"),
    [
        ({}, True),
        ({"operator": "Exists"}, False),
        ({"key": "team", "operator": "Exists"}, False),
        ({"key": "team", "value": "ml"}, False),
        ({"key": "team", "value": "web"}, True),
        ({"key": "team", "value": "ml", "effect": "NoExecute"}, True),
    ],
)
def test_taints_keep_away_who_does_not_tolerate_them(toleration, is_kept):
    node = a_node(spec={"taints": [{"key": "team", "value": "ml", "effect": "NoSchedule"}]})

    assert bool(fit(pod(tolerations=[toleration]), node).taints) is is_kept


def test_a_taint_that_only_prefers_keeps_nobody_away():
    node = a_node(spec={"taints": [{"key": "team", "value": "ml", "effect": "PreferNoSchedule"}]})

    assert not fit(pod(), node).taints


def test_only_what_the_platform_taints_is_the_nodes_own_trouble():
    own = a_node(spec={"taints": [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]})
    wish = a_node(is_ready=False, spec={"taints": [{"key": "team", "effect": "NoSchedule"}]})

    assert fit(pod(), own).is_kept_by_node
    assert not fit(pod(), wish).is_kept_by_node


def test_a_pod_that_asks_for_more_than_the_empty_node_has_is_too_large():
    assert fit(pod(containers=[a_container(resources={"requests": {"cpu": "12"}})]), a_node()).too_small == ("cpu",)
    assert fit(pod(), a_node()).too_small == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", "0.25"),
        ("64Mi", "67108864"),
        (2, "2"),
        ("1e3", "1000"),
        ("1.5Gi", "1610612736"),
        ("3k", "3000"),
        (3.5, "3.5"),
        (1e-07, "1e-7"),
        ("587437641n", "0.587437641"),
        ("1E", "1e18"),
        ("1E3", "1000"),
    ],
)
def test_quantities_are_read_as_kubernetes_writes_them(text, value):
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize("text", [None, True, "", "lots", "1.2.3Mi", "5Q", "1Xi"])
def test_what_is_no_quantity_is_none(text):
    assert parse_quantity(text) is None


@pytest.mark.parametrize(
    ("used", "whole", "part"),
    [
        ("500m", "2", 0.25),
        ("0", "2", 0.0),
        ("1", "0", None),
        (None, "1", None),
        ("1", None, None),
        ("1", "1e-9999", None),
    ],
)
def test_a_share_is_of_something(used, whole, part):
    assert share(used, whole) == part


def test_init_containers_count_by_the_largest_and_sidecars_are_added():
    def asks(cpu, **more):
        return a_container(resources={"requests": {"cpu": cpu}}, **more)

    spec = a_pod(
        spec={"containers": [asks("1")], "initContainers": [asks("3"), asks("1", restartPolicy="Always")]}
    ).spec

    assert requests_of(spec)["cpu"] == Decimal(3)
