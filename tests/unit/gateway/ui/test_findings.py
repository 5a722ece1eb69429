from itertools import pairwise

import pytest

from services.gateway.ui.findings.arithmetic import add_up, show_confidence
from services.gateway.ui.findings.panels import PANELS, panel_of
from services.gateway.ui.findings.reading import Reader
from services.gateway.ui.findings.remedies import only_reads, proposal_fields

STEPS = [
    {"reason": "base of log-dns", "delta": 0.65},
    {"reason": "the container ended with an error", "delta": 0.12},
    {"reason": "another pod of it is ready", "delta": -0.2},
]


def a_finding(**changes: object) -> dict[str, object]:
    return {
        "ruleId": "log-dns",
        "title": "A name does not resolve",
        "confidence": 0.57,
        "severity": "high",
        "arithmetic": STEPS,
        "culprit": {"cluster": None, "namespace": "shop", "kind": "ConfigMap", "name": "checkout"},
        **changes,
    }


def test_a_sum_shows_base_boosts_and_penalties_each_with_its_reason():
    rows = add_up(STEPS, 0.57)

    assert [(row.sort, row.amount, row.reason) for row in rows] == [
        ("base", "0.65", "base of log-dns"),
        ("boost", "+0.12", "the container ended with an error"),
        ("penalty", "\N{MINUS SIGN}0.2", "another pod of it is ready"),
    ]
    assert [(row.bar_start, row.bar_width) for row in rows] == [(0, 65), (65, 12), (57, 20)]
    assert show_confidence(0.57) == "0.57"


@pytest.mark.parametrize(("steps", "confidence"), [([0.9, 0.2], 0.99), ([0.1, -0.4], 0.01), ([0.5], 0.7)])
def test_what_the_steps_do_not_come_to_is_a_row_of_its_own(steps: list[float], confidence: float):
    rows = add_up([{"reason": "x", "delta": delta} for delta in steps], confidence)

    assert rows[-1].sort == "limit"
    assert rows[-1].after == confidence
    assert all(before.after == after.before for before, after in pairwise(rows))


def test_a_log_is_read_line_by_line():
    panel = panel_of(
        {
            "kind": "log",
            "source": "kubernetes",
            "query": "Pod shop/checkout-1 logs/app",
            "observation": "The last.\n2026-11-23T11:52:42Z INFO  starts\n2026-11-23T11:52:48Z FATAL no host\nbare",
        }
    )

    assert (panel.template, panel.about) == ("evidence/panels/log.html", "Pod shop/checkout-1")
    assert panel.read["container"] == "app"
    assert [(line["level"], line["weight"], line["text"]) for line in panel.read["lines"]] == [
        ("INFO", "plain", "starts"),
        ("FATAL", "grave", "no host"),
        (None, "plain", "bare"),
    ]


def test_an_event_is_read_as_reason_message_and_count():
    seen = {"kind": "event", "query": "Pod shop/a", "observation": "BackOff: Back-off pulling (again) (60 times)"}

    assert panel_of(seen).read == {"reason": "BackOff", "message": "Back-off pulling (again)", "times": "60"}


def test_evidence_of_an_unknown_kind_is_shown_as_it_was_said():
    panel = panel_of({"kind": "../../secrets", "source": "me", "query": "q u e r y", "observation": "x"})

    assert panel.template == "evidence/panels/plain.html"
    assert (panel.label, panel.about) == ("../../secrets", "q u e r y")


def test_every_panel_has_its_template(gw):
    for kind in PANELS.values():
        assert gw.app.jinja_env.get_template(kind.template)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            ["kubectl", "rollout", "undo", "deployment/cart", "-n", "shop", "--to-revision=7"],
            {"verb": "rollback", "kind": "Deployment", "name": "cart", "namespace": "shop", "revision": "7"},
        ),
        (
            ["kubectl", "scale", "statefulset/db", "--namespace=data", "--replicas=1"],
            {"verb": "scale", "kind": "StatefulSet", "name": "db", "namespace": "data", "replicas": "1"},
        ),
        (["kubectl", "uncordon", "n1"], {"verb": "uncordon", "kind": "Node", "name": "n1"}),
        (
            ["kubectl", "delete", "pod", "a-1", "-n", "shop"],
            {"verb": "delete-pod", "kind": "Pod", "name": "a-1", "namespace": "shop"},
        ),
    ],
)
def test_a_command_that_changes_one_object_is_proposed_as_that_change(command: list[str], expected: dict[str, str]):
    proposal = {"text": "Do it.", "command": command, "risk": "medium"}

    fields = proposal_fields(proposal, cluster="prod", because="A name does not resolve")

    about = {"title": "Do it.", "rationale": "A name does not resolve", "risk": "medium"}
    assert fields == {"type": "kubernetes", "context": "prod", **expected, **about}


def test_another_command_stays_a_command_and_advice_is_for_a_person():
    taint = {"text": "Take the taint off.", "command": ["kubectl", "taint", "node", "n1", "x-"], "risk": "high"}

    assert proposal_fields(taint, cluster="prod", because="b")["argv"] == "kubectl\ntaint\nnode\nn1\nx-"
    assert proposal_fields({"text": "Mend the name."}, cluster="prod", because="b")["instructions"] == "Mend the name."


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        (["kubectl", "logs", "a"], True),
        (["kubectl", "rollout", "status", "deployment/a"], True),
        (["kubectl", "rollout", "undo", "deployment/a"], False),
        (["kubectl"], False),
        (["cat", "logs"], False),
        ([], False),
    ],
)
def test_what_only_reads_is_not_proposed(command: list[str], reads: bool):
    assert only_reads(command) is reads


def test_anchors_stay_and_are_never_given_twice():
    read = Reader("/incidents/INC-1", "prod").read(
        [a_finding(), a_finding(), a_finding(ruleId="Ärger <x>")], "hypothesis"
    )

    assert [one.anchor for one in read] == ["hypothesis-log-dns", "hypothesis-log-dns-2", "hypothesis-rger-x"]
    assert [one.things[0].anchor for one in read] == ["about-configmap-shop-checkout", "", ""]
    assert read[0].things[0].graph == "/incidents/INC-1/graph?entity=ConfigMap%2Fshop%2Fcheckout"
