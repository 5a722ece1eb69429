"""What an incident is about: hints to objects, each with its reason; and what was named in vain."""

import pytest

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.seeding.hints import namespaces_of, read_hints
from services.graph.domain.seeding.seeds import find_seeds
from shared.contracts.investigation import InvestigationQuestion, SeedSignal
from shared.contracts.signal import EntityHint
from tests.support.cluster import an_inventory, an_object
from tests.support.small_shop import shop_objects

WEB, CHECKOUT = Ref("Deployment", "shop", "web"), Ref("Deployment", "shop", "checkout")
POD = Ref("Pod", "shop", "web-7c9b-x1")


def _hint(kind, name, namespace="shop", cluster=None):
    return EntityHint(kind=kind, name=name, namespace=namespace, cluster=cluster)


def _signal(name="s1", **labels):
    return SeedSignal(id=name, labels=labels)


def _ask(*entities, signals=(), **fields):
    return InvestigationQuestion(incident_id="inc_1", entities=entities, signals=signals, **fields)


def _seeds(question, *more, unread=None, without=()):
    objects = [thing for thing in shop_objects() if thing.ref not in without]
    inventory = an_inventory(*objects, *more, unread=unread)
    return find_seeds(inventory, read_hints(question, "test"))


@pytest.mark.parametrize(
    ("hint", "ref"),
    [
        (_hint("deployment", "web"), WEB),
        (_hint("Pod", "web-7c9b-x1"), POD),
        (_hint("svc", "web"), Ref("Service", "shop", "web")),
        (_hint("node", "n1"), Ref("Node", None, "n1")),
        (_hint("deployment", "web", None), WEB),
    ],
)
def test_an_entity_that_is_named_and_seen_is_the_seed(hint, ref):
    seeds = _seeds(_ask(hint))

    assert seeds.refs == [ref]
    assert (seeds.found[0].presence, seeds.found[0].weight, seeds.unknown) == (Presence.PRESENT, 1.0, ())


@pytest.mark.parametrize(
    ("labels", "ref"),
    [
        ({"namespace": "shop", "pod": "web-7c9b-x1"}, POD),
        ({"namespace": "shop", "deployment": "web"}, WEB),
        ({"k8s_namespace_name": "shop", "k8s_deployment_name": "web"}, WEB),
        ({"namespace": "shop", "created_by_kind": "ReplicaSet", "created_by_name": "web-7c9b"},
         Ref("ReplicaSet", "shop", "web-7c9b")),
        ({"namespace": "monitoring", "pod": "kube-state-metrics-0", "job": "kube-state-metrics",
          "exported_namespace": "shop", "exported_pod": "web-7c9b-x1"}, POD),
        ({"job": "node-exporter", "instance": "10.1.1.1:9100"}, Ref("Node", None, "big")),
        ({"instance": "10.9.9.9:8080"}, Ref("Pod", "shop", "lone")),
    ],
)  # fmt: skip
def test_labels_name_what_they_measure_and_not_who_measures(labels, ref):
    node = an_object("Node", "big", status={"addresses": [{"type": "InternalIP", "address": "10.1.1.1"}]})
    pod = an_object("Pod", "lone", status={"podIP": "10.9.9.9", "phase": "Running"})

    seeds = _seeds(_ask(signals=(_signal(**labels),)), node, pod)

    assert seeds.refs == [ref]
    assert seeds.found[0].signals == ("s1",)


@pytest.mark.parametrize("name", ["checkout", "checkout.shop.svc.cluster.local", "Checkout_Service", "checkout-api"])
def test_the_name_of_a_service_leads_to_its_service_and_its_workload(name):
    seeds = _seeds(_ask(services=(name,)))

    assert set(seeds.refs) == {CHECKOUT, Ref("Service", "shop", "checkout")}
    assert all(seed.weight < 1 for seed in seeds.found)


def test_a_container_that_one_workload_has_leads_to_it_and_one_that_all_have_to_none():
    template = {"spec": {"containers": [{"name": "rare"}]}}
    more = an_object("Deployment", "odd", spec={"template": template})

    assert _seeds(_ask(_hint("container", "rare")), more).refs == [Ref("Deployment", "shop", "odd")]
    vague = _seeds(_ask(_hint("container", "app")))
    assert [one.hint for one in vague.unknown] == ["container app"]


