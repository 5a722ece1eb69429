"""Secrets in what commands put out and in what changes show: nowhere in the data folder, the logs, or an answer."""

import io
import re
import socket
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.action_desk import CONTEXT, Desk
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import SHOP, a_cluster
from tests.support.kube_world import KubeWorld
from tests.support.kube_writes import WritableKube, serve_writable_kube
from tests.support.product import Product, running_product
from tests.support.secret_samples import SECRETS
from tests.support.waiting import wait_until

SHAPES = (
    "private key, RSA",
    "AWS secret key beside its id",
    "GitHub token",
    "GitLab token",
    "Slack token",
    "JSON web token",
    "bearer header",
    "connection string of PostgreSQL",
    "password in an environment",
    "password in JSON",
    "Secret, YAML",
    "kubeconfig",
    "Stripe key",
    "Google API key",
)
# Nothing is a secret in this, so it is found wherever an output is kept: who seeks in the wrong place finds nothing.
MARK = "marked-as-seen"
LAST = "the-last-line"
IN_CLUSTER = ("hunter2hunter", "aHVudGVyMg==", "0ld-pa55word-of-the-db")
PROPOSED = "bmV2ZXItdG8tYmUta2VwdA=="
ALL = tuple(part for shape in SHAPES for part in SECRETS[shape][1]) + IN_CLUSTER + (PROPOSED,)
LONG = 40_000
POLICY = """
version = 1
search_path = ["{folder}"]

[[programs]]
name = "shower"
contexts = ["*"]
timeout_seconds = 60
output_bytes = 1048576

[[programs.commands]]
words = ["show"]
namespace = "none"
first = '.*'
rest = '.*'
least = 1
most = 2
"""
# Puts out a file and, if it is told of another one, waits until that is there.
SHOWER = f"""#!{sys.executable}
import os, sys, time
print(open(sys.argv[2]).read(), flush=True)
while sys.argv[3:] and not os.path.exists(sys.argv[3]):
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets")


@pytest.fixture(scope="module")
def kube() -> Iterator[WritableKube]:
    world = a_cluster()
    forget_password(world)
    with serve_writable_kube(world, all_rights()) as kube:
        yield kube


@pytest.fixture(scope="module")
def product(kube: WritableKube, folder: Path) -> Iterator[Product]:
    policy = folder / "commands.toml"
    policy.write_text(POLICY.format(folder=folder))
    program = folder / "shower"
    program.write_text(SHOWER)
    program.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        flower_port = probe.getsockname()[1]
    with running_product(
        folder,
        FAULTLINE_ACTIONS_KUBECONFIG=str(kube.write_kubeconfig(folder / "kubeconfig")),
        FAULTLINE_ACTIONS_COMMANDS=str(policy),
        FAULTLINE_LOG_LEVEL="debug",
        FAULTLINE_FLOWER_PORT=str(flower_port),
    ) as product:
        yield product


def forget_password(world: KubeWorld) -> None:
    """Let the older revision of checkout have another password, so that rolling back shows both."""
    for replica_set in next(items for place, items in world.lists.items() if place.plural == "replicasets"):
        if replica_set["metadata"]["name"] == "checkout-h1":
            replica_set["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"] = IN_CLUSTER[2]


def run(desk: Desk, incident: str, *argv: str) -> str:
    """Have a command executed once a worker is there for it; return its path."""
    payload = {"argv": ["shower", "show", *argv], "target": "here"}
    path = desk.propose(incident, payload, type="command")
    desk.approve(path)
    wait_until(lambda: desk.call("POST", f"{path}/execute").status_code == 200, "a worker that runs commands")
    return path


def change(desk: Desk, incident: str, verb: str, kind: str, name: str, **parameters: Any) -> str:
    """Have a change previewed and executed; return its path."""
    payload = {"verb": verb, "context": CONTEXT, "namespace": SHOP, "kind": kind, "name": name}
    path = desk.approved(incident, payload | {"parameters": parameters})
    desk.execute(path)
    return path


def answers_about(desk: Desk, incident: str, paths: list[str]) -> dict[str, str]:
    """Return every answer there is to read about an incident and its actions, by its path."""
    hrefs = {incident, *paths, "/metrics", "/api/actions", "/api/jobs"}
    for operation in desk.get("/api/openapi.json")["paths"]:
        if operation.startswith("/api/incidents/{incident_id}") and operation.count("{") == 1:
            hrefs.add(operation.replace("/api/incidents/{incident_id}", incident))
    for path in paths:
        action = desk.get(path)
        hrefs |= {one["href"] for one in action["previews"]}
        hrefs |= {action["execution"][name] for name in ("outputHref",) if (action["execution"] or {}).get(name)}
    hrefs |= {f"/api/jobs/{job['id']}" for job in desk.get(f"{incident}/jobs?limit=100")["items"]}
    answers = {}
    for href in sorted(hrefs):
        with desk.session.get(desk.url + href, timeout=30, stream=True) as answer:
            # A stream has no end, and says what the other answers do.
            if "event-stream" not in answer.headers.get("Content-Type", ""):
                answers[href] = text_of(answer.content)
    return answers


def kept_files(product: Product) -> dict[str, str]:
    """Return all that the product wrote, by its path: its data folder, with the logs, and what it printed."""
    files = (*product.data_dir.rglob("*"), product.data_dir.parent / "up.log")
    return {str(file): text_of(file.read_bytes()) for file in files if file.is_file() and not file.is_symlink()}


def text_of(content: bytes) -> str:
    """Return bytes as text; of an archive all that is in it."""
    if not content.startswith(b"PK"):
        return content.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


def found_in(text: str) -> list[str]:
    """Return the secrets that stand in a text."""
    return [one for one in ALL if one in text]


@dataclass(frozen=True)
class Done:
    """What was done, and what a job of it said while a command was under way."""

    desk: Desk
    incident: str
    paths: list[str]
    under_way: str
    refused: int


@pytest.fixture(scope="module")
def done(product: Product, folder: Path) -> Done:
    """Run a command for each shape and one for all of them, and change what has secrets in it."""
    desk = Desk(product.url, product.token)
    incident = desk.open_incident()
    texts = [folder / f"shape-{number}.txt" for number, _ in enumerate(SHAPES)]
    for shape, file in zip(SHAPES, texts, strict=True):
        file.write_text(f"{MARK}\n{SECRETS[shape][0]}\n")
    together, go_on = folder / "together.txt", folder / "go-on"
    # The secrets are near the end: that is what a command shows while it runs.
    parts = [f"{MARK} " * (LONG // len(MARK)), *(SECRETS[one][0] for one in SHAPES), f"{LAST}\n"]
    together.write_text("\n\n".join(parts))

    paths = [run(desk, incident, str(file)) for file in texts]
    paths.append(run(desk, incident, str(together), str(go_on)))
    job = f"/api/jobs/{desk.get(paths[-1])['execution']['jobId']}"
    wait_until(lambda: LAST in str(desk.get(job)["progress"]), "what a command puts out while it runs")
    under_way = desk.call("GET", job).text
    go_on.touch()
    paths += [
        change(desk, incident, "rollback", "Deployment", "checkout", revision=1),
        change(desk, incident, "delete", "Secret", "keys"),
    ]
    refused = propose_secret(desk, incident)
    ends = [desk.until(path, lambda one: (one["execution"] or {}).get("finishedAt"), "the end") for path in paths]
    assert {one["execution"]["succeeded"] for one in ends} == {True}, [one["execution"] for one in ends]
    return Done(desk, incident, paths, under_way, refused)


def test_what_is_answered_holds_no_secret_and_all_else(done: Done) -> None:
    answers = answers_about(done.desk, done.incident, done.paths)

    assert sum(MARK in text for href, text in answers.items() if "/outputs/" in href) == len(SHAPES) + 1
    diffs = " ".join(text for href, text in answers.items() if "/previews/" in href)
    assert re.search(r"-\s+(- )?name: DB_PASSWORD|-\s+value:", diffs), diffs
    assert {href: found for href, text in answers.items() if (found := found_in(text))} == {}


def test_a_command_that_runs_shows_what_it_puts_out_without_secrets(done: Done) -> None:
    assert LAST in done.under_way
    assert found_in(done.under_way) == []


def test_the_data_of_a_secret_is_not_taken_as_a_proposal(done: Done) -> None:
    assert done.refused == 422


def test_nothing_that_is_kept_or_logged_holds_a_secret(done: Done, product: Product) -> None:
    assert done.paths
    kept = kept_files(product)

    # Where outputs are kept, and where Flower keeps what it saw of the messages, is looked at.
    marked = [name for name, text in kept.items() if MARK in text]
    assert {"/blobs/" in name for name in marked} == {True, False}
    assert [name for name in kept if "/flower" in name]
    assert {name: found for name, text in kept.items() if (found := found_in(text))} == {}


def propose_secret(desk: Desk, incident: str) -> int:
    """Return what the gateway answers to a proposal that holds the data of a Secret."""
    payload = {
        "verb": "patch",
        "context": CONTEXT,
        "namespace": SHOP,
        "kind": "Secret",
        "name": "keys",
        "parameters": {"patch": {"data": {"key": PROPOSED}}, "patchType": "merge"},
    }
    body = {"type": "kubernetes", "title": "Another key", "risk": "low", "payload": payload}
    return desk.call("POST", f"{incident}/actions", body).status_code
