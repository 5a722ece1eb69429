"""Credentials of every sort that a kubeconfig holds, against a server that knows whom it lets in."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from services.graph.adapters.kube_config import Account, NoCluster
from services.graph.adapters.live_cluster import find_namespace, list_contexts, open_live_cluster
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import get_kind
from services.graph.ports import Limits
from tests.support.kube_api import Account as KubeAccount
from tests.support.kube_api import serve_kube_api
from tests.support.kube_config_file import exec_user, write_kubeconfig
from tests.support.kube_rights import all_rights
from tests.support.kube_world import a_world
from tests.support.tls_proxy import make_certificate, tls_before

POD = get_kind("Pod")
SECRET = "a-token-that-nobody-may-see"


@pytest.fixture
def api():
    with serve_kube_api(a_world(), all_rights()) as api:
        api.accounts = {SECRET: KubeAccount("reader", all_rights())}
        yield api


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kubeconfig"


@pytest.fixture
def opened():
    sources = []

    def open_one(*arguments):
        sources.append(open_live_cluster(*arguments))
        return sources[-1]

    yield open_one
    for source in sources:
        source.close()


def read(source):
    return source.read_kind(POD, None, Limits(seconds=10)).coverage


def a_plugin(folder, token):
    """Write a credential plugin that prints what the file ``token`` holds, and notes each time that it runs."""
    (folder / "token").write_text(token)
    plugin = folder / "plugin"
    plugin.write_text(f"""#!{sys.executable}
import json, pathlib
folder = pathlib.Path({str(folder)!r})
with (folder / "runs").open("a") as runs:
    runs.write("x")
