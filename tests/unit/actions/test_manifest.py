"""`deploy/k8s/actions-worker.yaml` is what kubectl takes, and grants nothing by a wildcard or a slip."""

from pathlib import Path

import pytest

from services.actions.domain.kinds import BUILT_IN
from tests.support.rbac_manifest import documents_of

MANIFEST = Path(__file__).parents[3] / "deploy" / "k8s" / "actions-worker.yaml"
DOCUMENTS = documents_of(MANIFEST)
API = {
    "ServiceAccount": "v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
}
MEMBERS = {
    "ServiceAccount": set(),
    "ClusterRole": {"rules"},
    "RoleBinding": {"roleRef", "subjects"},
    "ClusterRoleBinding": {"roleRef", "subjects"},
}
IS_NAMESPACED = {"ServiceAccount", "RoleBinding"}
# With these an account makes itself a greater one, or reads what nothing of ours has to.
NEVER = {"secrets", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "serviceaccounts",
         "serviceaccounts/token", "pods/exec", "pods/attach", "pods/portforward", "nodes/proxy"}  # fmt: skip
SUBRESOURCES = {"deployments/scale", "replicasets/scale", "statefulsets/scale", "replicationcontrollers/scale",
                "pods/eviction"}  # fmt: skip
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: f"{one['kind']}/{one['metadata']['name']}")


def of_kind(*kinds):
    return [one for one in DOCUMENTS if one["kind"] in kinds]


ROLES = of_kind("ClusterRole")
BINDINGS = of_kind("RoleBinding", "ClusterRoleBinding")
RULES = [(role["metadata"]["name"], rule) for role in ROLES for rule in role["rules"]]


@EACH
def test_it_has_the_members_of_its_kind_and_no_others(document):
    assert document["apiVersion"] == API[document["kind"]]
    assert set(document) == {"apiVersion", "kind", "metadata"} | MEMBERS[document["kind"]]
    assert set(document["metadata"]) - {"namespace"} == {"name", "labels"}
    assert ("namespace" in document["metadata"]) is (document["kind"] in IS_NAMESPACED)


def test_no_two_have_the_same_name():
    names = [(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in DOCUMENTS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("binding", BINDINGS, ids=lambda one: one["metadata"]["name"])
def test_a_binding_gives_a_role_that_is_there_to_the_account_that_is_there(binding):
    (account,) = of_kind("ServiceAccount")

    assert set(binding["roleRef"]) == {"apiGroup", "kind", "name"}
    assert binding["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
    assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in {
        (role["kind"], role["metadata"]["name"]) for role in ROLES
    }
    wanted = {key: account["metadata"][key] for key in ("name", "namespace")}
    assert binding["subjects"] == [{"kind": "ServiceAccount", **wanted}]


@pytest.mark.parametrize("role", ROLES, ids=lambda one: one["metadata"]["name"])
def test_only_the_role_of_nodes_is_granted_in_the_whole_cluster(role):
    name = role["metadata"]["name"]
    (kind,) = {one["kind"] for one in BINDINGS if one["roleRef"]["name"] == name}

    assert kind == ("ClusterRoleBinding" if name == "faultline-actions-nodes" else "RoleBinding")


@pytest.mark.parametrize(
    "rule", [rule for _, rule in RULES], ids=[f"{role}-{at}" for at, (role, _) in enumerate(RULES)]
)
def test_a_rule_names_what_it_grants_one_by_one(rule):
    assert set(rule) == {"apiGroups", "resources", "verbs"}
    assert all(isinstance(text, str) for part in rule.values() for text in part)
    assert set(rule["verbs"]) <= {"get", "list", "create", "patch", "delete"}
    assert not NEVER & set(rule["resources"])
    (group,) = rule["apiGroups"]
    served = {kind.plural for kind in BUILT_IN if kind.group == group}
    for resource in rule["resources"]:
        assert resource.partition("/")[0] in served
        assert "/" not in resource or resource in SUBRESOURCES


def test_no_right_stands_in_two_rules_of_a_role():
    rights = [
        (role, *rule["apiGroups"], resource, verb)
        for role, rule in RULES
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]

    assert len(set(rights)) == len(rights)
