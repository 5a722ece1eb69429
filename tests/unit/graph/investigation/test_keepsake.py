"""What is kept of an investigation: enough to compare and look again, no secret, and no absence that is not proven."""

import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.graph.domain.changes.compare import compare_inventories
from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.workloads import Deployment
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.reading.keepsake import UnreadableKeepsake, keep, recall
from services.graph.domain.reading.kinds import KINDS
from tests.support.cluster import NOW, an_inventory, an_object
from tests.support.small_shop import shop_objects

SECRET = "hunter2-correct-horse"


def _all_refs(inventory):
    return [thing.ref for kind in KINDS if kind.name != "Event" for thing in inventory.all(kind.kept)]


def test_what_was_kept_comes_back_as_it_was():
    inventory = an_inventory(*shop_objects(), cluster="prod")

    back = recall(keep(inventory, _all_refs(inventory), ["shop"]))

    assert (back.cluster, back.observed_at, len(back)) == ("prod", NOW, len(inventory))
    for ref in _all_refs(inventory):
        assert back.find_ref(ref) == inventory.find_ref(ref)
    assert compare_inventories(inventory, back) == []
    assert back.coverage.proves_absence("Pod", "shop")


def test_the_same_objects_give_the_same_bytes_in_whatever_order_they_came():
    objects = shop_objects()
    one, other = an_inventory(*objects), an_inventory(*reversed(objects))
    refs = _all_refs(one)

    assert keep(one, refs, ["shop"]) == keep(other, refs, ["shop"])


def test_what_was_left_out_is_not_known_and_what_was_kept_whole_proves_absence():
    pods = [an_object("Pod", name) for name in ("near", "far")]
    config = an_object("ConfigMap", "c", data={"A": "1"})

    back = recall(keep(an_inventory(*pods, config), [pods[0].ref], ["shop"]))

    assert back.presence(Pod, "shop", "far") is Presence.UNKNOWN
    assert back.presence(ConfigMap, "shop", "other") is Presence.ABSENT
    assert back.presence(ConfigMap, "elsewhere", "c") is not Presence.PRESENT


@pytest.mark.parametrize("state", [state for state in CoverageState if state is not CoverageState.OK])
def test_what_was_not_read_stays_unread(state):
    inventory = an_inventory(*shop_objects(), unread={"Deployment": state})

    back = recall(keep(inventory, [], ["shop"]))

    assert back.coverage.state("Deployment", "shop") is state
    assert back.presence(Deployment, "shop", "nobody") is Presence.UNKNOWN


def test_objects_that_were_not_kept_never_came():
    far = an_object("ConfigMap", "far", "elsewhere", data={"A": "1"})
    inventory = an_inventory(*shop_objects(), far)

    small, large = recall(keep(inventory, [], ["shop"])), recall(keep(inventory, [far.ref], ["shop", "elsewhere"]))

    assert compare_inventories(small, large) == []
    assert compare_inventories(large, small) == []


def test_a_policy_that_came_between_two_keepsakes_is_told():
    objects = shop_objects()
    policy = an_object("NetworkPolicy", "new", spec={"podSelector": {}})

    before = recall(keep(an_inventory(*objects), [], ["shop"]))
    after = recall(keep(an_inventory(*objects, policy), [], ["shop"]))

    assert [one.ref for one in compare_inventories(before, after)] == [policy.ref]


def test_no_secret_is_inside_and_hosts_are():
    url = f"postgres://shop:{SECRET}@orders-db:5432/shop"
    env = [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "DSN", "value": url}]
    pod = {"containers": [{"name": "a", "env": env, "args": ["--token", SECRET]}]}
    things = [
        an_object("Pod", "p", spec=pod, metadata={"annotations": {"api-key": SECRET}}),
        an_object("Deployment", "d", spec={"template": {"spec": pod}}),
        an_object("ConfigMap", "c", data={"password": SECRET, "app.properties": f"db.password={SECRET}\nhost=db"}),
        an_object("Secret", "s", data={"password": SECRET}),
    ]
    inventory = an_inventory(*things)

    body = keep(inventory, _all_refs(inventory), ["shop"])

    plain = zlib.decompress(body).decode()
    assert SECRET not in plain
    assert "orders-db:5432" in plain
    digest = inventory.find(ConfigMap, "shop", "c").digests["password"]
    assert digest not in plain
    assert recall(body).find_ref(Ref("Secret", "shop", "s")).keys == {"password"}


def test_events_of_what_was_looked_at_are_kept_and_others_are_not():
    pod = an_object("Pod", "p", metadata={"uid": "u"})
    events = [
        an_object("Event", f"{name}.1", involvedObject={"kind": "Pod", "namespace": "shop", "name": name, "uid": uid},
                  reason="BackOff", lastTimestamp="2026-11-23T11:59:00Z")
        for name, uid in (("p", "u"), ("q", "v"))
    ]  # fmt: skip

    back = recall(keep(an_inventory(pod, *events), [pod.ref], []))

    assert [event.reason for event in back.events_of(pod)] == ["BackOff"]
    assert len(back) == 2


def test_a_large_cluster_is_cut_and_what_was_cut_is_not_known(monkeypatch):
    monkeypatch.setattr("services.graph.domain.reading.keepsake.MOST_OBJECTS", 3)
    configs = [an_object("ConfigMap", f"c{n}", data={"A": "1"}) for n in range(5)]

    back = recall(keep(an_inventory(*configs), [], ["shop"]))

    assert len(back) == 3
    assert back.presence(ConfigMap, "shop", "c4") is Presence.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no zlib",
        zlib.compress(b"no JSON"),
        zlib.compress(b"{}"),
        zlib.compress(
            b'{"version":1,"cluster":"c","observedAt":"2026-01-01T00:00:00Z","coverage":[],"objects":{"Nope":[{}]}}'
        ),
        zlib.compress(b'{"version":2,"cluster":"c","observedAt":"2026-01-01T00:00:00Z","coverage":[],"objects":{}}'),
        zlib.compress(b"0" * (40 << 20)),
    ],
    ids=["empty", "no zlib", "no JSON", "no document", "unknown kind", "later version", "too large"],
)
def test_bytes_that_are_no_keepsake_are_refused(body):
    with pytest.raises(UnreadableKeepsake):
        recall(body)


def test_a_keepsake_that_was_cut_off_is_refused():
    inventory = an_inventory(*shop_objects())

    with pytest.raises(UnreadableKeepsake):
        recall(keep(inventory, _all_refs(inventory), ["shop"])[:-20])


@given(data=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4), chosen=st.sets(st.integers(0, 9)))
def test_whatever_is_kept_comparing_it_with_itself_shows_nothing(data, chosen):
    objects = [*shop_objects(), an_object("ConfigMap", "any", data=data)]
    inventory = an_inventory(*objects)
    refs = [ref for n, ref in enumerate(_all_refs(inventory)) if n % 10 in chosen]

    whole, part = recall(keep(inventory, _all_refs(inventory), ["shop"])), recall(keep(inventory, refs, []))

    assert compare_inventories(part, whole) == []
    assert compare_inventories(whole, part) == []
    assert msgspec.json.encode(part.coverage.entries)
