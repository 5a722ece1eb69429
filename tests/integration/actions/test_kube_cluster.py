"""The client of an API server: what it reads, what each answer means, and that no write is ever sent twice."""

import socket
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from services.actions.adapters.kube_account import IN_CLUSTER
from services.actions.adapters.kube_writes import open_cluster
from services.actions.domain.kinds import DEPLOYMENT, POD
from services.actions.domain.requests import Media, Method, Write
from services.actions.errors import (
    CutOff,
    Forbidden,
    KindNotServed,
    KubeError,
    NoCluster,
    TargetNotFound,
    TooManyRequests,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from services.actions.ports import Selection
from shared.contracts.action import RbacRule
from tests.support.kube_changes import CONTEXT
from tests.support.kube_config_file import exec_user, write_kubeconfig
from tests.support.kube_faults import Fault, FaultKind
from tests.support.kube_rights import no_rights
from tests.support.kube_small_cluster import SHOP, WIDGETS, add_pod
from tests.support.kube_write_faults import WriteFault, WriteFaultKind

PODS = "/api/v1/pods"
PAUSE = Write(
    method=Method.PATCH,
    kind=DEPLOYMENT,
    namespace=SHOP,
    name="checkout",
    media=Media.MERGE,
    body={"spec": {"paused": True}},
)


def test_it_reads_what_is_there(client):
    found = client.read(DEPLOYMENT, SHOP, "checkout")

    assert found.name == "checkout"
    assert found.number("spec", "replicas") == 3


def test_it_says_what_is_not_there(client, kube):
    with pytest.raises(TargetNotFound):
        client.read(DEPLOYMENT, SHOP, "nobody")
    kube.world.drop("Deployment")
    with pytest.raises(KindNotServed):
        client.read(DEPLOYMENT, SHOP, "checkout")


def test_it_lists_by_labels_and_fields_over_pages(client, kube):
    for number in range(1_100):
        add_pod(kube.world, f"many-{number}", None)
    add_pod(kube.world, "elsewhere-1", None, nodeName="n5")

    found = client.list(Selection(POD, fields="spec.nodeName=n1", labels="app=many"))

    assert len(found) == 1_100
    assert len(kube.lists_of("pods")) == 3


def test_a_list_without_end_is_refused(client, kube):
    for number in range(5_100):
        add_pod(kube.world, f"many-{number}", None)

    with pytest.raises(Unreadable, match="too many"):
        client.list(Selection(POD))


READS = {
    FaultKind.TEXT_503: Unreadable,
    FaultKind.TOO_MANY: TooManyRequests,
    FaultKind.RESET: Unreadable,
    FaultKind.TRUNCATED: Unreadable,
    FaultKind.BROKEN_JSON: Unreadable,
    FaultKind.HTML: Unreadable,
    FaultKind.FORBIDDEN: Forbidden,
}


@pytest.mark.parametrize("kind", READS)
def test_a_read_that_fails_says_how(client, kube, kind):
    kube.faults[PODS] = Fault(kind)

    with pytest.raises(READS[kind]) as raised:
        client.read(POD, SHOP, "checkout-1")

    assert not raised.value.may_be_done
    if isinstance(raised.value, Forbidden):
        assert raised.value.rule == RbacRule(api_group="", resource="pods", verbs=("get",), namespace=SHOP)


@pytest.mark.parametrize("kind", [FaultKind.TEXT_503, FaultKind.TOO_MANY, FaultKind.RESET])
def test_a_read_is_tried_again(client, kube, kind):
    kube.faults[PODS] = Fault(kind, times=2)

    assert client.read(POD, SHOP, "checkout-1").name == "checkout-1"


def test_a_server_that_falls_silent_is_left(open_client, kube):
    kube.faults[PODS] = Fault(FaultKind.SLOW)

    with pytest.raises(Unreadable, match="in time"):
        open_client(0.3).read(POD, SHOP, "checkout-1")


@pytest.mark.parametrize("kind", [WriteFaultKind.BUSY, WriteFaultKind.ERROR, WriteFaultKind.CUT_BEFORE])
def test_a_write_is_never_tried_again(client, kube, kind):
    kube.write_faults = [WriteFault(kind)]

    with pytest.raises(KubeError):
        client.write(PAUSE, dry_run=False)

    assert len(kube.writes) == 1


def test_a_dry_run_says_so_in_its_address_and_changes_nothing(client, kube):
    answer = client.write(PAUSE, dry_run=True)

    assert answer.at("spec", "paused") is True
    assert kube.writes[0].query["dryRun"] == "All"
    assert kube.applied() == []


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "http://name.invalid:{port}"], ids=["port", "name"])
def test_where_nobody_listens_nothing_is_sent(tmp_path, address):
    url = address.format(port=free_port())
    file = write_kubeconfig(tmp_path / "kubeconfig", {CONTEXT: (url, {"token": "secret-token"})})
    client = open_cluster(CONTEXT, file, 2)

    with pytest.raises(Unreachable) as raised:
        client.write(PAUSE, dry_run=False)

    assert not raised.value.may_be_done
    assert "secret-token" not in str(raised.value)


