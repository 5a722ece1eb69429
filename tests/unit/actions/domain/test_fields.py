"""What stands for a target: it moves with every field a change reads or writes, and with nothing else."""

from copy import deepcopy

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.actions.domain.fields import extract, strip_noise, target_digest
from services.actions.domain.objects import KubeObject, Named
from services.actions.domain.remediations import REMEDIATIONS
from services.actions.domain.remediations.shape import Sight, digest_target, fields_of
from shared.contracts.action import KubernetesVerb
from tests.support.kube_changes import CHANGES, a_payload
from tests.support.kube_sights import see

EVERY = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
# As servers and controllers write them, and as people label what they look at.
NOISE = st.fixed_dictionaries(
    {},
    optional={
        "resourceVersion": TEXT,
        "generation": st.integers(0, 99),
        "managedFields": st.lists(JSON, max_size=3),
        "creationTimestamp": TEXT,
        "selfLink": TEXT,
        "labels": st.dictionaries(TEXT, TEXT, max_size=3),
    },
)
NOTES = st.sampled_from(["kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"])


def digest(sight):
    return digest_target(REMEDIATIONS[sight.target.payload.verb], sight)


def with_object(sight, raw):
    return Sight(target=sight.target, object=KubeObject(raw), others=sight.others)


@EVERY
@given(status=JSON, noise=NOISE, note=NOTES, text=TEXT)
def test_no_churn_ever_changes_it(change, status, noise, note, text):
    sight = see(change.payload)
    raw = deepcopy(dict(sight.object.raw))
    raw["status"] = status
    raw["metadata"] |= noise
    raw["metadata"].setdefault("annotations", {})[note] = text

    assert digest(with_object(sight, raw)) == digest(sight)


@EVERY
@given(data=st.data())
def test_every_field_it_reads_or_writes_changes_it(change, data):
    sight = see(change.payload)
    paths = REMEDIATIONS[change.payload.verb].paths(sight)
    path = data.draw(st.sampled_from(paths))
    value = data.draw(JSON)
    raw = deepcopy(dict(sight.object.raw))
    put(raw, path, value)
    after = with_object(sight, raw)

    # `False == 0` and `True == 1`, but not in what is written down.
    assume(repr(after.object.at(*path)) != repr(sight.object.at(*path)))
    assert digest(after) != digest(sight)


def put(raw, path, value):
    *steps, last = path
    for step in steps:
        if isinstance(step, Named):
            raw = next(one for one in raw if one.get(step.key) == step.value)
        else:
            raw = raw.setdefault(step, {})
    raw[last] = value


@EVERY
def test_another_object_of_the_same_name_changes_it(change):
    sight = see(change.payload)
    raw = deepcopy(dict(sight.object.raw))
    raw["metadata"]["uid"] = "another"

    assert digest(with_object(sight, raw)) != digest(sight)


@EVERY
def test_it_is_the_same_whenever_it_is_computed(change):
    assert digest(see(change.payload)) == digest(see(change.payload))
    assert len(digest(see(change.payload))) == 64


@pytest.mark.parametrize(
    "other",
    [{"parameters": {"replicas": 7}}, {"context": "other"}, {"name": "other"}, {"namespace": "other"}],
    ids=lambda other: next(iter(other)),
)
def test_another_request_changes_it(other):
    payload = CHANGES["scale"].payload
    changed = msgspec.structs.replace(payload, **other)

    assert target_digest(changed, "u", {}) != target_digest(payload, "u", {})


def test_the_order_of_keys_does_not_count():
    payload = CHANGES["scale"].payload

    assert target_digest(payload, "u", {"a": {"x": 1, "y": 2}, "b": 1}) == target_digest(
        payload, "u", {"b": 1, "a": {"y": 2, "x": 1}}
    )


def test_noise_is_taken_out_and_the_rest_stays():
    raw = {
        "metadata": {
            "name": "a",
            "uid": "u",
            "resourceVersion": "1",
            "managedFields": [],
            "labels": {"a": "b"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1},
    }

    assert strip_noise(raw) == {"metadata": {"name": "a", "labels": {"a": "b"}}, "spec": {"replicas": 1}}
    assert raw["metadata"]["uid"] == "u"


def test_fields_are_named_by_their_path():
    seen = see(CHANGES["set-image"].payload).object

    assert extract(seen, [("spec", "replicas"), ("metadata", "annotations", "a.b/c")]) == {
        "spec.replicas": 3,
        "metadata.annotations[a.b/c]": None,
    }
    assert fields_of(REMEDIATIONS["set-image"], see(CHANGES["set-image"].payload)) == {
        "spec.template.spec.containers[name=app].image": "registry/checkout:1",
        "spec.paused": None,
    }


def test_a_revision_that_means_another_template_changes_it():
    sight = see(CHANGES["rollback-deployment"].payload)
    (first, *rest) = sight.others["revisions"]
    raw = deepcopy(dict(first.raw))
    raw["spec"]["template"]["spec"]["containers"][0]["image"] = "registry/evil:1"
    other = Sight(target=sight.target, object=sight.object, others={"revisions": (KubeObject(raw), *rest)})

    assert digest(other) != digest(sight)


def test_an_autoscaler_that_came_since_changes_it():
    sight = see(CHANGES["scale"].payload)
    reference = {"kind": "Deployment", "name": "checkout"}
    one = KubeObject({"metadata": {"name": "hpa"}, "spec": {"scaleTargetRef": reference}})

    assert digest(Sight(target=sight.target, object=sight.object, others={"autoscalers": (one,)})) != digest(sight)


def test_a_json_patch_of_one_item_hangs_on_the_whole_list():
    operation = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "r/a:1"}
    payload = a_payload(KubernetesVerb.PATCH, "Deployment", "checkout", patch=[operation])

    assert list(fields_of(REMEDIATIONS["patch"], see(payload))) == ["spec.template.spec.containers"]
