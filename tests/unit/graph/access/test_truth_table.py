"""The truth table of RBAC, row by row as the API server's authorizer decides."""

import pytest

from services.graph.domain.access.book import AccessBook
from services.graph.domain.access.question import AccessQuestion, group, service_account, user
from services.graph.domain.reading.coverage import CoverageState
from tests.support.cluster import an_inventory
from tests.support.rbac import a_binding, a_role, a_rule

ROBOT = service_account("shop", "robot")


def ask(verb="list", group_="", resource="pods", namespace="shop", **more):
    return AccessQuestion(verb, group_, resource, namespace, **more)


def state(objects, who, question, unread=None):
    return str(AccessBook(an_inventory(*objects, unread=unread)).can_i(who, question).state)


RULES = [
    ("the rule says it", a_rule(), ask(), True),
    ("another verb", a_rule("get"), ask(), False),
    ("one verb of several", a_rule("get list"), ask(), True),
    ("every verb", a_rule("*"), ask("deletecollection"), True),
    ("a verb of a prefix", a_rule("get*"), ask("get"), False),
    ("verbs count by case", a_rule("List"), ask(), False),
    ("no verb", a_rule(""), ask(), False),
    ("asking for every verb needs every verb", a_rule("list get watch"), ask("*"), False),
    ("every verb answers for every verb", a_rule("*"), ask("*"), True),
    ("another resource", a_rule(resources="services"), ask(), False),
    ("every resource", a_rule(resources="*"), ask(), True),
    ("every resource has its subresources", a_rule(resources="*"), ask(subresource="log"), True),
    ("a resource has no subresources", a_rule(resources="pods"), ask(subresource="log"), False),
    ("a subresource is not its resource", a_rule(resources="pods/log"), ask(), False),
    ("a subresource by name", a_rule(resources="pods/log"), ask(subresource="log"), True),
    ("another subresource", a_rule(resources="pods/log"), ask(subresource="exec"), False),
    ("a subresource of everything", a_rule(resources="*/log"), ask(subresource="log"), True),
    ("a subresource of everything is not the resource", a_rule(resources="*/log"), ask(), False),
    ("a subresource of everything by its end only", a_rule(resources="*/og"), ask(subresource="log"), False),
    ("all subresources of one resource cannot be said", a_rule(resources="pods/*"), ask(subresource="log"), False),
    ("all subresources cannot be said", a_rule(resources="*/*"), ask(subresource="log"), False),
    ("scale of everything", a_rule("update", "*/scale", "apps"), ask("update", "apps", "x", subresource="scale"), True),
    ("no resource", a_rule(resources=""), ask(), False),
    ("another group", a_rule(groups="apps"), ask(), False),
    ("the core group is not every group", a_rule(resources="deployments"), ask("list", "apps", "deployments"), False),
    ("every group", a_rule(resources="deployments", groups="*"), ask("list", "apps", "deployments"), True),
    ("every group has the core", a_rule(groups="*"), ask(), True),
    (
        "one group of several",
        a_rule(resources="deployments", groups="core apps"),
        ask("list", "apps", "deployments"),
        True,
    ),
    ("no group", a_rule(groups=""), ask(), False),
    ("one name", a_rule("get", names="web"), ask("get", name="web"), True),
    ("another name", a_rule("get", names="web"), ask("get", name="db"), False),
    ("one name of several", a_rule("get", names="web db"), ask("get", name="db"), True),
    ("a list has no name", a_rule(names="web"), ask(), False),
    ("a list of one name has it", a_rule(names="web"), ask(name="web"), True),
    ("a watch has no name", a_rule("watch", names="web"), ask("watch"), False),
    ("a watch of one name has it", a_rule("watch", names="web"), ask("watch", name="web"), True),
    ("a create has no name yet", a_rule("create", names="web"), ask("create"), False),
    ("a deletecollection has no name", a_rule("deletecollection", names="web"), ask("deletecollection"), False),
    ("names have no wildcard", a_rule("get", names="*"), ask("get", name="web"), False),
    ("no names are all names", a_rule("get"), ask("get", name="web"), True),
    (
        "names count for subresources",
        a_rule("get", "pods/log", names="web"),
        ask("get", name="db", subresource="log"),
        False,
    ),
    ("paths are no resources", a_rule("list", paths="*"), ask(), False),
]
PATHS = [
    ("the path", a_rule("get", paths="/metrics"), "/metrics", True),
    ("another path", a_rule("get", paths="/metrics"), "/healthz", False),
    ("a path below", a_rule("get", paths="/healthz"), "/healthz/ping", False),
    ("every path", a_rule("get", paths="*"), "/metrics", True),
    ("all below", a_rule("get", paths="/healthz/*"), "/healthz/ping", True),
    ("all below is not itself", a_rule("get", paths="/healthz/*"), "/healthz", False),
    ("all that begins so", a_rule("get", paths="/health*"), "/healthz", True),
    ("several stars are one", a_rule("get", paths="/health**"), "/healthz", True),
    ("a star within is a star", a_rule("get", paths="/a/*/c"), "/a/b/c", False),
    ("another verb of a path", a_rule("post", paths="/metrics"), "/metrics", False),
    ("every verb of a path", a_rule("*", paths="/metrics"), "/metrics", True),
    ("every resource is no path", a_rule("*", "*", "*"), "/metrics", False),
]
REACH = [
    # subject, namespace of the binding, who, namespace asked, expected
    ("sa:shop/robot", "shop", ROBOT, "shop", True),
    ("sa:shop/robot", "shop", ROBOT, "bank", False),
    ("sa:shop/robot", "shop", ROBOT, None, False),
    ("sa:shop/robot", None, ROBOT, "bank", True),
    ("sa:shop/robot", None, ROBOT, None, True),
    ("sa:shop/robot", "bank", ROBOT, "bank", True),
    ("sa:/robot", "shop", ROBOT, "shop", True),
    ("sa:/robot", "bank", ROBOT, "bank", False),
    ("sa:/robot", None, ROBOT, "shop", False),
    ("sa:bank/robot", "shop", ROBOT, "shop", False),
    ("sa:shop/other", "shop", ROBOT, "shop", False),
    ("user:system:serviceaccount:shop:robot", "shop", ROBOT, "shop", True),
    ("user:robot", "shop", ROBOT, "shop", False),
    ("group:robot", "shop", ROBOT, "shop", False),
    ("group:system:serviceaccounts", None, ROBOT, "shop", True),
    ("group:system:serviceaccounts:shop", None, ROBOT, "bank", True),
    ("group:system:serviceaccounts:bank", None, ROBOT, "bank", False),
    ("group:system:authenticated", "shop", ROBOT, "shop", True),
    ("group:system:unauthenticated", "shop", ROBOT, "shop", False),
    ("user:system:anonymous", "shop", user("system:anonymous"), "shop", True),
    ("group:system:unauthenticated", "shop", user("system:anonymous"), "shop", True),
    ("group:system:authenticated", "shop", user("system:anonymous"), "shop", False),
    ("user:ann", "shop", user("ann", frozenset()), "shop", True),
    ("user:bob", "shop", user("ann", frozenset()), "shop", False),
    ("group:devs", "shop", user("ann", frozenset({"devs"})), "shop", True),
    ("group:devs", "shop", user("ann", frozenset({"ops"})), "shop", False),
    ("group:system:authenticated", "shop", user("ann", frozenset()), "shop", True),
    ("sa:shop/robot", "shop", user("system:serviceaccount:shop:robot"), "shop", True),
    ("group:system:serviceaccounts", "shop", user("system:serviceaccount:shop:robot"), "shop", True),
    ("group:devs", "shop", group("devs"), "shop", True),
    ("user:devs", "shop", group("devs"), "shop", False),
    ("group:system:serviceaccounts", "shop", group("system:serviceaccounts:shop"), "shop", True),
    ("group:nobody", "shop", group("system:masters"), None, True),
    ("user:bob sa:shop/robot", "shop", ROBOT, "shop", True),
]


