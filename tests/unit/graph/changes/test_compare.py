"""Two moments compared: what people change is a change, what was not read is none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.graph.domain.changes.change import Change, ChangeKind, ChangeSource
from services.graph.domain.changes.compare import compare_inventories
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from tests.support.cluster import NOW, an_inventory, an_object
from tests.support.small_shop import shop_objects

LOST = [state for state in CoverageState if state is not CoverageState.OK]
CHANGED_AT = datetime(2026, 11, 23, 11, 50, tzinfo=UTC)
KINDS = (
    "Deployment",
    "ConfigMap",
    "Service",
    "NetworkPolicy",
    "StatefulSet",
    "PersistentVolumeClaim",
    "ServiceAccount",
)


def _meta(version, **more):
    managed = [{"manager": "kubectl-edit", "time": CHANGED_AT.isoformat()}]
    return {"uid": "u", "resourceVersion": version, "managedFields": managed, **more}


def _deployment(version, image, replicas=1):
    container = {"name": "app", "image": image}
    spec = {"replicas": replicas, "template": {"spec": {"containers": [container]}}}
    return an_object("Deployment", "web", metadata=_meta(version), spec=spec)


def _changes(before, after):
    return compare_inventories(an_inventory(*before), an_inventory(*after))


def test_a_new_image_is_a_change_with_both_images_its_time_and_who_made_it():
    [change] = _changes([_deployment("1", "web:1")], [_deployment("2", "web:2")])

    assert (change.kind, change.before, change.after) == (ChangeKind.IMAGE, "web:1", "web:2")
    assert (change.at, change.by, change.is_latest) == (CHANGED_AT, "kubectl-edit", False)
    assert change.source is ChangeSource.COMPARED


def test_more_replicas_are_a_change_and_a_status_that_moves_is_none():
    [change] = _changes([_deployment("1", "web:1")], [_deployment("2", "web:1", replicas=3)])
    assert (change.kind, change.before, change.after) == (ChangeKind.REPLICAS, "1", "3")

    ready = an_object("Deployment", "web", metadata=_meta("3"), status={"readyReplicas": 1})
    assert _changes([an_object("Deployment", "web", metadata=_meta("2"))], [ready]) == []


def test_a_changed_key_of_a_config_map_shows_its_values_and_an_untouched_one_nothing():
    before = an_object("ConfigMap", "c", metadata=_meta("1"), data={"HOST": "a", "MODE": "fast"})
    after = an_object("ConfigMap", "c", metadata=_meta("2"), data={"HOST": "b", "MODE": "fast", "NEW": "x"})

    found = {(one.field_path, one.before, one.after) for one in _changes([before], [after])}

    assert found == {("data.HOST", "a", "b"), ("data.NEW", "", "x")}


def test_a_secret_shows_that_its_keys_changed():
    before = an_object("Secret", "s", metadata=_meta("1"), data={"A": ""})
    after = an_object("Secret", "s", metadata=_meta("2"), data={"A": "", "B": ""})

    [change] = _changes([before], [after])

    assert change.field_path == "keyNames"


def test_what_came_and_what_went_is_told_where_both_moments_prove_it():
    policy = an_object("NetworkPolicy", "deny", spec={"podSelector": {}})

    [came] = _changes([], [policy])
    [gone] = _changes([policy], [])

    assert (came.ref, came.source) == (policy.ref, ChangeSource.CREATED)
    assert (gone.ref, gone.after, gone.at, gone.is_latest) == (policy.ref, "gone", NOW, True)


def test_an_object_made_anew_under_its_name_was_made():
    before = an_object("Service", "web", metadata={"uid": "1"})
    after = an_object("Service", "web", metadata={"uid": "2"})

    assert [one.source for one in _changes([before], [after])] == [ChangeSource.CREATED]


def _service(ready, slices=1):
    ends = [{"addresses": [f"10.0.0.{n}"], "targetRef": {"uid": f"p{n}"}} for n in range(ready)]
    ends.append({"addresses": ["10.0.1.1"], "conditions": {"ready": False}, "targetRef": {"uid": "sick"}})
    meta = {"labels": {"kubernetes.io/service-name": "web"}}
    return [
        an_object("Service", "web", metadata={"uid": "u"}),
        *(an_object("EndpointSlice", f"web-{n}", metadata=meta, endpoints=ends) for n in range(slices)),
    ]


def test_endpoints_that_are_no_longer_ready_are_a_change_of_their_service():
    [change] = _changes(_service(3), _service(1))

    assert (change.ref, change.kind) == (Ref("Service", "shop", "web"), ChangeKind.ENDPOINTS)
    assert (change.before, change.after, change.is_latest) == ("3 ready", "1 ready", True)


def test_a_pod_in_the_slices_of_two_address_families_counts_once():
    assert _changes(_service(2, slices=1), _service(2, slices=2)) == []


@pytest.mark.parametrize("state", LOST)
@pytest.mark.parametrize("side", ["before", "after"])
def test_endpoints_that_were_not_read_whole_are_no_change(state, side):
    whole, lost = an_inventory(*_service(3)), an_inventory(*_service(3), unread={"EndpointSlice": state})

    moments = (lost, whole) if side == "before" else (whole, lost)

    assert compare_inventories(*moments) == []


@pytest.mark.parametrize("state", LOST)
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_was_not_read_on_one_side_never_came_nor_went(kind, state):
    objects = shop_objects()
    whole, lost = an_inventory(*objects), an_inventory(*objects, unread={kind: state})

    assert compare_inventories(lost, whole) == []
    assert compare_inventories(whole, lost) == []


@given(
    images=st.dictionaries(st.sampled_from(["web", "cart", "mail"]), st.sampled_from(["a:1", "a:2"])),
    config=st.dictionaries(st.sampled_from(["A", "B"]), st.text(max_size=5)),
    unread=st.dictionaries(st.sampled_from(KINDS), st.sampled_from(LOST)),
)
def test_a_moment_compared_with_itself_shows_nothing(images, config, unread):
    objects = [
        an_object("Deployment", name, spec={"template": {"spec": {"containers": [{"name": "a", "image": image}]}}})
        for name, image in images.items()
    ]
    inventory = an_inventory(*objects, an_object("ConfigMap", "c", data=config), *_service(2), unread=unread)

    assert compare_inventories(inventory, inventory) == []


@given(
    before=st.sets(st.sampled_from(["a", "b", "c"])),
    after=st.sets(st.sampled_from(["a", "b", "c"])),
    state=st.sampled_from(LOST),
)
def test_whatever_differs_nothing_unread_came_or_went(before, after, state):
    def moment(names, unread):
        return an_inventory(*(an_object("ConfigMap", name, metadata={"uid": name}) for name in names), unread=unread)

    assert not [
        one for one in compare_inventories(moment(before, {"ConfigMap": state}), moment(after, {})) if _came(one)
    ]
    assert not [
        one for one in compare_inventories(moment(before, {}), moment(after, {"ConfigMap": state})) if _went(one)
    ]


def _came(change: Change) -> bool:
    return change.source is ChangeSource.CREATED


def _went(change: Change) -> bool:
    return change.after == "gone"
