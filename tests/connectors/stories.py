"""The samples of every source, with what the gateway hands on beside the body, and the story they tell."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from services.intake.domain.mapping import Mapping
from services.intake.domain.normalised import Normalised
from services.intake.domain.reading import Reading
from services.intake.handlers import make_sources

SAMPLES = Path(__file__).parents[2] / "data/samples"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
SOURCES = make_sources(Mapping())
_ALIAS = {"identifier": "prod/queue", "identifier_type": "alias"}


@dataclass(frozen=True)
class Sample:
    """A sample and the context the gateway gives it."""

    source: str
    name: str
    context: dict[str, str]

    @property
    def body(self) -> str:
        return (SAMPLES / self.source_folder / f"{self.name}.json").read_text()

    @property
    def source_folder(self) -> str:
        return "generic" if self.source == "webhook" else self.source

    def read(self, at: datetime = NOW) -> Normalised:
        return SOURCES[self.source](Reading(self.body, at, self.headers | self.context))

    @property
    def headers(self) -> dict[str, str]:
        path = SAMPLES / self.source_folder / f"{self.name}.headers.json"
        found = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
        kept = ("content-type", "sentry-hook-resource")
        return {k.lower(): v for k, v in found.items() if k.lower() in kept or k.lower().startswith("ce-")}


def sample(source: str, name: str, **context: str) -> Sample:
    return Sample(source, name, context)


# Firing, its repeat, the resolve, and the problem come back: the same signal all the way.
STORIES: dict[str, tuple[Sample, Sample, Sample, Sample]] = {
    "alertmanager": (
        sample("alertmanager", "01_firing"),
        sample("alertmanager", "02_repeat_same_alert"),
        sample("alertmanager", "03_resolved"),
        sample("alertmanager", "07_refired_same_fingerprint_new_startsat"),
    ),
    "grafana": (
        sample("grafana", "01_firing"),
        sample("grafana", "01_firing"),
        sample("grafana", "02_resolved"),
        sample("grafana", "03_refired"),
    ),
    "pagerduty": (
        sample("pagerduty", "01_trigger"),
        sample("pagerduty", "01_trigger"),
        sample("pagerduty", "03_resolve"),
        sample("pagerduty", "01_trigger"),
    ),
    "opsgenie": (
        sample("opsgenie", "01_create", action="create"),
        sample("opsgenie", "04_webhook_create"),
        sample("opsgenie", "03_close", action="close", **_ALIAS),
        sample("opsgenie", "01_create", action="create"),
    ),
    "datadog": (
        sample("datadog", "01_triggered"),
        sample("datadog", "02_renotify"),
        sample("datadog", "03_recovered"),
        sample("datadog", "01_triggered"),
    ),
    "sentry": (
        sample("sentry", "01_issue_created"),
        sample("sentry", "05_event_alert"),
        sample("sentry", "03_issue_resolved"),
        sample("sentry", "04_issue_unresolved"),
    ),
    "cloudevents": (
        sample("cloudevents", "01_structured_firing"),
        sample("cloudevents", "03_binary_firing"),
        sample("cloudevents", "02_structured_resolved"),
        sample("cloudevents", "01_structured_firing"),
    ),
}