def test_a_namespace_alone_leads_to_what_is_in_trouble_in_it():
    seeds = _seeds(_ask(_hint("namespace", "shop", None)))

    assert CHECKOUT in seeds.refs
    assert WEB not in seeds.refs
    assert {seed.weight for seed in seeds.found} == {0.3}


def test_a_namespace_without_trouble_is_the_seed_itself_and_one_that_does_not_exist_is_absent():
    calm = an_object("Namespace", "calm", None)

    [seed] = _seeds(_ask(_hint("namespace", "calm", None)), calm).found
    assert (seed.ref, seed.presence) == (Ref("Namespace", None, "calm"), Presence.PRESENT)
    [gone] = _seeds(_ask(_hint("namespace", "nowhere", None))).found
    assert gone.presence is Presence.ABSENT


def test_what_is_named_plainly_keeps_the_rest_of_its_namespace_out():
    seeds = _seeds(_ask(_hint("deployment", "web"), signals=(_signal(namespace="shop"),)))

    assert seeds.refs == [WEB]


def test_a_pod_that_was_replaced_since_leads_to_what_made_it():
    seeds = _seeds(_ask(_hint("pod", "web-5d4f7c9b5-abcde")))

    [gone, owner] = seeds.found
    assert (gone.ref.name, gone.presence) == ("web-5d4f7c9b5-abcde", Presence.ABSENT)
    assert (owner.ref, owner.presence) == (WEB, Presence.PRESENT)
    assert "does not exist now" in owner.reason


@pytest.mark.parametrize("state", [CoverageState.FORBIDDEN, CoverageState.TIMEOUT, CoverageState.TRUNCATED])
def test_what_could_not_be_read_is_a_seed_that_is_not_said_to_be_gone(state):
    [seed, *_] = _seeds(_ask(_hint("deployment", "other")), unread={"Deployment": state}).found

    assert (seed.ref.name, seed.presence) == ("other", Presence.UNKNOWN)
    assert "could not be read" in seed.reason


def test_what_leads_to_nothing_is_said_with_its_reason():
    seeds = _seeds(_ask(_hint("flux-capacitor", "x"), services=("nobody",)))

    assert {one.hint: one.reason for one in seeds.unknown} == {
        "flux-capacitor x": "flux-capacitor is no kind that is read",
        "service nobody": "nothing that was read is called so",
    }


def test_an_entity_of_another_cluster_is_none_of_the_one_that_is_asked():
    question = _ask(_hint("deployment", "web", cluster="east"), _hint("deployment", "checkout"), cluster="west")

    seeds = _seeds(question)

    assert seeds.refs == [CHECKOUT]
    assert [one.reason for one in seeds.unknown] == ["it is of another cluster"]


def test_whatever_senders_call_the_only_cluster_it_is_meant():
    assert _seeds(_ask(_hint("deployment", "web", cluster="prod-eu-1"))).refs == [WEB]


def test_an_object_named_by_many_signals_is_one_seed_of_all_of_them():
    signals = tuple(_signal(name, namespace="shop", deployment="web") for name in ("a", "b"))

    [seed] = _seeds(_ask(signals=signals)).found

    assert seed.signals == ("a", "b")


def test_a_storm_of_names_is_cut_and_counted():
    pods = [an_object("Pod", f"p{n}") for n in range(40)]
    signals = tuple(_signal(f"s{n}", namespace="shop", pod=f"p{n}") for n in range(40))

    seeds = _seeds(_ask(signals=signals), *pods)

    assert (len(seeds.found), seeds.left_out) == (30, 10)


def test_only_namespaces_that_are_named_need_to_be_read():
    question = _ask(_hint("deployment", "web"), signals=(_signal(exported_namespace="pay", namespace="monitoring"),))

    assert namespaces_of(read_hints(question, "test")) == ("shop", "pay")
    assert namespaces_of(read_hints(_ask(services=("web",)), "test")) == ()