@pytest.mark.parametrize(("rule", "question", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_one_rule_about_resources(rule, question, expected):
    objects = [a_binding("sa:shop/robot"), a_role("reader", rule)]

    assert state(objects, ROBOT, question) == ("allowed" if expected else "denied")


@pytest.mark.parametrize(("rule", "path", "expected"), [row[1:] for row in PATHS], ids=[row[0] for row in PATHS])
def test_one_rule_about_paths(rule, path, expected):
    verb = AccessQuestion("get", "", "", path=path)
    objects = [a_binding("sa:shop/robot", "ClusterRole/r", namespace=None), a_role("r", rule, namespace=None)]

    assert state(objects, ROBOT, verb) == ("allowed" if expected else "denied")


@pytest.mark.parametrize(("subject", "bound_in", "who", "asked_in", "expected"), REACH)
def test_one_binding(subject, bound_in, who, asked_in, expected):
    objects = [a_binding(subject, "ClusterRole/r", namespace=bound_in), a_role("r", a_rule(), namespace=None)]

    assert state(objects, who, ask(namespace=asked_in)) == ("allowed" if expected else "denied")


@pytest.mark.parametrize(
    ("role_ref", "bound_in", "role_in", "expected"),
    [
        ("Role/r", "shop", "shop", True),
        ("Role/r", "shop", "bank", False),
        ("Role/r", "shop", None, False),
        ("ClusterRole/r", "shop", None, True),
        ("ClusterRole/r", "shop", "shop", False),
        ("ClusterRole/r", None, None, True),
        ("Role/r", None, "shop", False),
        ("Role/other", "shop", "shop", False),
        ("Group/r", "shop", "shop", False),
    ],
)
def test_the_kind_and_place_of_the_role_count(role_ref, bound_in, role_in, expected):
    objects = [a_binding("sa:shop/robot", role_ref, namespace=bound_in), a_role("r", a_rule(), namespace=role_in)]

    assert state(objects, ROBOT, ask()) == ("allowed" if expected else "denied")


def test_paths_are_given_for_the_whole_cluster_only():
    objects = [a_binding("sa:shop/robot", "ClusterRole/r"), a_role("r", a_rule("get", paths="*"), namespace=None)]

    assert state(objects, ROBOT, AccessQuestion("get", "", "", "shop", path="/metrics")) == "denied"


def a_gatherer(*selectors, name="sum", rules=(), **metadata):
    aggregation = {"clusterRoleSelectors": list(selectors)}
    return a_role(name, *rules, namespace=None, aggregationRule=aggregation, metadata=metadata)


def a_part(name="part", **labels):
    return a_role(name, a_rule(), namespace=None, metadata={"labels": labels})


TO_SUM = {"matchLabels": {"to": "sum"}}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([a_gatherer(TO_SUM), a_part(to="sum")], True),
        ([a_gatherer(TO_SUM), a_part(to="other")], False),
        ([a_gatherer(TO_SUM), a_part()], False),
        ([a_gatherer({}), a_part()], True),
        ([a_gatherer(), a_part()], False),
        ([a_gatherer({"matchExpressions": [{"key": "to", "operator": "Exists"}]}), a_part(to="x")], True),
        ([a_gatherer({"matchLabels": {"a": "b"}}, TO_SUM), a_part(to="sum")], True),
        (
            [
                a_gatherer(TO_SUM),
                a_gatherer({"matchLabels": {"to": "mid"}}, name="mid", labels={"to": "sum"}),
                a_part(to="mid"),
            ],
            True,
        ),
        ([a_gatherer(TO_SUM, labels={"to": "sum"})], False),
        ([a_gatherer(TO_SUM, rules=[a_rule()])], True),
        ([a_role("sum", namespace=None), a_part(to="sum")], False),
    ],
)
def test_roles_that_gather_others(roles, expected):
    objects = [a_binding("sa:shop/robot", "ClusterRole/sum"), *roles]

    assert state(objects, ROBOT, ask()) == ("allowed" if expected else "denied")


