"""Rules about rights: each finds its fault, and is silent about what is healthy."""

import pytest

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import rights
from services.graph.domain.rules.logs import RULES as LOG_RULES
from tests.support.cluster import an_object
from tests.support.rbac import a_binding, a_role, a_rule
from tests.support.rule_cases import World, a_pod, ago, an_event, deployed, ready, run_rule, running, waiting
from tests.support.rule_trials import Clean, Found, by_id, confidence, expect, expect_humble, try_rule

RULES = by_id(rights.RULES)
LACKING = RULES["right-lacking"]
FORBIDDEN = CoverageState.FORBIDDEN
OLD = {"creationTimestamp": ago(60)}
ROBOT = "system:serviceaccount:shop:robot"
LINE = f'pods is forbidden: User "{ROBOT}" cannot list resource "pods" in API group "" in the namespace "shop"'
EVERYWHERE = LINE.replace('in the namespace "shop"', "at the cluster scope")
account = an_object("ServiceAccount", "robot")
reader = a_role("reader", a_rule("get list"))
BROUGHT = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
system_reader = a_role("view", a_rule("get list"), namespace=None, metadata=BROUGHT)
admin = a_role(
    "cluster-admin",
    a_rule("*", "*", "*"),
    namespace=None,
    metadata=BROUGHT,
)
edit = a_role(
    "edit",
    a_rule("create", "pods/exec"),
    namespace=None,
    metadata=BROUGHT,
)

open_paths = a_role("h", a_rule("get", paths="/healthz"), namespace=None)


def bind(subject="sa:shop/robot", role="Role/reader", namespace="shop", **meta):
    return a_binding(subject, role, namespace=namespace, metadata={**OLD, **meta})


FAULTS = {
    "binding-role-missing": [
        Found([bind()], says="Role reader"),
        Found([bind(role="ClusterRole/reader"), reader], says="ClusterRole reader"),
        Found([bind(), a_role("reader", namespace="bank")], says="does not exist"),
        Found([bind(role="ClusterRole/x", namespace=None)], says="ClusterRole x"),
        Found([bind(), a_pod("p", spec={"serviceAccountName": "robot"})]),
    ],
    "rights-too-wide": [
        Found([bind(role="ClusterRole/cluster-admin", namespace=None), admin], says="may do everything"),
        Found([bind(role="ClusterRole/cluster-admin"), admin], says="in shop"),
        Found([bind("group:system:serviceaccounts", "ClusterRole/cluster-admin", None), admin]),
        Found([bind(role="ClusterRole/edit", namespace=None), edit], says="run commands"),
        Found([bind(), a_role("reader", a_rule("escalate", "roles", "rbac.authorization.k8s.io"))], says="escalate"),
        Found([bind(), a_role("reader", a_rule("impersonate", "serviceaccounts"))], says="act as"),
        Found([bind(), a_role("reader", a_rule("create", "serviceaccounts/token"))], says="tokens"),
        Found([bind(role="ClusterRole/k", namespace=None), a_role("k", a_rule("get", "nodes/proxy"), namespace=None)]),
    ],
    "rights-for-anybody": [
        Found([bind("user:system:anonymous"), reader], says="Whoever reaches"),
        Found([bind("group:system:unauthenticated"), reader]),
    ],
}
HEALTHY = {
    "binding-role-missing": [
        Clean("the role is there", [bind(), reader]),
        Clean("the roles could not be read", [bind()], {"Role": FORBIDDEN}),
        Clean("the roles were not read to the end", [bind()], {"Role": CoverageState.TRUNCATED}),
        Clean("the role may follow", [a_binding("sa:shop/robot", metadata={"creationTimestamp": ago(0.5)})]),
    ],
    "rights-too-wide": [
        Clean("it may read", [bind(), reader]),
        Clean("Kubernetes binds its own", [bind("group:system:masters", "ClusterRole/cluster-admin", None), admin]),
        Clean("it is the administrator of a namespace", [bind(role="ClusterRole/edit"), edit]),
        Clean("it is part of Kubernetes", [bind("sa:kube-system/x", "ClusterRole/cluster-admin", None), admin]),
        Clean("it is limited to a name", [bind(), a_role("reader", a_rule("bind", "roles", names="x"))]),
        Clean("the role could not be read", [bind(role="ClusterRole/cluster-admin")], {"ClusterRole": FORBIDDEN}),
    ],
    "rights-for-anybody": [
        Clean("everybody has a login", [bind("group:system:authenticated"), reader]),
        Clean(
            "only paths are open",
            [
                bind("group:system:unauthenticated", "ClusterRole/h", None),
                a_role("h", a_rule("get", paths="/healthz"), namespace=None),
            ],
        ),
    ],
}
ALL_FAULTS = [(name, trial) for name, trials in FAULTS.items() for trial in trials]
ALL_HEALTHY = [pytest.param(name, one, id=f"{name}: {one.why}") for name, trials in HEALTHY.items() for one in trials]


