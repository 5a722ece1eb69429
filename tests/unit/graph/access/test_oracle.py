"""The evaluator against an oracle that knows no index and no shortcut, over worlds that Hypothesis makes up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.graph.domain.access.book import AccessBook
from services.graph.domain.access.question import AccessQuestion, group, service_account, user
from services.graph.domain.reading.coverage import CoverageState
from tests.support.cluster import an_inventory, an_object
from tests.support.rbac_oracle import is_allowed

NAMESPACES = st.sampled_from(["a", "b"])
PLACES = st.sampled_from(["a", "b", None])
NAMES = st.sampled_from(["x", "y"])
GROUPS = [
    "devs",
    "system:serviceaccounts",
    "system:serviceaccounts:a",
    "system:authenticated",
    "system:unauthenticated",
]
VERBS, API_GROUPS = st.sampled_from(["get", "list", "*"]), st.sampled_from(["", "apps", "*"])
RESOURCES = st.sampled_from(["pods", "pods/log", "*/log", "*", "pods/*", "jobs"])
PATHS = st.sampled_from(["*", "/a", "/a/*", "/a*", "/a/*/b", "/a**"])
WHO = st.one_of(
    st.builds(service_account, NAMESPACES, NAMES),
    st.builds(user, NAMES, st.frozensets(st.sampled_from([*GROUPS[:1], "ops"]), max_size=1)),
    st.builds(group, st.sampled_from(GROUPS)),
    st.just(user("system:anonymous")),
)


def some(values, least=0):
    return st.lists(values, min_size=least, max_size=2)


RULE = st.one_of(
    st.fixed_dictionaries(
        {"verbs": some(VERBS, 1), "apiGroups": some(API_GROUPS, 1), "resources": some(RESOURCES, 1)},
        optional={"resourceNames": st.one_of(st.none(), some(NAMES))},
    ),
    st.fixed_dictionaries({"verbs": some(VERBS, 1), "nonResourceURLs": some(PATHS, 1)}),
)
RULES = st.one_of(st.none(), some(RULE))
LABELS = st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["1", "2"]), max_size=2)
SELECTORS = some(st.fixed_dictionaries({"matchLabels": LABELS}))
SUBJECT = st.one_of(
    st.fixed_dictionaries({"kind": st.just("ServiceAccount"), "name": NAMES}, optional={"namespace": NAMESPACES}),
    st.fixed_dictionaries(
        {
            "kind": st.just("User"),
            "name": st.sampled_from(["x", "system:serviceaccount:a:x", "system:anonymous"]),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("Group"), "name": st.sampled_from(GROUPS)}),
)
BINDING = st.tuples(
    PLACES,
    st.fixed_dictionaries(
        {
            "subjects": st.one_of(st.none(), some(SUBJECT, 1)),
            "roleRef": st.fixed_dictionaries({"kind": st.sampled_from(["Role", "ClusterRole"]), "name": NAMES}),
        }
    ),
)
WISH = st.builds(
    AccessQuestion,
    verb=st.sampled_from(["get", "list", "create"]),
    group=st.sampled_from(["", "apps"]),
    resource=st.sampled_from(["pods", "jobs"]),
    namespace=PLACES,
    name=st.sampled_from(["", "x"]),
    subresource=st.sampled_from(["", "", "log"]),
    path=st.sampled_from(["", "", "", "/a", "/a/b", "/b"]),
)


@st.composite
def worlds(draw):
    world = {"Role": [], "ClusterRole": [], "RoleBinding": [], "ClusterRoleBinding": []}
    for namespace in ("a", "b"):
        for name in draw(st.sets(NAMES)):
            world["Role"].append({"metadata": {"name": name, "namespace": namespace}, "rules": draw(RULES)})
    for name in draw(st.sets(st.sampled_from(["x", "y", "z", "w"]))):
        role = {"metadata": {"name": name, "labels": draw(LABELS)}, "rules": draw(RULES)}
        if draw(st.booleans()):
            role["aggregationRule"] = {"clusterRoleSelectors": draw(SELECTORS)}
        world["ClusterRole"].append(role)
    for at, (namespace, binding) in enumerate(draw(st.lists(BINDING, min_size=1, max_size=4))):
        place = {"namespace": namespace} if namespace else {}
        kind = "RoleBinding" if namespace else "ClusterRoleBinding"
        world[kind].append({"metadata": {"name": f"b{at}", **place}, **binding})
    return world


def a_book(world, unread=None):
    objects = []
    for kind, things in world.items():
        for one in things:
            meta, rest = dict(one["metadata"]), {key: value for key, value in one.items() if key != "metadata"}
            objects.append(an_object(kind, meta.pop("name"), meta.get("namespace"), metadata=meta, **rest))
    return AccessBook(an_inventory(*objects, unread=unread))


def ask_oracle(world, who, wish):
    plain = {name: getattr(wish, name) for name in ("verb", "group", "resource", "namespace", "name")}
    asked = {**plain, "subresource": wish.subresource, "path": wish.path}
    return is_allowed(world, {"user": who.user, "groups": set(who.groups)}, asked)


@settings(max_examples=300, deadline=None)
@given(worlds(), WHO, WISH)
def test_it_answers_as_the_oracle(world, who, wish):
    state = a_book(world).can_i(who, wish).state

    assert state == ("allowed" if ask_oracle(world, who, wish) else "denied")


@settings(max_examples=120, deadline=None)
@given(worlds(), WHO, WISH, st.sets(st.sampled_from(["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"])))
def test_what_cannot_be_read_makes_no_answer_wrong(world, who, wish, hidden):
    state = a_book(world, dict.fromkeys(hidden, CoverageState.FORBIDDEN)).can_i(who, wish).state

    assert state in {"unknown", "allowed" if ask_oracle(world, who, wish) else "denied"}
    if not hidden:
        assert state != "unknown"


@settings(max_examples=120, deadline=None)
@given(worlds(), WHO, WISH)
def test_a_right_is_among_the_rights(world, who, wish):
    book = a_book(world)
    verdict = book.can_i(who, wish)

    rights = book.rights_of(who, None if wish.path else wish.namespace)

    if verdict.path:
        assert verdict.path in [path for _, path in rights.rules]
