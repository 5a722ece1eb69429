from services.gateway.domain.grouping import derive_dedup_key
from services.gateway.domain.rules import Facts
from tests.support.builders import a_signal
from tests.unit.gateway.domain.rules.cases import a_report, the_facts


def test_a_place_is_read_from_the_grouping_labels_before_the_others():
    facts = the_facts(group_labels={"namespace": "pay"}, labels={"namespace": "monitoring", "cluster": "eu-1"})

    assert (facts.namespace, facts.cluster) == ("pay", "eu-1")


def test_what_a_signal_lacks_is_empty_and_a_label_it_lacks_is_none():
    facts = the_facts(service=None, group_labels={}, labels={})

    assert (facts.service, facts.namespace, facts.cluster, facts.dedup_key) == ("", "", "", "")
    assert facts.value("service") == ""
    assert facts.value("labels.team") is None


def test_a_stored_signal_shows_what_its_report_showed():
    report = a_report(dedup_key="k", description="More words")
    kept = {name: getattr(report, name) for name in ("source", "name", "title", "description", "labels", "dedup_key")}
    signal = a_signal(fingerprint=report.fingerprint, group_labels=report.group_labels, service=report.service, **kept)

    of_signal, of_report = Facts.of_signal(signal), Facts.of_report(report)

    assert all(
        getattr(of_signal, name) == getattr(of_report, name) for name in Facts.__dataclass_fields__ if name != "report"
    )
    assert of_signal.default_key == of_report.default_key == derive_dedup_key(report)


def test_the_context_is_made_once():
    facts = the_facts()

    assert facts.context is facts.context
