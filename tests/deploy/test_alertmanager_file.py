"""Which alert reaches whom, as Alertmanager itself reads its file."""

import subprocess
from pathlib import Path

import pytest
import yaml

OBSERVABILITY = Path(__file__).resolve().parents[2] / "deploy/observability"
RULES = [
    rule for group in yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
FILE = yaml.safe_load((OBSERVABILITY / "alertmanager.yml").read_text())
# What would not arrive, or would only say again what the inbox shows.
NOT_FOR_FAULTLINE = {
    "FaultlineGatewayDown",
    "FaultlineStoreNotWritable",
    "FaultlineBrokerDown",
    "FaultlineAlertsNotDelivered",
    "FaultlineApprovalWaits",
    "FaultlineIncidentsUnacknowledged",
}


@pytest.mark.system_package("amtool")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_goes_to_faultline_unless_faultline_is_what_fails(rule):
    labels = [f"{name}={value}" for name, value in {"alertname": rule["alert"], **rule["labels"]}.items()]
    command = ["amtool", "config", "routes", "test", f"--config.file={OBSERVABILITY}/alertmanager.yml", *labels]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.split()

    assert told == ["people" if rule["alert"] in NOT_FOR_FAULTLINE else "faultline"]


def test_what_is_inhibited_and_by_what_are_alerts():
    text = yaml.safe_dump(FILE["inhibit_rules"])
    named = {
        word for word in text.replace('"', " ").replace("|", " ").replace("=~", " ").split() if "Faultline" in word
    }

    assert named <= {rule["alert"] for rule in RULES}


def test_a_silent_worker_hides_what_follows_from_it_for_its_own_queue_alone():
    (rule,) = [one for one in FILE["inhibit_rules"] if one["source_matchers"] == ["alertname = FaultlineWorkerSilent"]]
    (hidden,) = rule["target_matchers"]
    labelled = {one["alert"] for one in RULES if one["alert"] in hidden and "queue" in one["expr"]}

    assert labelled == {"FaultlineBacklogOld", "FaultlineWorkLost"}
    assert rule["equal"] == ["queue"]


def test_it_shows_its_token_from_the_file_that_it_is_handed():
    (webhook,) = FILE["receivers"][0]["webhook_configs"]

    assert webhook["url"] == "http://gateway:8080/api/intake/alertmanager"
    assert webhook["http_config"]["authorization"] == {"credentials_file": "/run/monitoring/intake-token"}
    assert webhook["send_resolved"] is True
