"""The inbox counted one incident after the other, as its words say: what stores are held against."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from statistics import mean, median

import msgspec

from services.gateway.domain.inbox import (
    MOST_VALUES,
    NOT_MEASURED,
    DayFigures,
    FacetValue,
    IncidentFacets,
    IncidentFigures,
    Taken,
    Times,
)
from services.gateway.domain.records import IncidentSource, IncidentStatus, IncidentSummary
from services.gateway.ports import IncidentQuery
from shared.contracts.severity import Severity

Line = tuple[IncidentSummary, str]


def matches(summary: IncidentSummary, text: str, query: IncidentQuery) -> bool:
    """Answer whether an incident with this searchable text is what the query asks for."""
    return (
        (not query.statuses or summary.status in query.statuses)
        and (not query.severities or summary.severity in query.severities)
        and (not query.sources or summary.source in query.sources)
        and (not query.owners or summary.owner in query.owners)
        and (not query.rule_ids or summary.rule_id in query.rule_ids)
        and (not query.services or bool(set(query.services) & set(summary.services)))
        and all(summary.labels.get(key) == value for key, value in query.labels)
        and all(word in text for word in query.text.lower().split())
        and (query.since is None or summary.created_at >= query.since)
        and (query.until is None or summary.created_at < query.until)
        and (query.updated_since is None or summary.updated_at >= query.updated_since)
        and (query.resolved_since is None or _is_resolved_since(summary, query.resolved_since))
    )


def _is_resolved_since(summary: IncidentSummary, moment: datetime) -> bool:
    resolved = summary.milestones.resolved_at
    return resolved is not None and resolved >= moment


def facets_of(lines: Iterable[Line], query: IncidentQuery) -> IncidentFacets:
    """Return the facets, each counted with its own filter left aside."""
    lines = list(lines)

    def those(**changes: object) -> list[IncidentSummary]:
        changed = msgspec.structs.replace(query, **changes)
        return [summary for summary, text in lines if matches(summary, text, changed)]

    whole = those()
    labels = Counter(pair for one in whole for pair in one.labels.items())
    for key in {key for key, _ in query.labels}:
        others = those(labels=tuple(pair for pair in query.labels if pair[0] != key))
        of_key = Counter(pair for one in others for pair in one.labels.items() if pair[0] == key)
        labels = Counter({pair: n for pair, n in labels.items() if pair[0] != key}) + of_key
    return IncidentFacets(
        total=len(whole),
        status=_each(IncidentStatus, Counter(one.status for one in those(statuses=()))),
        severity=_each(Severity, Counter(one.severity for one in those(severities=()))),
        source=_each(IncidentSource, Counter(one.source for one in those(sources=()))),
        owner=_most(Counter(one.owner for one in those(owners=()))),
        service=_most(Counter(name for one in those(services=()) for name in set(one.services))),
        label_key=_most(Counter(key for one in whole for key in one.labels)),
        label=_most(Counter({f"{key}:{value}": n for (key, value), n in labels.items()})),
    )


def figures_of(lines: Iterable[Line], query: IncidentQuery, first: date, last: date) -> IncidentFigures:
    """Return counts and times."""
    lines = list(lines)
    found = [summary for summary, text in lines if matches(summary, text, query)]
    any_time = msgspec.structs.replace(query, since=None, until=None)
    ever = [summary for summary, text in lines if matches(summary, text, any_time)]
    services = _most(Counter(name for one in found for name in set(one.services)))
    return IncidentFigures(
        total=len(found),
        by_status={str(status): sum(one.status is status for one in found) for status in IncidentStatus},
        by_severity={str(severity): sum(one.severity is severity for one in found) for severity in Severity},
        times=_times(found),
        times_by_severity={str(word): _times([one for one in found if one.severity is word]) for word in Severity},
        times_by_service={
            str(service.value): _times([one for one in found if service.value in one.services]) for service in services
        },
        per_day=tuple(_day(ever, first + timedelta(days=n)) for n in range((last - first).days + 1)),
    )


def _day(incidents: list[IncidentSummary], day: date) -> DayFigures:
    resolved = [one.milestones.resolved_at for one in incidents if one.milestones.resolved_at]
    known = [one.milestones for one in incidents if one.status not in NOT_MEASURED]
    acknowledging = [(one.acknowledged_at, one.detected_at) for one in known if one.acknowledged_at]
    resolving = [(one.resolved_at, one.detected_at) for one in known if one.resolved_at]
    return DayFigures(
        day=day,
        opened=sum(one.created_at.date() == day for one in incidents),
        resolved=sum(at.date() == day for at in resolved),
        mean_seconds_to_acknowledge=_mean(acknowledging, day),
        mean_seconds_to_resolve=_mean(resolving, day),
    )


def _mean(spans: list[tuple[datetime, datetime]], day: date) -> float | None:
    return _taken([(end - begin).total_seconds() for end, begin in spans if end.date() == day]).mean_seconds


def _times(incidents: list[IncidentSummary]) -> Times:
    known = [one.milestones for one in incidents if one.status not in NOT_MEASURED]
    acknowledged = [(one.acknowledged_at - one.detected_at).total_seconds() for one in known if one.acknowledged_at]
    resolved = [(one.resolved_at - one.detected_at).total_seconds() for one in known if one.resolved_at]
    return Times(incidents=len(incidents), time_to_acknowledge=_taken(acknowledged), time_to_resolve=_taken(resolved))


def _taken(seconds: list[float]) -> Taken:
    if not seconds:
        return Taken(count=0, mean_seconds=None, median_seconds=None)
    seconds = [max(0.0, one) for one in seconds]
    return Taken(
        count=len(seconds), mean_seconds=round(mean(seconds), 3), median_seconds=round(float(median(seconds)), 3)
    )


def _each(words: Iterable[str], counts: Counter[str]) -> tuple[FacetValue, ...]:
    return tuple(FacetValue(value=str(word), count=counts[word]) for word in words)


def _most(counts: Counter[str | None] | Counter[str]) -> tuple[FacetValue, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0] or ""))
    return tuple(FacetValue(value=value, count=count) for value, count in ordered[:MOST_VALUES])
