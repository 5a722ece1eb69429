"""Every alert has a test that sees it fire, stands in the test where nothing fires, and says what to do."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/observability/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((ROOT / "tests/deploy/alerts.test.yml").read_text())["tests"]
METRIC = re.compile(r"\b(?:faultline|alertmanager)_\w+")

every_alert = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def seen_firing(test):
    """Return the alerts that a test expects to fire at some moment."""
    labels = [
        sample["labels"]
        for one in test["promql_expr_test"]
        for sample in one.get("exp_samples", [])
        if "labels" in sample
    ]
    return {name for text in labels for name in re.findall(r'alertname="(\w+)"', text)}


@every_alert
def test_a_test_of_its_own_sees_it_fire_and_sees_it_silent(rule):
    own = [test for test in TESTS if re.match(rf"{rule['alert']}\b", test["name"])]

    assert len(own) == 1
    assert seen_firing(own[0]) == {rule["alert"]}
    # A moment at which it, or one of its kind, does not fire yet or any more.
    assert len({str(one.get("exp_samples")) for one in own[0]["promql_expr_test"]}) > 1


@every_alert
def test_all_it_looks_at_is_well_in_the_test_where_nothing_fires(rule):
    series = {METRIC.match(one["series"])[0] for one in TESTS[0]["input_series"] if METRIC.match(one["series"])}

    assert TESTS[0]["name"] == "While all is well and busy, nothing fires"
    assert set(METRIC.findall(rule["expr"])) <= series


@every_alert
def test_it_says_how_bad_it_is_what_it_is_and_where_to_read_on(rule):
    assert rule["alert"].startswith("Faultline")
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["labels"].keys() <= {"severity", "notify"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    # It becomes the title of an incident: figures that change belong in the description.
    assert "$value" not in rule["annotations"]["summary"]
    assert rule["annotations"]["description"].endswith(".")
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{rule['alert'].lower()}"


def test_no_two_alerts_have_one_name():
    names = [rule["alert"] for rule in RULES]

    assert len(set(names)) == len(names)
