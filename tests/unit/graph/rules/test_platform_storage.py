"""Claims and volumes: every rule finds its fault, and is silent about what is healthy."""

import pytest

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import claims, static_volumes, volumes
from tests.support.cluster import an_object
from tests.support.cluster_parts import AN_HOUR_AGO, a_condition, a_pod, ago, an_event
from tests.support.rule_trials import Clean, Found, by_id, confidence, expect, expect_humble, try_rule

RULES = by_id((*claims.RULES, *static_volumes.RULES, *volumes.RULES))
FORBIDDEN = CoverageState.FORBIDDEN
DEFAULT = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
DB = {"app": "db"}


def a_claim(storage="fast", phase="Pending", *, size="10Gi", modes=("ReadWriteOnce",), meta=None, status=None, **spec):
    return an_object(
        "PersistentVolumeClaim",
        "data-db-0",
        metadata={"creationTimestamp": AN_HOUR_AGO, **(meta or {})},
        spec={
            "accessModes": list(modes),
            "resources": {"requests": {"storage": size}},
            "storageClassName": storage,
            "volumeMode": "Filesystem",
            **spec,
        },
        status={"phase": phase, **(status or {})},
    )


def a_storage_class(name="fast", provisioner="ebs.csi.example.com", binding="Immediate", **meta):
    return an_object("StorageClass", name, metadata=meta, provisioner=provisioner, volumeBindingMode=binding)


def a_volume(name="pv-1", phase="Available", *, storage="manual", size="10Gi", modes=("ReadWriteOnce",), **spec):
    return an_object(
        "PersistentVolume",
        name,
        spec={"storageClassName": storage, "capacity": {"storage": size}, "accessModes": list(modes), **spec},
        status={"phase": phase},
    )


def a_user(name="db-0", phase="Running", node="worker-1", **more):
    mounted = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]
    return a_pod(name, DB, phase=phase, node=node, ready=phase == "Running", volumes=mounted, **more)


def an_attachment(**status):
    return an_object(
        "VolumeAttachment",
        "csi-1",
        spec={"attacher": "ebs.csi.example.com", "nodeName": "worker-1", "source": {"persistentVolumeName": "pv-1"}},
        status={"attached": False, **status},
    )


