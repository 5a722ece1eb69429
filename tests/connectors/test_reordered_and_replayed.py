"""What each source tells is read and applied; whatever order workers report in, and however often, the end is one."""

from itertools import permutations
from typing import NamedTuple

import pytest

from services.gateway.domain.records import Delivery, DeliveryState, IncidentStatus, Job, JobState, Signal
from services.intake.domain.normalised import Normalised
from shared.contracts.messages import DeliveryNormalised
from shared.contracts.signal import SignalStatus
from tests.support.gateway_core import Gateway, normalised
from tests.support.samples import Connector

BY_ALIAS = {"identifier": "payments-queue-depth", "identifier_type": "alias"}
CREATE, ACKNOWLEDGE, CLOSE = {"action": "create"}, {"action": "acknowledge"} | BY_ALIAS, {"action": "close"} | BY_ALIAS
OPEN = set(IncidentStatus) - {IncidentStatus.RESOLVED, IncidentStatus.CLOSED}


class Chapter(NamedTuple):
    """One delivery of a story: a sample, and what its address said."""

    sample: str
    context: dict[str, str] = {}


def tell(*samples: str) -> list[Chapter]:
    return [Chapter(sample) for sample in samples]


# Fires, repeats, resolves, fires again, resolves again; what is acknowledged is so before the resolve.
STORIES = {
    "alertmanager": tell(
        "01_firing", "02_repeat_same_alert", "03_resolved", "07_refired_same_fingerprint_new_startsat"
    ),
    "grafana": tell(
        "01_firing", "02_repeat_other_values", "03_resolved", "04_refired_new_startsat", "05_resolved_again"
    ),
    "pagerduty": tell("01_trigger", "02_acknowledge", "03_resolve", "04_refire", "03_resolve"),
    "opsgenie": [
        Chapter("01_create", CREATE),
        Chapter("03_acknowledge", ACKNOWLEDGE),
        Chapter("04_close", CLOSE),
        Chapter("02_create_again_other_words", CREATE),
        Chapter("04_close", CLOSE),
    ],
    "opsgenie's webhook": tell(
        "05_hook_create", "06_hook_acknowledge", "07_hook_close", "05_hook_create", "07_hook_close"
    ),
    "datadog": tell("01_triggered", "02_renotify", "03_recovered", "04_triggered_again", "05_recovered_again"),
    "datadog's default": tell(
        *("06_default_payload_triggered", "06_default_payload_triggered", "07_default_payload_recovered"),
        *("06_default_payload_triggered", "07_default_payload_recovered"),
    ),
    "sentry": tell(
        *("01_issue_created", "02_event_alert_of_the_issue", "04_issue_resolved"),
        *("05_issue_unresolved_regressed", "06_issue_archived"),
    ),
    "sentry's metric": tell(
        *("07_metric_alert_warning", "08_metric_alert_critical", "09_metric_alert_resolved"),
        *("08_metric_alert_critical", "09_metric_alert_resolved"),
    ),
    "cloudevents": tell(
        *("01_firing_structured", "02_repeat_other_words", "03_resolved_binary"),
        *("04_refired_in_a_batch", "05_resolved_in_a_batch"),
    ),
}
ENDS_FIRING = {"alertmanager"}
CASES = [(story, len(chapters)) for story, chapters in STORIES.items()]
CASES += [(story, len(chapters) - 1) for story, chapters in STORIES.items() if story not in ENDS_FIRING]


class Told:
    """A story whose deliveries were accepted in order and not yet worked off."""

    def __init__(self, story: str, length: int) -> None:
        self.gateway = Gateway()
        self.results: list[DeliveryNormalised] = []
        connector = Connector(story.partition("'")[0])
        for chapter in STORIES[story][:length]:
            name, at = self.gateway.accept(), self.gateway.clock.now()
            read: Normalised = connector.read_sample(chapter.sample, at, **chapter.context)
            self.results.append(normalised(name, *read.signals, changes=read.changes))
            self.gateway.clock.advance(60)

    def work_off(self, order: tuple[int, ...]) -> None:
        for position in order:
            result = self.results[position]
            recorded = self.gateway.record(result)
            again = self.gateway.record(result)
            assert (recorded.recorded, recorded.ignored, again.recorded, again.ignored) == (1, 0, 0, 1)

    def signals(self) -> dict[str, tuple]:
        found = {}
        for fingerprint in {signal.fingerprint for result in self.results for signal in result.signals}:
            signal = self.gateway.store.get(Signal, fingerprint)
            found[fingerprint] = (signal.status, signal.title, signal.severity, signal.service, signal.count)
        return found

    def count_open(self) -> int:
        return sum(incident.status in OPEN for incident in self.gateway.incidents())

    def check_each_delivery(self) -> None:
        for result in self.results:
            delivery = self.gateway.store.get(Delivery, result.delivery_id)
            assert delivery.state is DeliveryState.PROCESSED
            assert [outcome.fingerprint for outcome in delivery.signals] == [s.fingerprint for s in result.signals]
            assert self.gateway.store.get(Job, result.job_id).state is JobState.SUCCEEDED


@pytest.mark.parametrize(("story", "length"), CASES)
def test_the_end_is_the_same_in_whatever_order_and_however_often_it_is_reported(story, length):
    in_order = Told(story, length)
    in_order.work_off(tuple(range(length)))
    expected = in_order.signals()
    is_over = {status for status, *_ in expected.values()} == {SignalStatus.RESOLVED}
    assert is_over == (length == len(STORIES[story]) and story not in ENDS_FIRING)

    for order in permutations(range(length)):
        told = Told(story, length)
        told.work_off(order)

        assert told.signals() == expected, order
        told.check_each_delivery()
        assert told.count_open() <= 1, order
        told.gateway.pass_time(hours=1)
        assert told.count_open() == (0 if is_over else 1), order
