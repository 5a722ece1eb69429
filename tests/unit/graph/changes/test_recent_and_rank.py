"""Changes that one moment tells of, each told once, and which of them is likeliest to matter."""

from datetime import timedelta

from services.graph.domain.changes.change import Change, ChangeKind, ChangeSource
from services.graph.domain.changes.collect import collect_changes
from services.graph.domain.changes.raises import raise_by_changes
from services.graph.domain.changes.rank import rank_changes
from services.graph.domain.changes.recent import find_recent_changes
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.confidence import Confidence
from services.graph.domain.ranking.ranking import Hypothesis
from services.graph.domain.rules.base import Finding, Hit
from tests.support.cluster import NOW, an_inventory, an_object
from tests.support.small_rules import SMALL_RULES
from tests.support.small_shop import owned_by

SINCE = NOW - timedelta(hours=1)
WEB = Ref("Deployment", "shop", "web")


def _ago(minutes):
    return NOW - timedelta(minutes=minutes)


def _set(revision, image, made):
    meta = {
        "uid": f"rs-{revision}",
        "creationTimestamp": made.isoformat(),
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        "ownerReferences": owned_by("Deployment", "web"),
    }
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    return an_object("ReplicaSet", f"web-{revision}", metadata=meta, spec={"replicas": 1, "template": template})


def _rollout(minutes):
    deployment = an_object("Deployment", "web", metadata={"uid": "uid-Deployment-web"})
    return [deployment, _set(1, "web:1", _ago(9_000)), _set(2, "web:2", _ago(minutes))]


def _managed(manager, minutes, subresource=None):
    return {"manager": manager, "time": _ago(minutes).isoformat(), "subresource": subresource}


def _config(*managers, made=9_000, **more):
    meta = {"creationTimestamp": _ago(made).isoformat(), "managedFields": list(managers), **more}
    return an_object("ConfigMap", "c", metadata={"uid": "c", **meta}, data={"HOST": "a"})


def test_a_rollout_since_tells_its_image_and_one_before_tells_nothing():
    [change] = find_recent_changes(an_inventory(*_rollout(10)), SINCE)
    assert (change.kind, change.before, change.after, change.at) == (ChangeKind.IMAGE, "web:1", "web:2", _ago(10))

    assert find_recent_changes(an_inventory(*_rollout(90)), SINCE) == []


def test_what_a_person_set_since_is_a_change_and_what_controllers_or_statuses_set_is_none():
    [change] = find_recent_changes(an_inventory(_config(_managed("kubectl-edit", 20))), SINCE)
    assert (change.source, change.by) == (ChangeSource.MANAGED_FIELDS, "kubectl-edit")

    quiet = [_managed("kube-controller-manager", 5), _managed("kubectl-edit", 20, "status"), _managed("helm", 90)]
    assert find_recent_changes(an_inventory(_config(quiet[0])), SINCE) == []
    assert find_recent_changes(an_inventory(_config(*quiet[1:])), SINCE) == []


def test_what_was_made_since_and_what_was_tainted_since_are_changes():
    node = an_object(
        "Node", "n1", spec={"taints": [{"key": "k", "effect": "NoSchedule", "timeAdded": _ago(3).isoformat()}]}
    )

    found = find_recent_changes(an_inventory(_config(made=5), node), SINCE)

    assert [(one.ref.kind, one.source) for one in found] == [
        ("Node", ChangeSource.TAINT),
        ("ConfigMap", ChangeSource.CREATED),
    ]


def test_a_comparison_takes_the_place_of_the_trace_of_the_same_change():
    before = an_inventory(_config(resourceVersion="1"))
    after = an_object(
        "ConfigMap",
        "c",
        metadata={"uid": "c", "resourceVersion": "2", "managedFields": [_managed("helm", 20)]},
        data={"HOST": "b"},
    )
    now = an_inventory(after)

    [change] = collect_changes(now, SINCE, before, now)

    assert (change.field_path, change.before, change.after, change.by) == ("data.HOST", "a", "b", "helm")
    assert [one.source for one in collect_changes(now, SINCE)] == [ChangeSource.MANAGED_FIELDS]


def test_what_every_namespace_has_is_no_change_and_secrets_in_values_are_masked():
    root = an_object("ConfigMap", "kube-root-ca.crt", metadata={"creationTimestamp": _ago(5).isoformat()})
    url = "postgres://shop:hunter2hunter2@db:5432/shop"
    before = an_object("ConfigMap", "c", metadata={"uid": "c"}, data={"DSN": url})
    after = an_object("ConfigMap", "c", metadata={"uid": "c", "resourceVersion": "2"}, data={"DSN": f"{url}2"})

    found = collect_changes(an_inventory(root, after), SINCE, an_inventory(before), an_inventory(after))

    assert [one.ref.name for one in found] == ["c"]
    assert "hunter2" not in str(found)
    assert "db:5432" in found[0].after


def _change(ref=WEB, at=None, kind=ChangeKind.IMAGE, source=ChangeSource.COMPARED, *, is_latest=False):
    return Change(ref=ref, kind=kind, source=source, field_path="f", before="a", after="b", at=at, is_latest=is_latest)


def test_the_nearest_change_shortly_before_comes_first_and_each_step_is_shown():
    near, far = _change(at=_ago(10)), _change(Ref("Deployment", "shop", "cart"), _ago(10))
    old, late = _change(Ref("Deployment", "shop", "a"), _ago(3_000)), _change(Ref("Deployment", "shop", "b"), NOW)
    hops = {WEB: 0, old.ref: 1, late.ref: 1}

    ranked = rank_changes([late, old, far, near], _ago(5), hops)

    assert ranked[0].change == near
    assert ranked[-1].change == late
    assert [step.reason for step in ranked[0].confidence.steps][:2] == [
        "0 steps from the trouble",
        "5 min before the trouble began",
    ]


def test_a_change_that_may_have_come_before_is_not_said_to_have_come_after():
    unsure = rank_changes([_change(at=NOW, is_latest=True)], _ago(5), {WEB: 0})[0]
    after = rank_changes([_change(at=NOW)], _ago(5), {WEB: 0})[0]

    assert unsure.confidence.value > after.confidence.value
    assert "it came after the trouble began" not in {step.reason for step in unsure.confidence.steps}


def _hypothesis(ref, base):
    finding = Finding(SMALL_RULES[0], Hit(ref, "broken", ()), Confidence(base))
    return Hypothesis(ref, (finding,), Confidence(base))


def test_a_change_before_the_symptom_raises_its_object_above_a_likelier_one():
    cart = Ref("Deployment", "shop", "cart")
    ranked = rank_changes([_change(at=_ago(10))], _ago(5), {WEB: 0})

    found = raise_by_changes([_hypothesis(cart, 0.75), _hypothesis(WEB, 0.7)], ranked, _ago(5))

    assert [one.culprit for one in found] == [WEB, cart]
    assert found[0].confidence.steps[-1].reason.startswith("5 min before the trouble began: Deployment shop/web")
    assert found[1].confidence.steps == ()


def test_a_change_after_the_symptom_or_of_unknown_time_or_an_effect_raises_nothing():
    changes = [
        _change(at=NOW),
        _change(at=_ago(10), is_latest=True),
        _change(at=_ago(10), kind=ChangeKind.ENDPOINTS),
        _change(at=None),
    ]

    found = raise_by_changes([_hypothesis(WEB, 0.7)], rank_changes(changes, _ago(5), {WEB: 0}), _ago(5))

    assert found[0].confidence.value == 0.7