def test_the_way_to_a_right_is_told():
    objects = [
        a_binding("group:system:serviceaccounts", "ClusterRole/sum"),
        a_gatherer(TO_SUM),
        a_role("part", a_rule("get"), a_rule(), namespace=None, metadata={"labels": {"to": "sum"}}),
    ]

    path = AccessBook(an_inventory(*objects)).can_i(ROBOT, ask()).path

    told = str(path.binding), str(path.role), str(path.holder), path.field_path
    assert told == ("RoleBinding shop/b", "ClusterRole sum", "ClusterRole part", "rules[1]")


GIVEN = [a_binding("sa:shop/robot"), a_role("reader", a_rule())]
BAD = (CoverageState.FORBIDDEN, CoverageState.PARTIAL, CoverageState.TRUNCATED, CoverageState.MISSING)


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding", "Role"])
def test_a_no_needs_all_that_counts_to_be_read(kind, how):
    objects = [a_binding("sa:shop/robot")]

    assert state(objects, ROBOT, ask(), {kind: how}) == "unknown"


@pytest.mark.parametrize("kind", ["ClusterRoleBinding", "ClusterRole", "ServiceAccount"])
def test_a_yes_is_certain_whatever_else_was_not_read(kind):
    assert state(GIVEN, ROBOT, ask(), {kind: CoverageState.FORBIDDEN}) == "allowed"


def test_roles_nobody_gives_them_need_not_be_read():
    assert state(GIVEN, ROBOT, ask("get"), {"ClusterRole": CoverageState.FORBIDDEN}) == "denied"


def test_bindings_of_namespaces_do_not_count_for_the_whole_cluster():
    assert state(GIVEN, ROBOT, ask(namespace=None), {"RoleBinding": CoverageState.FORBIDDEN}) == "denied"


def test_a_role_that_gathers_others_needs_all_of_them():
    objects = [a_binding("sa:shop/robot", "ClusterRole/sum"), a_gatherer(TO_SUM)]

    assert state(objects, ROBOT, ask(), {"ClusterRole": CoverageState.TRUNCATED}) == "unknown"


@pytest.mark.parametrize("who", [user("ann"), user("ann", frozenset({"system:nodes"}))])
def test_what_comes_with_credentials_or_from_other_authorizers_is_not_known(who):
    assert state(GIVEN, who, ask()) == "unknown"


def test_rights_are_all_that_is_given_in_a_place():
    book = AccessBook(an_inventory(*GIVEN))

    assert [path.field_path for _, path in book.rights_of(ROBOT, "shop").rules] == ["rules[0]"]
    assert book.rights_of(ROBOT).rules == ()
    assert book.rights_of(ROBOT, "shop").is_complete


def test_a_role_that_gathers_itself_gives_its_rules_once():
    objects = [
        a_binding("sa:shop/robot", "ClusterRole/sum"),
        a_gatherer(TO_SUM, rules=[a_rule()], labels={"to": "sum"}),
    ]

    assert len(AccessBook(an_inventory(*objects)).rights_of(ROBOT, "shop").rules) == 1


def test_a_role_for_the_whole_cluster_is_nothing_whether_or_not_roles_can_be_read():
    objects = [a_binding("sa:shop/robot", "Role/r", namespace=None)]

    assert state(objects, ROBOT, ask(), {"Role": CoverageState.FORBIDDEN}) == "denied"
