from services.graph.domain.walking.ownership import find_owner, is_superseded, pods_of, top_owner
from tests.support.cluster import an_inventory, an_object
from tests.support.rule_cases import a_deployment, a_pod, a_replica_set, owned, ref


def test_the_topmost_controller_is_found_by_uid():
    deployment = a_deployment()
    replica_set = a_replica_set(deployment)
    pod = a_pod("web-1", replica_set)

    assert top_owner(an_inventory(deployment, replica_set, pod), pod) == ref("Deployment", "web")


def test_a_deployment_is_inferred_only_from_the_hash_its_pod_carries():
    deployment = a_deployment()
    replica_set = a_replica_set(deployment)
    hashed = a_pod("web-1-x", replica_set, metadata={"labels": {"pod-template-hash": "1"}})
    plain = a_pod("web-1-y", replica_set)
    inventory = an_inventory(hashed, plain)

    assert find_owner(inventory, hashed).ref == ref("Deployment", "web")
    assert find_owner(inventory, hashed).is_inferred
    assert find_owner(inventory, plain).ref == ref("ReplicaSet", "web-1")


def test_a_cron_job_is_inferred_from_the_name_of_its_job():
    cron = an_object("CronJob", "report")
    job = an_object("Job", "report-29923520", metadata=owned(cron))
    pod = a_pod("report-29923520-x", job)

    assert top_owner(an_inventory(cron, pod), pod) == ref("CronJob", "report")
    assert top_owner(an_inventory(pod), pod) == ref("Job", "report-29923520")


def test_a_static_pod_is_its_own_owner():
    node = an_object("Node", "node-1", None)
    pod = a_pod("kube-apiserver", node)

    assert top_owner(an_inventory(node, pod), pod) == pod.ref


def test_a_circle_of_owners_ends():
    first = an_object("ReplicaSet", "a", metadata={"uid": "a"})
    second = an_object("ReplicaSet", "b", metadata={"uid": "b", **owned(first)})
    first = an_object("ReplicaSet", "a", metadata={"uid": "a", **owned(second)})

    assert top_owner(an_inventory(first, second), first).kind == "ReplicaSet"


def test_pods_of_a_deployment_are_those_of_its_newest_revision():
    deployment = a_deployment()
    old, new = a_replica_set(deployment, 9), a_replica_set(deployment, 10)
    first, second = a_pod("old", old), a_pod("new", new)
    inventory = an_inventory(deployment, old, new, first, second)

    assert pods_of(inventory, deployment) == [second]
    assert is_superseded(inventory, first)
    assert not is_superseded(inventory, second)
