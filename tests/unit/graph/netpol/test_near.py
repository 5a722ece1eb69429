"""Reach among the neighbours: one pod speaks for its workload, and only what a policy decides is drawn."""

from services.graph.domain.netpol.near import MOST_WORKLOADS, reach_among
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.topology.graph import EdgeState
from tests.support.cluster import an_inventory, an_object
from tests.support.cluster_parts import owned_by


def a_workload(name, pods=1, namespace="shop"):
    """Return a ReplicaSet with its pods."""
    owner = an_object("ReplicaSet", name, namespace)
    labels = {"labels": {"app": name}, **owned_by(owner)}
    return [owner, *(an_object("Pod", f"{name}-{n}", namespace, metadata=labels) for n in range(pods))]


def a_policy(name="deny", app="db", ingress=None, namespace="shop"):
    spec = {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"], "ingress": ingress or []}
    return an_object("NetworkPolicy", name, namespace, spec=spec)


def states(reach):
    return {(edge.source.name, edge.target.name): edge.state for edge in reach.edges}


def reach_of(*objects, unread=None):
    inventory = an_inventory(*objects, unread=unread)
    return reach_among(inventory, [thing.ref for thing in objects])


def test_where_no_policy_has_a_say_nothing_is_drawn():
    assert reach_of(*a_workload("web", 3), *a_workload("db")).edges == ()


def test_a_default_deny_is_proven_for_who_is_shut_out_and_not_for_the_way_out():
    reach = reach_of(*a_workload("web"), *a_workload("db"), a_policy())

    assert states(reach) == {("web-0", "db-0"): EdgeState.ABSENT}
    assert reach.edges[0].provenance.ref.name == "deny"


def test_a_policy_that_lets_one_in_shows_who_may_and_who_may_not():
    lets_web = [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]
    reach = reach_of(*a_workload("web"), *a_workload("cron"), *a_workload("db"), a_policy(ingress=lets_web))

    assert states(reach) == {("web-0", "db-0"): EdgeState.PRESENT, ("cron-0", "db-0"): EdgeState.ABSENT}


def test_policies_that_could_not_be_read_leave_it_unknown():
    reach = reach_of(*a_workload("web"), *a_workload("db"), unread={"NetworkPolicy": CoverageState.FORBIDDEN})

    assert set(states(reach).values()) == {EdgeState.UNKNOWN}


def test_five_hundred_pods_of_a_workload_are_one_to_every_policy():
    reach = reach_of(*a_workload("web", 500), *a_workload("db"), a_policy())

    assert len(reach.edges) == 1
    assert (reach.spoken_for, reach.left_out) == (499, 0)


def test_more_workloads_than_can_be_looked_at_are_left_out_and_counted():
    many = [thing for n in range(MOST_WORKLOADS + 5) for thing in a_workload(f"w{n}")]
    reach = reach_of(*many, a_policy(app="w0"))

    assert len(reach.edges) == MOST_WORKLOADS - 1
    assert reach.left_out == 5


def test_pods_that_have_ended_reach_nobody():
    done = an_object("Pod", "done", "shop", metadata={"labels": {"app": "db"}}, status={"phase": "Succeeded"})

    assert reach_of(*a_workload("web"), done, a_policy()).edges == ()
