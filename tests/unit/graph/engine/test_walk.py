from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.walking.owners import owned_below, owners_of, top_of
from services.graph.domain.walking.walk import walk_everything, walk_from, walk_namespaces
from tests.support.cluster import an_inventory, an_object
from tests.support.small_shop import shop_objects

WEB, CHECKOUT = Ref("Deployment", "shop", "web"), Ref("Deployment", "shop", "checkout")


def _names(walk, *, own):
    return {str(ref) for ref in walk.steps if (ref in walk.own) is own}


def test_a_deployment_owns_its_pods_and_what_serves_them_and_stands_near_what_it_calls():
    walk = walk_from(an_inventory(*shop_objects()), WEB)

    assert _names(walk, own=True) == {
        "Deployment shop/web",
        "ReplicaSet shop/web-7c9b",
        "Pod shop/web-7c9b-x1",
        "Service shop/web",
    }
    near = _names(walk, own=False)
    assert {"Node n1", "Namespace shop", "ServiceAccount shop/default", "Ingress shop/web"} <= near
    assert {"Service shop/checkout", "Pod shop/checkout-7c9b-x1", "Deployment shop/checkout"} <= near
    assert "Deployment shop/mail" not in near


def test_a_pod_stands_near_its_owners():
    walk = walk_from(an_inventory(*shop_objects()), Ref("Pod", "shop", "web-7c9b-x1"))

    assert walk.steps[WEB] == 2
    assert WEB not in walk.own


def test_a_service_is_made_of_its_slices_and_the_pods_it_selects():
    walk = walk_from(an_inventory(*shop_objects()), Ref("Service", "shop", "checkout"))

    assert {"EndpointSlice shop/checkout-s", "Pod shop/checkout-7c9b-x1", str(CHECKOUT)} <= _names(walk, own=True)


def test_an_ingress_is_made_of_its_services_and_their_pods():
    walk = walk_from(an_inventory(*shop_objects()), Ref("Ingress", "shop", "web"))

    assert {"Service shop/web", str(WEB)} <= _names(walk, own=True)


def test_a_stateful_set_stands_near_its_claims_and_their_class():
    more = an_object("StorageClass", "fast")
    walk = walk_from(an_inventory(*shop_objects(), more), Ref("StatefulSet", "shop", "orders"))

    assert {"PersistentVolumeClaim shop/data-orders-0", "StorageClass fast"} <= _names(walk, own=False)


def test_a_claim_stands_near_the_pods_that_wait_for_it():
    walk = walk_from(an_inventory(*shop_objects()), Ref("PersistentVolumeClaim", "shop", "data-orders-0"))

    assert {"Pod shop/orders-0", "StatefulSet shop/orders"} <= _names(walk, own=False)


def test_a_policy_is_followed_from_the_pods_it_selects_and_to_them_only_where_it_was_asked_about():
    policy = an_object("NetworkPolicy", "deny", spec={"podSelector": {}})
    inventory = an_inventory(*shop_objects(), policy)

    assert "NetworkPolicy shop/deny" in _names(walk_from(inventory, WEB), own=False)
    assert "Pod shop/mail-7c9b-x1" not in _names(walk_from(inventory, WEB), own=False)
    assert "Pod shop/mail-7c9b-x1" in _names(walk_from(inventory, policy.ref), own=True)


def test_a_namespace_is_all_that_is_in_it_and_a_cluster_everything():
    inventory = an_inventory(*shop_objects(), an_object("Pod", "p", "other"))

    assert Ref("Pod", "other", "p") not in walk_namespaces(inventory, ["shop"]).steps
    assert Ref("Node", None, "n1") in walk_namespaces(inventory, ["shop"]).steps
    assert Ref("Pod", "other", "p") in walk_everything(inventory).own


def test_a_target_that_was_not_seen_still_has_the_pods_that_name_it():
    objects = [thing for thing in shop_objects() if thing.KIND not in {"Deployment", "ReplicaSet"}]
    unread = dict.fromkeys(("Deployment", "ReplicaSet"), CoverageState.FORBIDDEN)
    inventory = an_inventory(*objects, unread=unread)

    assert [thing.ref.name for thing in owned_below(inventory, CHECKOUT)] == ["checkout-7c9b-x1"]
    assert Ref("Pod", "shop", "checkout-7c9b-x1") in walk_from(inventory, CHECKOUT).own


def test_an_owner_that_was_not_read_is_told_by_its_name_and_one_that_does_not_exist_is_not():
    pods = [thing for thing in shop_objects() if thing.KIND == "Pod"]
    pod = Ref("Pod", "shop", "checkout-7c9b-x1")

    hidden = an_inventory(*pods, unread={"ReplicaSet": CoverageState.FORBIDDEN})
    assert top_of(hidden, pod) == CHECKOUT
    gone = an_inventory(*pods)
    assert top_of(gone, pod) == Ref("ReplicaSet", "shop", "checkout-7c9b")


def test_owners_that_own_each_other_end_the_walk():
    first = an_object("Job", "a", metadata={"uid": "1", "ownerReferences": [_owner("b", "2")]})
    second = an_object("Job", "b", metadata={"uid": "2", "ownerReferences": [_owner("a", "1")]})
    inventory = an_inventory(first, second)

    assert [ref.name for ref in owners_of(inventory, first)] == ["b", "a"]
    assert walk_from(inventory, first.ref).own


def _owner(name, uid):
    return {"kind": "Job", "name": name, "uid": uid, "controller": True}


def test_what_a_policy_selects_and_the_services_leading_there_are_its_own():
    policy = an_object("NetworkPolicy", "deny", spec={"podSelector": {"matchLabels": {"app": "web"}}})
    pod = an_object("Pod", "web-1", metadata={"labels": {"app": "web"}})
    inventory = an_inventory(
        policy,
        pod,
        an_object("Pod", "db-1", metadata={"labels": {"app": "db"}}),
        an_object("Service", "web", spec={"selector": {"app": "web"}}),
        an_object("Service", "db", spec={"selector": {"app": "db"}}),
    )

    own = walk_from(inventory, policy.ref).own

    assert {pod.ref, Ref("Service", "shop", "web")} <= own
    assert Ref("Service", "shop", "db") not in own
