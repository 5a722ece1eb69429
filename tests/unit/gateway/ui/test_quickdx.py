"""QuickDx's pages without a browser: what they show, what their forms send, and what they say when it is refused."""

import json
from typing import Any

import msgspec
import pytest

from services.gateway.domain.records import Job, JobState, Role
from services.gateway.handlers.follow_job import follow_job
from services.gateway.relay.progress import Progress
from shared.contracts.messages import JobFailed, ResourceDiagnosed
from tests.support.diagnoses import a_diagnosis
from tests.support.gateway import GatewayUnderTest
from tests.support.names_listed import cluster, list_names, report

CHOSEN = {"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
PART = {"HX-Request": "true"}


def ask(gw: GatewayUnderTest, **changes: str) -> dict[str, Any]:
    answer = gw.post("/quickdx", data=CHOSEN | changes)
    assert answer.status_code == 303, answer.text
    shown: dict[str, Any] = gw.get(f"/api{answer.headers['Location']}").json
    return shown


def asked_and_done(gw: GatewayUnderTest, **content: Any) -> str:
    asked = ask(gw)
    report(gw, ResourceDiagnosed(job_id=asked["jobId"], attempt=1, text=json.dumps(a_diagnosis() | content)))
    return f"/quickdx/{asked['id']}"


def test_with_nothing_there_the_page_says_what_to_do(gw: GatewayUnderTest):
    text = gw.get("/quickdx").text

    assert "No names are listed yet" in text
    assert "Nothing was asked yet" in text
    assert "Nobody judged a rule yet" in text


def test_what_is_chosen_narrows_what_is_offered(gw: GatewayUnderTest):
    list_names(gw, cluster("prod", "shop", "data"), cluster("test", "play"))

    everything = gw.get("/quickdx/picker?kind=Deployment").text
    narrowed = gw.get("/quickdx/picker?context=prod&namespace=shop&kind=Deployment", headers=PART).text

    assert all(f'value="only-{one}"' in everything for one in ("shop", "data", "play"))
    assert 'value="only-shop"' in narrowed
    assert 'value="only-data"' not in narrowed
    assert 'value="play"' not in narrowed
    assert "2 not listed" in narrowed


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("kubectl get deploy/only-shop", ("prod", "shop", "Deployment", "only-shop")),
        ("deploy/checkout -n data", ("prod", "data", "Deployment", "checkout")),
        ("node/worker-1 --context other", ("other", None, "Node", "worker-1")),
    ],
)
def test_what_a_pasted_name_leaves_out_is_found(gw: GatewayUnderTest, words: str, meant: tuple[str | None, ...]):
    list_names(gw, cluster("prod", "shop", "data"))
    location = gw.post("/quickdx", data={"words": words}).headers["Location"]
    asked = gw.get(f"/api{location}").json

    assert tuple(asked[name] for name in ("context", "namespace", "kind", "name")) == meant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("deploy/checkout --context prod", "Which namespace? Add -n NAME. It is in shop, data."),
        ("deploy/checkout -n shop", "Which context? Add --context NAME. Known are prod, test."),
        ("<b>", "is no KIND/NAME"),
    ],
)
def test_a_pasted_name_that_may_mean_several_is_asked_back_and_kept(gw: GatewayUnderTest, words: str, said: str):
    list_names(gw, cluster("prod", "shop", "data"), cluster("test"))

    whole = gw.post("/quickdx", data={"words": words})
    part = gw.post("/quickdx", data={"words": words}, headers=PART)

    assert (whole.status_code, part.status_code) == (422, 422)
    assert said in whole.text
    assert said in part.text
    assert f'value="{words.replace("<", "&lt;").replace(">", "&gt;")}"' in whole.text
    assert "<html" not in part.text


def test_it_is_followed_until_it_ends(gw: GatewayUnderTest):
    asked = ask(gw)
    gw.relay.workers = ()
    waiting = gw.get(f"/quickdx/{asked['id']}").text

    def begin(tx: Any) -> None:
        begun = msgspec.structs.replace(tx.get(Job, asked["jobId"]), state=JobState.RUNNING, attempt=1)
        tx.put(begun)
        follow_job(tx, begun)

    gw.store.transact(begin)
    gw.relay.progress_of_all = Progress(0.5, "list pods")
    running = gw.get(f"/quickdx/{asked['id']}/state", headers=PART).text

    assert "No graph worker takes it: no worker of this queue has said hello" in waiting
    assert "list pods" in running
    assert 'value="0.5"' in running
    assert "every 1s" in running