def test_a_redirect_is_not_followed(tmp_path, kube):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        file = write_kubeconfig(tmp_path / "kubeconfig", {CONTEXT: (url, {"token": "t"})})
        client = open_cluster(CONTEXT, file, 5)
        listener.settimeout(10)
        headers = f"Location: {kube.url}/\r\nConnection: close\r\nContent-Length: 0"
        head = f"HTTP/1.1 307 Temporary Redirect\r\n{headers}\r\n\r\n"
        with answering(listener, head), pytest.raises(Unreadable) as raised:
            client.write(PAUSE, dry_run=False)

    assert not raised.value.may_be_done
    assert kube.seen == []


@contextmanager
def answering(listener, text):
    """Answer the first request with this text, whatever it is."""

    def serve():
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(text.encode())
            # A close with something unread resets the connection, and takes what is under way with it.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield
    thread.join(10)


def test_an_answer_without_end_is_cut_and_the_write_is_unknown(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        file = write_kubeconfig(tmp_path / "kubeconfig", {CONTEXT: (url, {"token": "t"})})
        client = open_cluster(CONTEXT, file, 30)
        listener.settimeout(10)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {64 << 20}\r\n\r\n"
        with answering(listener, head + "x" * (33 << 20)):
            with pytest.raises(CutOff, match="longer than"):
                client.write(PAUSE, dry_run=False)
            client.close()


def test_refused_credentials_are_made_new_once(kube, tmp_path):
    token = tmp_path / "token"
    token.write_text("old")
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        f'printf \'{{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {{"token": '
        f'"%s"}}}}\' "$(cat {token})"\n'
    )
    plugin.chmod(0o700)
    file = write_kubeconfig(tmp_path / "kubeconfig", {CONTEXT: (kube.url, exec_user(plugin))})
    client = open_cluster(CONTEXT, file, 10)
    token.write_text("token-of-the-reader")

    client.write(PAUSE, dry_run=False)

    assert len(kube.applied()) == 1
    kube.accounts.clear()
    kube.accounts["other"] = object()
    with pytest.raises(Unauthorized):
        client.write(PAUSE, dry_run=False)
    assert len(kube.applied()) == 1


def test_a_right_that_lacks_is_told_without_the_account(client, kube):
    for account in kube.accounts.values():
        account.rights = no_rights()

    with pytest.raises(Forbidden) as raised:
        client.write(PAUSE, dry_run=False)

    assert raised.value.rule == RbacRule(
        api_group="apps", resource="deployments", verbs=("patch",), namespace=SHOP
    )  # fmt: skip
    assert str(raised.value) == "the account may not patch deployments.apps in the namespace shop"


@pytest.mark.parametrize(
    ("text", "plural"),
    [
        ("Deployment", "deployments"),
        ("deployments.apps", "deployments"),
        ("deployments.v1.apps", "deployments"),
        ("widgets.example.org", "widgets"),
        ("Widget.example.org", "widgets"),
        ("widgets.v1.example.org", "widgets"),
        ("gadgets.example.org", None),
        ("deployments.example.org", None),
        ("widgets", None),
        ("widgets.nowhere.org", None),
    ],
)
def test_a_kind_is_found_by_its_name_or_by_its_group(client, kube, text, plural):
    kube.world.lists[WIDGETS].append({"metadata": {"name": "w", "namespace": SHOP, "uid": "u", "resourceVersion": "1"}})

    found = client.find_kind(text)

    assert (found.plural if found else None) == plural


@pytest.mark.parametrize("context", ["nobody", IN_CLUSTER, ""])
def test_no_context_is_taken_for_another(kube, tmp_path, context):
    with pytest.raises(NoCluster) as raised:
        open_cluster(context, kube.write_kubeconfig(tmp_path / "kubeconfig", "a-secret-token"))

    assert "a-secret-token" not in str(raised.value)
