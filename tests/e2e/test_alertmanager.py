import pytest

from tests.e2e import demo_alertmanager

_missing = demo_alertmanager.missing_programs()


@pytest.mark.system_package("prometheus, prometheus-alertmanager")
@pytest.mark.skipif(bool(_missing), reason=f"system packages not installed: {', '.join(_missing)}")
def test_a_real_alert_becomes_an_incident_and_resolves(tmp_path):
    story = demo_alertmanager.play(tmp_path)

    assert story.seconds_to_visible < demo_alertmanager.SECONDS_TO_VISIBLE
    assert story.opened["severity"] == "critical"
    assert story.opened["services"] == ["checkout"]
    entities = {(entity["kind"], entity["name"]) for entity in story.opened["entities"]}
    assert {("pod", "checkout-7d9f-abcde"), ("service", "checkout"), ("namespace", "pay")} <= {
        (kind.lower(), name) for kind, name in entities
    }
    assert [signal["name"] for signal in story.signals] == ["CheckoutDown"]
    assert story.resolved["status"] == "resolved"
    assert [entry["type"] for entry in story.timeline] == ["incident_opened", "signal_resolved", "status_changed"]
    assert [entry["sequence"] for entry in story.timeline] == [1, 2, 3]