@pytest.mark.parametrize(("name", "trial"), ALL_FAULTS)
def test_a_fault_is_found(name, trial):
    expect(RULES[name], trial)


@pytest.mark.parametrize(("name", "trial"), ALL_HEALTHY)
def test_what_is_healthy_is_left_alone(name, trial):
    assert try_rule(RULES[name], trial.objects, trial.unread) == []


@pytest.mark.parametrize(("name", "trial"), ALL_FAULTS)
def test_nothing_is_claimed_of_what_cannot_be_read(name, trial):
    expect_humble(RULES[name], trial)


class Logged(World):
    def lines(self, pod, container, *, previous):
        return () if previous else self.logs.get((pod.name, container), ())


def a_controller(*objects, line=LINE, unread=None):
    """Return a pod that is ready, and whose program goes on in spite of what it was refused."""
    status = {"conditions": [ready()], "containerStatuses": [running()]}
    world = deployed(status, {"serviceAccountName": "robot"}, account, *objects, unread=unread)
    return Logged(world.objects, {("web-1", "web"): ("INFO started", line)}, world.unread)


NEAR = [
    # What is there, the line, whom to blame, what is said
    ([bind()], LINE, Ref("RoleBinding", "shop", "b"), "which does not exist"),
    ([bind(), a_role("reader", a_rule("get"))], LINE, Ref("Role", "shop", "reader"), "not the verb list"),
    ([bind(), a_role("reader", a_rule(groups="apps"))], LINE, Ref("Role", "shop", "reader"), "API group"),
    ([bind(), a_role("reader", a_rule(names="web"))], LINE, Ref("Role", "shop", "reader"), "limited to the names web"),
    (
        [bind(), reader],
        LINE.replace("cannot list", "cannot get").replace('resource "pods"', 'resource "pods/log"'),
        Ref("Role", "shop", "reader"),
        "not pods/log",
    ),
    (
        [bind(namespace="bank", role="ClusterRole/view"), system_reader],
        LINE,
        Ref("RoleBinding", "bank", "b"),
        "bank only",
    ),
    ([bind(), reader], EVERYWHERE, Ref("RoleBinding", "shop", "b"), "the whole cluster"),
    ([bind("sa:bank/robot"), reader], LINE, Ref("RoleBinding", "shop", "b"), "of bank, which does not exist"),
    ([bind("user:robot"), reader], LINE, Ref("RoleBinding", "shop", "b"), "a User robot"),
    (
        [bind("sa:/robot", "ClusterRole/view", None), system_reader],
        LINE,
        Ref("ClusterRoleBinding", None, "b"),
        "without its namespace",
    ),
    (
        [bind(role="ClusterRole/view"), system_reader],
        LINE.replace("cannot list", "cannot delete"),
        Ref("RoleBinding", "shop", "b"),
        "not the verb delete",
    ),
]


