"""Refusals as API servers, clients and loggers write them."""

import pytest

from services.graph.domain.access.question import AccessQuestion
from services.graph.domain.access.refusals import parse_refusal
from services.graph.domain.k8s.shape import Ref

ROBOT = "system:serviceaccount:shop:robot"
LIST = f'pods is forbidden: User "{ROBOT}" cannot list resource "pods" in API group "" in the namespace "shop"'
PODS = AccessQuestion("list", "", "pods", "shop")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (LIST, PODS),
        (f"E1126 12:00:00.000000 1 reflector.go:205] failed to list *v1.Pod: {LIST}", PODS),
        (LIST.replace('"', r"\""), PODS),
        (f'{{"level":"error","msg":"{LIST}"}}'.replace(LIST, LIST.replace('"', r"\\\"")), PODS),
        (
            f'nodes is forbidden: User "{ROBOT}" cannot watch resource "nodes" in API group "" at the cluster scope',
            AccessQuestion("watch", "", "nodes"),
        ),
        (
            (
                f'pods "web-1" is forbidden: User "{ROBOT}" cannot get resource "pods/log" in API group ""'
                ' in the namespace "shop"'
            ),
            AccessQuestion("get", "", "pods", "shop", "web-1", "log"),
        ),
        (
            (
                f'deployments.apps "web" is forbidden: User "{ROBOT}" cannot patch resource "deployments"'
                ' in API group "apps" in the namespace "shop"'
            ),
            AccessQuestion("patch", "apps", "deployments", "shop", "web"),
        ),
        (
            f'forbidden: User "{ROBOT}" cannot get path "/metrics"',
            AccessQuestion("get", "", "", path="/metrics"),
        ),
        (f'pods is forbidden: User "{ROBOT}" cannot list pods in the namespace "shop"', PODS),
        (
            f'jobs.batch is forbidden: User "{ROBOT}" cannot list jobs.batch at the cluster scope',
            AccessQuestion("list", "batch", "jobs"),
        ),
    ],
)
def test_who_may_not_do_what_is_read(text, question):
    found = parse_refusal(text)

    assert (found.user, found.question, found.is_whole) == (ROBOT, question, True)


@pytest.mark.parametrize("cut", [' in the namespace "shop"', ' in API group "" in the namespace "shop"', '"shop"'])
def test_words_that_break_off_leave_the_scope_unknown(cut):
    found = parse_refusal(LIST.removesuffix(cut))

    assert (found.question.verb, found.question.resource, found.is_whole) == ("list", "pods", False)


def test_roles_the_server_misses_are_read():
    words = (
        ': RBAC: [role.rbac.authorization.k8s.io "a" not found, clusterrole.rbac.authorization.k8s.io "b" not found]'
    )

    assert parse_refusal(LIST + words).missing_roles == (Ref("Role", "shop", "a"), Ref("ClusterRole", None, "b"))
    assert parse_refusal(LIST).missing_roles == ()


def test_roles_that_another_refusal_misses_do_not_count():
    both = f'{LIST}: RBAC: role.rbac.authorization.k8s.io "a" not found\n{LIST}'
    both += ': RBAC: role.rbac.authorization.k8s.io "b" not found'

    assert parse_refusal(both).missing_roles == (Ref("Role", "shop", "a"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "INFO listed pods",
        'User "ann" cannot log in',
        "the User cannot list anything",
        'pods "web" is forbidden: exceeded quota: compute',
    ],
)
def test_other_words_are_no_refusal(text):
    assert parse_refusal(text) is None
