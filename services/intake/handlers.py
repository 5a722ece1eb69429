"""Turn a batch of deliveries into results: one for each, whatever is in it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus

import structlog

from services.intake.domain.alertmanager import normalise_alertmanager, normalise_grafana
from services.intake.domain.cloudevents import normalise_cloudevents
from services.intake.domain.datadog import normalise_datadog
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.generic import normalise_generic
from services.intake.domain.mapping import Mapping as PathMapping
from services.intake.domain.mapping import override
from services.intake.domain.normalised import Normalised
from services.intake.domain.opsgenie import normalise_opsgenie
from services.intake.domain.pagerduty import normalise_pagerduty
from services.intake.domain.reading import Reading
from services.intake.domain.sentry import normalise_sentry
from services.intake.ports import Blobs, Door
from shared.adapters.door_client import DoorRefused
from shared.contracts.messages import (
    Claim,
    DeliveryNormalised,
    DeliveryQuarantined,
    DeliveryToNormalise,
    JobFailed,
    JobResult,
    NormaliseDeliveries,
    Results,
    encode,
)
from shared.errors import AppError, TransientError

log = structlog.get_logger(__name__)

Normalise = Callable[[Reading], Normalised]
Sources = Mapping[str, Normalise]
# Holds while one delivery is worked on.
Working = Callable[[DeliveryToNormalise], AbstractContextManager[object]]

# The door takes 16 MiB at once; a report is cut well before, also so that the gateway's commits stay short.
_REPORT_BYTES = 2 << 20
# A report is one commit, and each signal changes several records.
_REPORT_SIGNALS = 1_000
# What the door says of the content of a report: the same bytes will be refused again. Any other refusal (a wrong
# key, a wrong address) says nothing of the delivery, which must not pay for it.
_REFUSED_FOR_GOOD = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
_ERROR_LENGTH = 2_000


def make_sources(mapping: PathMapping) -> Sources:
    """Return how each source is read; ``mapping`` is where the generic one looks unless a delivery says otherwise."""

    def mapping_of(reading: Reading) -> PathMapping:
        if not reading.paths:
            return mapping
        try:
            return override(mapping, reading.paths)
        except ValueError as error:
            raise NotUnderstood("bad_mapping", f"the mapping in force cannot be used: {error}") from error

    return {
        "alertmanager": lambda reading: normalise_alertmanager(reading.body, reading.received_at),
        "grafana": lambda reading: normalise_grafana(reading.body, reading.received_at),
        "pagerduty": normalise_pagerduty,
        "opsgenie": normalise_opsgenie,
        "datadog": normalise_datadog,
        "sentry": normalise_sentry,
        "cloudevents": lambda reading: normalise_cloudevents(reading, mapping_of(reading)),
        "webhook": lambda reading: normalise_generic(reading.body, reading.received_at, "webhook", mapping_of(reading)),
    }


def work_off(
    message: NormaliseDeliveries, sources: Sources, door: Door, *, worker: str, working: Working = nullcontext
) -> None:
    """Normalise every delivery of the message that is ours to do, and report; large batches in several reports.

    A result the door refuses for good fails its own job, with the door's reason. Raises ``AppError`` if the door
    cannot be reached or refuses us as such: leases bring back what was not reported.
    """

    def results() -> Iterator[JobResult]:
        for delivery in message.deliveries:
            with working(delivery):
                if message.claim and not _claim(door, delivery, worker):
                    continue
                result = normalise_delivery(delivery, sources, door)
            yield result

    for report in _cut(results()):
        _report(door, report)


def normalise_delivery(delivery: DeliveryToNormalise, sources: Sources, blobs: Blobs) -> JobResult:
    """Return what became of one delivery: its signals, a quarantine with the reason, or a failure."""
    try:
        normalise = _reader_of(sources, delivery.source)
        body = _body_of(delivery, blobs)
        normalised = normalise(Reading(body, delivery.received_at, delivery.context, delivery.mapping))
    except NotUnderstood as problem:
        return _quarantined(delivery, problem.code, problem.reason)
    except AppError as error:
        return _failed(delivery, f"{error.code}: {error.detail}", retryable=isinstance(error, TransientError))
    except Exception as error:
        # The last line: a defect of ours must cost its own delivery only. It will not pass by itself.
        log.exception("a delivery could not be normalised", delivery_id=delivery.delivery_id)
        return _quarantined(delivery, "normaliser_failed", f"reading it failed: {type(error).__name__}")
    return DeliveryNormalised(
        job_id=delivery.job_id,
        attempt=delivery.attempt,
        delivery_id=delivery.delivery_id,
        signals=normalised.signals,
        changes=normalised.changes,
        warnings=normalised.warnings,
        truncated=normalised.truncated,
    )


def _cut(results: Iterable[JobResult]) -> Iterator[list[JobResult]]:
    """Yield the results in reports of a size the gateway commits quickly; one larger than that travels alone."""
    report: list[JobResult] = []
    size = signals = 0
    for result in results:
        more_size, more_signals = len(encode(result)), _count_signals(result)
        if report and (size + more_size > _REPORT_BYTES or signals + more_signals > _REPORT_SIGNALS):
            yield report
            report, size, signals = [], 0, 0
        report.append(result)
        size, signals = size + more_size, signals + more_signals
    if report:
        yield report


def _count_signals(result: JobResult) -> int:
    return len(result.signals) if isinstance(result, DeliveryNormalised) else 0


def _report(door: Door, report: list[JobResult]) -> None:
    """Report; if the door refuses for good, each result on its own, so that one costs the others nothing."""
    try:
        door.report(Results(results=tuple(report)))
    except DoorRefused as refused:
        if refused.status not in _REFUSED_FOR_GOOD:
            raise
        if len(report) > 1:
            for result in report:
                _report(door, [result])
        else:
            _report_refusal(door, report[0], refused)


def _report_refusal(door: Door, result: JobResult, refused: DoorRefused) -> None:
    """Fail the job with what the door said, so that its dead letter tells the truth."""
    log.warning("the door refused a result", job_id=result.job_id, problem=refused.detail)
    error = f"the gateway refused the result: {refused.detail}"[:_ERROR_LENGTH]
    failed = JobFailed(job_id=result.job_id, attempt=result.attempt, error=error, retryable=False)
    try:
        door.report(Results(results=(failed,)))
    except DoorRefused:
        # Nothing more can be said of it; its lease brings it back, and in the end dead-letters it.
        log.exception("the door refused to hear of a refusal", job_id=result.job_id)


def _reader_of(sources: Sources, source: str) -> Normalise:
    try:
        return sources[source]
    except KeyError as error:
        raise NotUnderstood("unknown_source", f"this worker does not know the source {source!r}") from error


def _body_of(delivery: DeliveryToNormalise, blobs: Blobs) -> str | bytes:
    body = blobs.get_blob(delivery.blob) if delivery.blob is not None else delivery.body or ""
    if (not body or body.isspace()) and not _says_all_beside(delivery):
        raise NotUnderstood("empty_body", "the request had no body")
    return body


def _says_all_beside(delivery: DeliveryToNormalise) -> bool:
    """Answer whether what the request said beside its body is enough: an address that names what to do, or headers."""
    return "identifier" in delivery.context or "ce-specversion" in delivery.context


def _claim(door: Door, delivery: DeliveryToNormalise, worker: str) -> bool:
    claim = Claim(job_id=delivery.job_id, attempt=delivery.attempt, worker=worker)
    return door.claim(claim) is not None


def _quarantined(delivery: DeliveryToNormalise, code: str, reason: str) -> DeliveryQuarantined:
    return DeliveryQuarantined(
        job_id=delivery.job_id,
        attempt=delivery.attempt,
        delivery_id=delivery.delivery_id,
        code=code,
        reason=reason[:_ERROR_LENGTH],
    )


def _failed(delivery: DeliveryToNormalise, error: str, *, retryable: bool) -> JobFailed:
    return JobFailed(job_id=delivery.job_id, attempt=delivery.attempt, error=error, retryable=retryable)