def test_a_failure_says_why_and_what_to_do_and_is_tried_again(gw: GatewayUnderTest):
    asked = ask(gw)
    report(gw, JobFailed(job_id=asked["jobId"], attempt=1, error="cluster_unusable: prod: refused", retryable=False))
    failed = gw.get(f"/quickdx/{asked['id']}").text
    answer = gw.post(f"/quickdx/{asked['id']}/retry")

    assert "cluster_unusable: prod: refused" in failed
    assert "Give its kubeconfig one that works" in failed
    assert "every 1s" not in failed
    assert answer.headers["Location"] == f"/quickdx/{asked['id']}"
    assert gw.get(f"/api/quickdx/{asked['id']}").json["state"] == "queued"


def test_one_that_somebody_stopped_did_not_fail(gw: GatewayUnderTest):
    asked = ask(gw)
    gw.post(f"/quickdx/{asked['id']}/cancel")
    stopped = gw.get(f"/quickdx/{asked['id']}").text

    assert "The diagnosis was stopped" in stopped
    assert "It was cancelled by admin." in stopped
    assert "log of the graph worker" not in stopped


def test_what_was_found_is_shown_with_its_arithmetic(gw: GatewayUnderTest):
    content = a_diagnosis()
    steps = [{"reason": "base of it", "delta": 0.5}, {"reason": "events were not read", "delta": -0.03}]
    content["hypotheses"][0] |= {"arithmetic": steps}
    text = gw.get(asked_and_done(gw, hypotheses=content["hypotheses"])).text

    assert content["hypotheses"][0]["title"] in text
    assert content["hypotheses"][0]["evidence"][0]["observation"].splitlines()[0] in text
    assert '<tr class="sum-penalty"><td class="number">\N{MINUS SIGN}0.03</td><td>events were not read</td>' in text
    # It belongs to no incident: nothing can be proposed of it, and no graph shows it.
    assert "/actions/new" not in text
    assert "graph?entity" not in text


def test_what_people_say_of_a_rule_is_kept_and_counted(gw: GatewayUnderTest):
    address = asked_and_done(gw)
    rule = a_diagnosis()["hypotheses"][0]["ruleId"]
    answer = gw.post(f"{address}/feedback", data={"ruleId": rule, "verdict": "confirmed", "note": "It was."})

    assert answer.headers["Location"] == address
    assert "It was." in gw.get(address).text
    assert "1 yes, 0 no" in gw.get(address).text
    assert "100%" in gw.get("/quickdx").text


def test_it_becomes_an_incident(gw: GatewayUnderTest):
    address = asked_and_done(gw)
    answer = gw.post(f"{address}/incident", data={"title": "", "severity": "low"})
    incident = gw.get(f"/api{answer.headers['Location']}").json

    assert (incident["severity"], incident["diagnosisCount"]) == ("low", 1)
    assert f"INC-{incident['number']}</a>" in gw.get(address).text


@pytest.mark.parametrize("form", [{"incident": "INC-1"}, {"q": "1"}, {"q": "#1"}, {"q": "INC-1"}])
def test_it_is_linked_to_an_incident_of_ones_choice(gw: GatewayUnderTest, form: dict[str, str]):
    gw.open_incident()
    answer = gw.post(f"{asked_and_done(gw)}/link", data=form)

    assert answer.headers["Location"] == "/incidents/INC-1/evidence"
    assert gw.get("/api/incidents/INC-1").json["diagnosisCount"] == 1


def test_an_incident_is_found_by_number_and_by_words(gw: GatewayUnderTest):
    gw.open_incident(title="Checkout is down")
    gw.open_incident(title="Search is slow")
    address = asked_and_done(gw)

    assert "Search is slow" in gw.get(f"{address}/incidents?q=2").text
    assert "Search is slow" not in gw.get(f"{address}/incidents?q=checkout").text
    assert "No incident fits" in gw.get(f"{address}/incidents?q=nothing-of-the-kind").text
    assert gw.post(f"{address}/link", data={"q": "../../tokens"}).status_code == 404


def test_the_list_is_narrowed_as_the_address_says(gw: GatewayUnderTest):
    ask(gw)
    ask(gw, kind="Pod", name="cart-1")
    text = gw.get("/quickdx?kind=Pod").text

    assert "shop/cart-1" in text
    assert "shop/checkout" not in text
    assert "Nothing was asked that fits" in gw.get("/quickdx?state=failed").text


def test_who_may_only_read_is_offered_nothing_else(gw: GatewayUnderTest):
    address = asked_and_done(gw)

    assert "takes the role responder" in gw.get("/quickdx", role=Role.VIEWER).text
    assert 'method="post"' not in gw.get(f"{address}/state", role=Role.VIEWER).text
    assert gw.post("/quickdx", data=CHOSEN, role=Role.VIEWER).status_code == 403


def test_one_that_is_nowhere_is_told_so(gw: GatewayUnderTest):
    assert gw.get("/quickdx/qdx_none").status_code == 404
