"""What the inbox can be counted by: facets with their values, and the times incidents took."""

from datetime import date

from services.gateway.domain.records import IncidentStatus
from shared.contracts.base import Contract

MOST_VALUES = 50
"""How many values of a facet that has no fixed words are given, and of how many services the times."""

NOT_MEASURED = frozenset({IncidentStatus.CANCELLED, IncidentStatus.MERGED})
"""What became nothing, or part of another, says nothing about how long an outage took."""


class FacetValue(Contract, frozen=True, kw_only=True):
    """A value of a facet and how many incidents have it; None stands for having none."""

    value: str | None
    count: int


class IncidentFacets(Contract, frozen=True, kw_only=True):
    """How many incidents match, and how many have each value of each facet.

    Statuses, severities and sources are all there, in their order; of the others the ``MOST_VALUES`` that most
    incidents have, then by name. A label's value is ``key:value``, as the filter takes it.
    """

    total: int
    status: tuple[FacetValue, ...]
    severity: tuple[FacetValue, ...]
    source: tuple[FacetValue, ...]
    owner: tuple[FacetValue, ...]
    service: tuple[FacetValue, ...]
    label_key: tuple[FacetValue, ...]
    label: tuple[FacetValue, ...]


class Taken(Contract, frozen=True, kw_only=True):
    """How long something took: of how many incidents it is known, and the mean and median of those."""

    count: int
    mean_seconds: float | None
    median_seconds: float | None


class Times(Contract, frozen=True, kw_only=True):
    """How long incidents took from detection until somebody had them, and until they were resolved."""

    incidents: int
    time_to_acknowledge: Taken
    time_to_resolve: Taken


class DayFigures(Contract, frozen=True, kw_only=True):
    """How many incidents were opened on a day (UTC), and how many that are resolved were resolved on it.

    The means are of those that were acknowledged, or resolved, on that day; None where none was.
    """

    day: date
    opened: int
    resolved: int
    mean_seconds_to_acknowledge: float | None
    mean_seconds_to_resolve: float | None


class IncidentFigures(Contract, frozen=True, kw_only=True):
    """Counts and times of the incidents that match. Of services, the ``MOST_VALUES`` with the most incidents."""

    total: int
    by_status: dict[str, int]
    by_severity: dict[str, int]
    times: Times
    times_by_severity: dict[str, Times]
    times_by_service: dict[str, Times]
    per_day: tuple[DayFigures, ...]