@pytest.mark.parametrize(("objects", "line", "culprit", "says"), NEAR)
def test_what_nearly_gives_a_right_is_to_blame_for_a_refusal(objects, line, culprit, says):
    (hit,) = run_rule(LACKING, a_controller(*objects, line=line))

    assert hit.subject == Ref("Pod", "shop", "web-1")
    assert hit.culprit == culprit
    assert says in hit.summary
    assert hit.seen[0].lines == (line,)
    assert confidence(LACKING, hit) < 1


@pytest.mark.parametrize(("objects", "line", "culprit", "says"), NEAR)
def test_so_it_is_for_a_container_that_crashes_of_it(objects, line, culprit, says):
    status = {"conditions": [ready(yes=False)], "containerStatuses": [waiting("CrashLoopBackOff")]}
    world = deployed(status, {}, account, *objects, logs={"web": (line,)})
    rule = next(one for one in LOG_RULES if one.id == "log-kubernetes-forbidden")

    (hit,) = run_rule(rule, world)

    assert hit.culprit == culprit
    assert says in hit.summary


def test_loggers_may_quote_the_refusal():
    line = '{"level":"error","error":"' + LINE.replace("cannot list", "cannot get").replace('"', r"\"") + '"}'
    status = {"conditions": [ready(yes=False)], "containerStatuses": [waiting("CrashLoopBackOff")]}
    rule = next(one for one in LOG_RULES if one.id == "log-kubernetes-forbidden")

    (hit,) = run_rule(rule, deployed(status, {}, account, bind(), logs={"web": (line,)}))

    assert hit.culprit == Ref("RoleBinding", "shop", "b")


@pytest.mark.parametrize(
    "objects",
    [
        [bind(), reader],
        [],
        [bind("sa:bank/robot"), reader, an_object("ServiceAccount", "robot", "bank")],
        [bind("sa:shop/other"), reader],
    ],
    ids=["by now it may", "nobody meant it to", "the other account is there", "it is meant for another"],
)
def test_a_refusal_that_nothing_nearly_allows_is_nobodys_fault(objects):
    assert run_rule(LACKING, a_controller(*objects)) == []


def test_everyday_lines_are_no_refusal():
    assert run_rule(LACKING, a_controller(bind(), line="INFO cannot complain")) == []


@pytest.mark.parametrize("kind", ["Role", "RoleBinding"])
def test_roles_and_bindings_that_could_not_be_read_are_not_blamed(kind):
    assert run_rule(LACKING, a_controller(bind(), unread={kind: FORBIDDEN})) == []


def test_a_role_the_server_calls_missing_is_missing_whoever_may_not_read_roles():
    line = f'{LINE}: RBAC: role.rbac.authorization.k8s.io "reader" not found'

    (hit,) = run_rule(LACKING, a_controller(bind(), line=line, unread={"Role": FORBIDDEN}))

    assert hit.culprit == Ref("RoleBinding", "shop", "b")


def test_an_event_tells_of_a_refusal_too():
    scaler = an_object("HorizontalPodAutoscaler", "web")
    told = LINE.replace('API group ""', 'API group "metrics.k8s.io"')
    event = an_event(scaler.ref, "FailedGetResourceMetric", f"unable to fetch metrics: {told}")

    (hit,) = run_rule(LACKING, World([scaler, event, bind(), account, reader]))

    assert (hit.subject, hit.culprit) == (scaler.ref, Ref("Role", "shop", "reader"))


def test_an_event_about_a_quota_is_no_refusal():
    scaler = an_object("HorizontalPodAutoscaler", "web")
    event = an_event(scaler.ref, "FailedCreate", 'pods "web" is forbidden: exceeded quota: compute')

    assert run_rule(LACKING, World([scaler, event, bind(), account])) == []


def test_an_account_that_may_be_there_is_not_called_absent():
    assert run_rule(LACKING, a_controller(bind("sa:bank/robot"), reader, unread={"ServiceAccount": FORBIDDEN})) == []


def test_a_line_that_is_written_again_and_again_is_told_once():
    world = a_controller(bind())
    world = Logged(world.objects, {("web-1", "web"): (LINE,) * 50}, world.unread)

    assert len(run_rule(LACKING, world)) == 1
