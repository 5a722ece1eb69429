"""The stand-in answers as real API servers were seen to: what stands on it is only worth as much."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.support.kube_api import READER, RULES, TOKEN, serve_kube_api
from tests.support.kube_rights import Rights, Rule, all_rights, no_rights, rights_in
from tests.support.kube_world import Place, a_world, read_world


def ask(api, path, body=None, token=TOKEN):
    request = Request(  # noqa: S310 - the server of the test.
        api.url + path, data=body and json.dumps(body).encode(), headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - the same.
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def ask_json(api, path, body=None, token=TOKEN):
    status, text = ask(api, path, body, token)
    return status, json.loads(text)


@pytest.mark.parametrize(
    ("path", "message", "details"),
    [
        (
            "/api/v1/pods?limit=500",
            f'pods is forbidden: User "{READER}" cannot list resource "pods" in API group "" at the cluster scope',
            {"kind": "pods"},
        ),
        (
            "/apis/apps/v1/namespaces/shop/deployments",
            (
                f'deployments.apps is forbidden: User "{READER}" cannot list resource "deployments" '
                'in API group "apps" in the namespace "shop"'
            ),
            {"group": "apps", "kind": "deployments"},
        ),
        (
            "/api/v1/namespaces/shop/pods/web/log?container=app",
            (
                f'pods "web" is forbidden: User "{READER}" cannot get resource "pods/log" '
                'in API group "" in the namespace "shop"'
            ),
            {"name": "web", "kind": "pods"},
        ),
        (
            "/api/v1/namespaces/shop",
            (
                f'namespaces "shop" is forbidden: User "{READER}" cannot get resource "namespaces" '
                'in API group "" in the namespace "shop"'
            ),
            {"name": "shop", "kind": "namespaces"},
        ),
    ],
)
def test_a_refusal_names_user_verb_resource_and_scope_and_hides_what_exists(path, message, details):
    with serve_kube_api(a_world(), no_rights()) as api:
        status, body = ask_json(api, path)
    assert (status, body["kind"], body["reason"], body["code"]) == (403, "Status", "Forbidden", 403)
    assert body["message"] == message
    assert body["details"] == details


def test_who_is_not_known_is_told_so():
    with serve_kube_api(a_world(), all_rights()) as api:
        assert ask_json(api, "/api/v1/pods", token="another")[0] == 401


def test_who_has_the_right_learns_what_does_not_exist():
    with serve_kube_api(a_world(), all_rights()) as api:
        status, body = ask_json(api, "/apis/apps/v1/namespaces/shop/deployments/web")
        assert (status, body["message"]) == (404, 'deployments.apps "web" not found')
        assert body["details"] == {"name": "web", "group": "apps", "kind": "deployments"}
        assert ask(api, "/apis/no.such/v1/things") == (404, b"404 page not found\n")


def test_pages_tell_how_much_remains():
    world = a_world()
    for number in range(5):
        world.add("Node", f"node-{number}")
    with serve_kube_api(world) as api:
        _, first = ask_json(api, "/api/v1/nodes?limit=3")
        _, second = ask_json(api, f"/api/v1/nodes?limit=3&continue={first['metadata']['continue']}")
        _, whole = ask_json(api, "/api/v1/nodes?limit=3&resourceVersion=0")
    assert (first["kind"], len(first["items"]), first["metadata"]["remainingItemCount"]) == ("NodeList", 3, 2)
    assert (len(second["items"]), "continue" in second["metadata"]) == (2, False)
    assert len(whole["items"]) == 5


def test_an_account_learns_its_own_rules_in_a_namespace():
    rights = Rights((*rights_in("shop").rules, Rule(("get",), ("",), ("secrets",), "shop", ("keys",))))
    with serve_kube_api(a_world(), rights) as api:
        status, body = ask_json(api, RULES, {"spec": {"namespace": "shop"}})
        _, elsewhere = ask_json(api, RULES, {"spec": {"namespace": "bank"}})
    assert status == 201
    assert body["status"]["resourceRules"][1]["resourceNames"] == ["keys"]
    assert elsewhere["status"] == {"resourceRules": [], "nonResourceRules": [], "incomplete": False}


def test_nothing_is_written():
    with serve_kube_api(a_world(), all_rights()) as api:
        assert ask_json(api, "/api/v1/namespaces/shop/pods", {"metadata": {"name": "new"}})[0] == 405


def test_a_folder_of_lists_and_logs_is_served(tmp_path):
    lists, logs = tmp_path / "lists", tmp_path / "logs" / "shop" / "web"
    (lists / "api" / "v1").mkdir(parents=True)
    (lists / "apis" / "example.org" / "v2").mkdir(parents=True)
    logs.mkdir(parents=True)
    pods = {"kind": "PodList", "items": [{"metadata": {"name": "web", "namespace": "shop"}}]}
    (lists / "api" / "v1" / "pods.json").write_text(json.dumps(pods))
    (lists / "apis" / "example.org" / "v2" / "boxes.json").write_text('{"kind": "BoxList", "items": null}')
    (logs / "app.200").write_text("one\ntwo\n")
    (logs / "app.previous.400").write_text('{"message": "previous terminated container \\"app\\" not found"}')
    with serve_kube_api(read_world(tmp_path)) as api:
        assert ask_json(api, "/apis/example.org/v2/boxes")[1]["kind"] == "BoxList"
        assert ask(api, "/api/v1/namespaces/shop/pods/web/log?container=app&tailLines=1") == (200, b"two\n")
        status, body = ask_json(api, "/api/v1/namespaces/shop/pods/web/log?container=app&previous=true")
    assert (status, body["message"]) == (400, 'previous terminated container "app" not found')
    assert Place("example.org", "v2", "boxes") in api.world.lists