status = {{"token": (folder / "token").read_text()}}
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}))
""")
    plugin.chmod(0o700)
    return plugin


def runs_of(folder):
    return len((folder / "runs").read_text())


# --- contexts ---


def test_each_context_is_a_cluster_of_its_own(file, opened):
    users = {"east": {"token": "for-east"}, "west": {"token": "for-west"}}
    with serve_kube_api(a_world(), all_rights()) as east, serve_kube_api(a_world(), all_rights()) as west:
        west.world.add("Pod", "only-west", "shop")
        east.accounts = {"for-east": KubeAccount("reader", all_rights())}
        west.accounts = {"for-west": KubeAccount("reader", all_rights())}
        write_kubeconfig(file, {"east": (east.url, users["east"]), "west": (west.url, users["west"])}, "west")
        assert list_contexts(file) == ["east", "west"]
        current, other = opened(None, file), opened("east", file)
        assert (current.name, other.name) == ("west", "east")
        assert (read(current).count, read(other).count) == (1, 0)
        assert read(other).state is CoverageState.OK


def test_a_context_that_is_not_there_is_told_with_those_that_are(file, api):
    api.write_kubeconfig(file, SECRET)
    with pytest.raises(NoCluster, match="no context 'prod'; it has: test"):
        open_live_cluster("prod", file)


def test_a_context_may_be_asked_for_where_none_is_current(file, api, opened):
    write_kubeconfig(file, {"test": (api.url, {"token": SECRET})}, current="")
    assert list_contexts(file) == ["test"]
    assert read(opened("test", file)).state is CoverageState.OK
    with pytest.raises(NoCluster):
        open_live_cluster(None, file)


@pytest.mark.parametrize("text", ["", "[]", "contexts: {", f"users: [{{name: x, user: {{token: {SECRET}}}}}]", "a: b"])
def test_a_file_that_is_no_kubeconfig_is_told_without_quoting_it(file, text):
    file.write_text(text)
    with pytest.raises(NoCluster) as raised:
        open_live_cluster("test", file)
    assert SECRET not in str(raised.value)
    with pytest.raises(NoCluster):
        open_live_cluster("test", file.with_name("absent"))


def test_a_context_without_its_cluster_is_told_without_quoting_the_file(file):
    broken = {
        "contexts": [{"name": "test", "context": {"cluster": "gone", "user": "me"}}],
        "clusters": [],
        "users": [{"name": "me", "user": {"token": SECRET}}],
    }
    file.write_text(json.dumps(broken))
    with pytest.raises(NoCluster) as raised:
        open_live_cluster("test", file)
    assert SECRET not in str(raised.value)


def test_without_any_configuration_there_is_no_cluster(tmp_path):
    program = "from services.graph.adapters.live_cluster import *\nprint(list_contexts())\nopen_live_cluster()"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KUBE")}
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=kept | {"HOME": str(tmp_path), "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "[]\n"
    assert "NoCluster: there is no kubeconfig, and this is no pod with an account" in run.stderr


def test_a_context_may_name_the_namespace_that_is_meant(file, api):
    api.write_kubeconfig(file)
    assert find_namespace("test", file) is None
    text = json.loads(file.read_text())
    text["contexts"][0]["context"]["namespace"] = "shop"
    file.write_text(json.dumps(text))
    assert find_namespace("test", file) == find_namespace(None, file) == "shop"
    assert find_namespace("absent", file) is None


# --- credentials ---


def test_a_bearer_token_lets_in(file, api, opened):
    api.write_kubeconfig(file, SECRET)
    assert read(opened("test", file)).state is CoverageState.OK


def test_a_wrong_token_is_told_and_not_tried_again_and_again(file, api, opened):
    api.write_kubeconfig(file, "wrong")
    source = opened("test", file)
    coverage = [read(source) for _ in range(5)]
    assert {one.state for one in coverage} == {CoverageState.UNAVAILABLE}
    assert "401" in coverage[0].reason
    assert "wrong" not in coverage[0].reason.replace("missing, wrong or expired", "")
    # Discovery twice, the lists, and one more of each that met new credentials.
    assert len(api.seen) <= 2 + 5 + 2


def test_a_token_in_a_file_is_read_again_when_it_is_refused(file, api, opened, tmp_path):
    (tmp_path / "token").write_text("old")
    write_kubeconfig(file, {"test": (api.url, {"tokenFile": str(tmp_path / "token")})})
    source = opened("test", file)
    (tmp_path / "token").write_text(SECRET)
    assert read(source).state is CoverageState.OK


def test_a_line_end_after_a_token_is_no_part_of_it(file, api, opened, tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    write_kubeconfig(file, {"test": (api.url, {"tokenFile": str(tmp_path / "token")})})
    assert read(opened("test", file)).state is CoverageState.OK


@pytest.mark.parametrize("user", [{"token": "a\nb"}, {"token": "a\u20acb"}], ids=repr)
def test_a_token_that_cannot_be_sent_is_no_crash(file, api, opened, user):
    write_kubeconfig(file, {"test": (api.url, user)})
    assert read(opened("test", file)).state is CoverageState.UNAVAILABLE


@pytest.mark.parametrize("server", ["http://127.0.0.1:99999", "https://127.0.0.1:1"])
def test_an_address_that_is_none_is_no_crash(file, opened, server):
    write_kubeconfig(file, {"test": (server, {"token": SECRET})})
    assert read(opened("test", file)).state is CoverageState.UNAVAILABLE


@pytest.mark.parametrize("server", ["nonsense", "http://", "http://[::1", "ftp://127.0.0.1", "127.0.0.1:6443"])
def test_an_address_that_can_be_none_is_told_at_once(file, server):
    write_kubeconfig(file, {"test": (server, {"token": SECRET})})
    with pytest.raises(NoCluster, match=r"the address of the server|cannot be used"):
        open_live_cluster("test", file)


def test_a_plugin_is_run_once_for_many_requests(file, api, opened, tmp_path):
    write_kubeconfig(file, {"test": (api.url, exec_user(a_plugin(tmp_path, SECRET)))})
    source = opened("test", file)
    assert {read(source).state for _ in range(3)} == {CoverageState.OK}
    assert runs_of(tmp_path) == 1


def test_a_plugin_is_run_again_when_its_token_is_refused(file, api, opened, tmp_path):
    write_kubeconfig(file, {"test": (api.url, exec_user(a_plugin(tmp_path, SECRET)))})
    source = opened("test", file)
    assert read(source).state is CoverageState.OK
    api.accounts = {"the-next-token": KubeAccount("reader", all_rights())}
    (tmp_path / "token").write_text("the-next-token")
    assert read(source).state is CoverageState.OK
    assert runs_of(tmp_path) == 2


def test_a_plugin_whose_tokens_are_all_refused_is_not_run_for_each_request(file, api, opened, tmp_path):
    write_kubeconfig(file, {"test": (api.url, exec_user(a_plugin(tmp_path, "revoked")))})
    source = opened("test", file)
    assert {read(source).state for _ in range(4)} == {CoverageState.UNAVAILABLE}
    assert runs_of(tmp_path) == 2


def test_a_plugin_that_fails_leaves_the_account_unknown(file, api, opened, tmp_path, caplog):
    plugin = a_plugin(tmp_path, SECRET)
    plugin.write_text("#!/bin/sh\nexit 3\n")
    write_kubeconfig(file, {"test": (api.url, exec_user(plugin))})
    coverage = read(opened("test", file))
    assert coverage.state is CoverageState.UNAVAILABLE
    assert "401" in coverage.reason


def test_a_plugin_that_never_ends_is_given_up(tmp_path):
    waiting = Event()
    with pytest.raises(NoCluster, match=r"did not come within 0\.1 seconds"):
        Account(waiting.wait, 1, lambda: 0.0, seconds_to_load=0.1)
    waiting.set()


def test_many_threads_that_are_refused_at_once_load_new_credentials_once(file, api, opened, tmp_path):
    write_kubeconfig(file, {"test": (api.url, exec_user(a_plugin(tmp_path, SECRET)))})
    source = opened("test", file)
    source.discover()
    api.accounts = {"the-next-token": KubeAccount("reader", all_rights())}
    (tmp_path / "token").write_text("the-next-token")
    with ThreadPoolExecutor(6) as pool:
        assert {found.state for found in pool.map(read, [source] * 12)} == {CoverageState.OK}
    assert runs_of(tmp_path) == 2


# --- TLS ---


# The library warns of the last of the three, as it should.
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_authority_of_the_kubeconfig_is_trusted_and_no_other(file, api, opened, tmp_path):
    certificate, key = make_certificate(tmp_path)
    with tls_before(api.url, certificate, key) as url:
        user = {"token": SECRET}
        write_kubeconfig(file, {"test": (url, user)}, **{"certificate-authority": str(certificate)})
        assert read(opened("test", file)).state is CoverageState.OK
        write_kubeconfig(file, {"test": (url, user)})
        refused = read(opened("test", file))
        write_kubeconfig(file, {"test": (url, user)}, **{"insecure-skip-tls-verify": True})
        assert read(opened("test", file)).state is CoverageState.OK
    assert refused.state is CoverageState.UNAVAILABLE
    assert refused.reason == "the server's certificate is not trusted"


def test_a_client_certificate_lets_in(file, api, opened, tmp_path):
    certificate, key = make_certificate(tmp_path)
    api.accounts = {}
    authority = {"certificate-authority": str(certificate)}
    with tls_before(api.url, certificate, key, clients=certificate) as url:
        user = {"client-certificate": str(certificate), "client-key": str(key)}
        write_kubeconfig(file, {"test": (url, user)}, **authority)
        assert read(opened("test", file)).state is CoverageState.OK
        write_kubeconfig(file, {"test": (url, {})}, **authority)
        assert read(opened("test", file)).state is CoverageState.UNAVAILABLE


# --- what is never done ---


def test_a_redirect_is_not_followed_with_the_credentials(file, api, opened):
    with serve_kube_api(a_world()) as elsewhere:
        api.answer = lambda exchange: exchange.wire.reply(
            302, b"", {"Location": f"{elsewhere.url}{exchange.path}"}, None
        )
        api.write_kubeconfig(file, SECRET)
        coverage = read(opened("test", file))
        assert coverage.state is CoverageState.UNAVAILABLE
        assert "redirect" in coverage.reason
        assert elsewhere.seen == []


def test_the_kubeconfig_is_not_changed(file, api, opened, tmp_path):
    write_kubeconfig(file, {"test": (api.url, exec_user(a_plugin(tmp_path, SECRET)))})
    before = file.read_bytes()
    read(opened("test", file))
    assert file.read_bytes() == before