claim = a_claim()
bound = a_claim(phase="Bound", volumeName="pv-1")
static = a_claim("manual")
manual = a_storage_class("manual", "kubernetes.io/no-provisioner", "WaitForFirstConsumer")
fast = a_storage_class()
driver = an_object("CSIDriver", "ebs.csi.example.com")
waiting = a_user(phase="Pending", node=None)
attaching = a_user("db-1", phase="Pending", node="worker-2")
multi = an_event(
    attaching, "FailedAttachVolume", 'Multi-Attach error for volume "pv-1" Volume is already used by pod(s) db-0'
)
not_found = an_event(claim, "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
failed = an_event(
    claim,
    "ProvisioningFailed",
    'failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted desc = quota',
)
taken = {"claimRef": {"namespace": "shop", "name": "other", "uid": "u"}}
named = a_claim("manual", volumeName="pv-1")
growing = a_claim(
    phase="Bound", status={"capacity": {"storage": "5Gi"}, "conditions": [a_condition("Resizing", "True")]}
)
grown = a_claim(phase="Bound", status={"capacity": {"storage": "10Gi"}})
leaving = a_claim(
    phase="Bound", meta={"deletionTimestamp": ago(minutes=20), "finalizers": ["kubernetes.io/pvc-protection"]}
)

place = "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity."
elsewhere = a_user(
    phase="Pending", node=None, conditions=[a_condition("PodScheduled", "False", "Unschedulable", place)]
)

FOUND = {
    "claim-class-missing": Found([claim, a_storage_class("slow"), not_found], says="fast, which does not exist"),
    "claim-without-class": Found([a_claim(None), fast]),
    "claim-provisioning-failed": Found([claim, fast, failed], says="ResourceExhausted"),
    "claim-provisioner-silent": Found([claim, fast], fast.ref, says="ebs.csi.example.com"),
    "claim-no-volume-fits": Found(
        [static, manual, waiting, a_volume(modes=("ReadOnlyMany",)), a_volume("pv-2", size="1Gi")]
    ),
    "claim-volume-missing": Found([named], says="pv-1, which does not exist"),
    "pod-volume-elsewhere": Found([elsewhere, bound], bound.ref, says="where its volume is"),
    "claim-lost": Found([a_claim(phase="Lost", volumeName="pv-1")], says="it does not exist"),
    "volume-failed": Found([a_volume(phase="Failed")]),
    "volume-released": Found([a_volume(phase="Released", **taken)], says="shop/other"),
    "storage-class-defaults": Found([a_storage_class("a", **DEFAULT), a_storage_class("b", **DEFAULT)]),
    "volume-attachment-failed": Found(
        [an_attachment(attachError={"message": "rpc error: volume not found"}), a_volume(**taken)],
        Ref("PersistentVolume", None, "pv-1"),
        says="volume not found",
    ),
    "pod-volume-not-attached": Found([attaching, bound, multi, a_user()], bound.ref, says="Multi-Attach"),
    "claim-resize-failed": Found(
        [growing, an_event(growing, "VolumeResizeFailed", "resize volume failed: limit")], says="limit"
    ),
    "claim-stuck-terminating": Found([leaving, a_user()], says="db-0"),
}

CLEAN = {
    "claim-class-missing": [
        Clean("the class exists", [claim, fast]),
        Clean("classes could not be read, and no Event tells", [claim], {"StorageClass": FORBIDDEN}),
        Clean("it is bound to a volume made by hand", [bound]),
        Clean("it asks for no class", [a_claim("")]),
    ],
    "claim-without-class": [
        Clean("a class is the default", [a_claim(None), a_storage_class(**DEFAULT)]),
        Clean("classes could not be read", [a_claim(None)], {"StorageClass": FORBIDDEN}),
        Clean("it asks for a volume made by hand", [a_claim("")]),
    ],
    "claim-provisioning-failed": [
        Clean("it is bound by now", [a_claim(phase="Bound"), fast, failed]),
        Clean("its class is missing, which is another rule's", [claim, not_found]),
    ],
    "claim-provisioner-silent": [
        Clean("it waits for its first pod", [claim, a_storage_class(binding="WaitForFirstConsumer")]),
        Clean("it is new", [a_claim(meta={"creationTimestamp": ago(seconds=20)}), fast]),
        Clean("the provisioner says why", [claim, fast, failed]),
        Clean("it is bound", [a_claim(phase="Bound"), fast]),
    ],
    "claim-no-volume-fits": [
        Clean("one fits", [static, manual, waiting, a_volume()]),
        Clean(
            "one is kept for it",
            [
                static,
                manual,
                waiting,
                a_volume(
                    claimRef={"namespace": "shop", "name": "data-db-0"},
                ),
            ],
        ),
        Clean("no pod asks for it yet", [static, manual]),
        Clean("volumes could not be read", [static, manual, waiting], {"PersistentVolume": FORBIDDEN}),
        Clean("its class provisions", [claim, fast]),
    ],
    "claim-volume-missing": [
        Clean("the volume is there", [named, a_volume()]),
        Clean("volumes could not be read", [named], {"PersistentVolume": FORBIDDEN}),
    ],
    "pod-volume-elsewhere": [
        Clean("it runs", [a_user(), bound]),
        Clean(
            "it waits for something else",
            [
                a_user(
                    phase="Pending",
                    node=None,
                    conditions=[
                        a_condition(
                            "PodScheduled", "False", "Unschedulable", "0/2 nodes are available: 2 Insufficient cpu."
                        ),
                    ],
                )
            ],
        ),
    ],
    "claim-lost": [Clean("it is bound", [bound])],
    "volume-failed": [Clean("it is available", [a_volume()]), Clean("it is released", [a_volume(phase="Released")])],
    "volume-released": [Clean("it is bound", [a_volume(phase="Bound", **taken)])],
    "storage-class-defaults": [Clean("one is", [a_storage_class("a", **DEFAULT), a_storage_class("b")])],
    "volume-attachment-failed": [
        Clean("it is attached by now", [an_attachment(attached=True, attachError={"message": "time-out"})]),
        Clean("it is on its way", [an_attachment()]),
    ],
    "pod-volume-not-attached": [
        Clean("it runs by now", [(late := a_user("db-1")), an_event(late, "FailedAttachVolume", "Multi-Attach error")]),
        Clean(
            "it was attached since",
            [
                attaching,
                multi,
                an_event(attaching, "SuccessfulAttachVolume", "attached", kind="Normal"),
            ],
        ),
    ],
    "claim-resize-failed": [
        Clean("it has grown", [grown, an_event(grown, "VolumeResizeFailed", "resize volume failed: once")]),
        Clean("it is growing", [growing]),
    ],
    "claim-stuck-terminating": [
        Clean("nobody uses it", [leaving]),
        Clean("it is not to be deleted", [bound, a_user()]),
    ],
}


def test_every_rule_has_a_fault_it_finds_and_a_cluster_it_is_silent_about():
    assert set(FOUND) == set(CLEAN) == set(RULES)


@pytest.mark.parametrize("rule_id", RULES)
def test_the_rule_finds_its_fault(rule_id):
    expect(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize("rule_id", RULES)
def test_what_cannot_be_read_is_never_called_absent_and_makes_nothing_surer(rule_id):
    expect_humble(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize(("rule_id", "trial"), [(one, trial) for one in CLEAN for trial in CLEAN[one]])
def test_the_rule_is_silent(rule_id, trial):
    assert try_rule(RULES[rule_id], trial.objects, trial.unread) == [], trial.why


def test_an_event_tells_of_a_missing_class_to_who_may_not_read_classes():
    rule = RULES["claim-class-missing"]
    (hit,) = try_rule(rule, [claim, not_found], {"StorageClass": FORBIDDEN})
    assert confidence(rule, hit) < rule.base
    assert not any("not among" in one.observation for one in hit.seen)


def test_pods_that_wait_for_a_claim_are_explained_by_it():
    (hit,) = try_rule(RULES["claim-class-missing"], [claim, waiting])
    assert hit.explains == (waiting.ref,)


def test_a_plugin_nobody_knows_blames_the_class():
    odd = a_storage_class(provisioner="kubernetes.io/aws-efs")
    event = an_event(claim, "ProvisioningFailed", "no volume plugin matched name: kubernetes.io/aws-efs")
    (hit,) = try_rule(RULES["claim-provisioning-failed"], [claim, odd, event])
    assert hit.culprit == odd.ref


def test_a_provisioner_that_is_installed_leaves_the_claim_to_be_looked_at():
    asked = an_event(claim, "ExternalProvisioning", "Waiting for a volume to be created", kind="Normal")
    rule = RULES["claim-provisioner-silent"]
    (hit,) = try_rule(rule, [claim, fast, driver, asked])
    assert hit.culprit == claim.ref
    assert confidence(rule, hit) > rule.base


def test_a_volume_of_another_claim_is_told_apart_from_a_missing_one():
    (hit,) = try_rule(RULES["claim-volume-missing"], [named, a_volume(phase="Bound", **taken)])
    assert "belongs to claim shop/other" in hit.summary


def test_why_each_volume_does_not_fit_is_shown():
    (hit,) = try_rule(RULES["claim-no-volume-fits"], FOUND["claim-no-volume-fits"].objects)
    shown = " ".join(one.observation for one in hit.seen)
    assert "does not allow ReadWriteOnce" in shown
    assert "has 1Gi, which is too small" in shown


def test_the_other_pod_on_another_node_is_evidence_of_a_multi_attach():
    (hit,) = try_rule(RULES["pod-volume-not-attached"], [attaching, bound, multi, a_user()])
    assert Ref("Pod", "shop", "db-0") in {one.about for one in hit.seen}
