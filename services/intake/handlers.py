"""Turn a batch of deliveries into results: one for each, whatever is in it."""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from services.intake.domain.alertmanager import normalise_alertmanager
from services.intake.domain.errors import NotUnderstood
from services.intake.domain.generic import normalise_generic
from services.intake.domain.mapping import Mapping as PathMapping
from services.intake.domain.normalised import Normalised
from services.intake.ports import Blobs, Door
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

Normalise = Callable[[str | bytes, datetime], Normalised]
Sources = Mapping[str, Normalise]

# The door takes 16 MiB at once; a report is cut well before, also so that the gateway's commits stay short.
_REPORT_BYTES = 2 << 20
# A signal says some of what its alert said twice: labels, grouping, entities.
_SIGNAL_WEIGHT = 4


def make_sources(mapping: PathMapping) -> Sources:
    """Return how each source is read."""
    return {
        "alertmanager": normalise_alertmanager,
        "webhook": lambda body, received_at: normalise_generic(body, received_at, "webhook", mapping),
    }


def work_off(message: NormaliseDeliveries, sources: Sources, door: Door, *, worker: str) -> None:
    """Normalise every delivery of the message that is ours to do, and report; large batches in several reports."""
    report: list[JobResult] = []
    weight = 0
    for delivery in message.deliveries:
        if message.claim and not _claim(door, delivery, worker):
            continue
        result = normalise_delivery(delivery, sources, door)
        report.append(result)
        weight += _weight(delivery, result)
        if weight >= _REPORT_BYTES:
            door.report(Results(results=tuple(report)))
            report, weight = [], 0
    if report:
        door.report(Results(results=tuple(report)))


def normalise_delivery(delivery: DeliveryToNormalise, sources: Sources, blobs: Blobs) -> JobResult:
    """Return what became of one delivery: its signals, a quarantine with the reason, or a failure."""
    try:
        normalise = _reader_of(sources, delivery.source)
        normalised = normalise(_body_of(delivery, blobs), delivery.received_at)
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
        warnings=normalised.warnings,
        truncated=normalised.truncated,
    )


def _weight(delivery: DeliveryToNormalise, result: JobResult) -> int:
    """Return about how many bytes the result has on the wire; exact only where it may be much."""
    return len(encode(result)) if delivery.body is None else _SIGNAL_WEIGHT * len(delivery.body)


def _reader_of(sources: Sources, source: str) -> Normalise:
    try:
        return sources[source]
    except KeyError as error:
        raise NotUnderstood("unknown_source", f"this worker does not know the source {source!r}") from error


def _body_of(delivery: DeliveryToNormalise, blobs: Blobs) -> str | bytes:
    body = blobs.get_blob(delivery.blob) if delivery.blob is not None else delivery.body or ""
    if not body or body.isspace():
        raise NotUnderstood("empty_body", "the request had no body")
    return body


def _claim(door: Door, delivery: DeliveryToNormalise, worker: str) -> bool:
    claim = Claim(job_id=delivery.job_id, attempt=delivery.attempt, worker=worker)
    return door.claim(claim) is not None


def _quarantined(delivery: DeliveryToNormalise, code: str, reason: str) -> DeliveryQuarantined:
    return DeliveryQuarantined(
        job_id=delivery.job_id,
        attempt=delivery.attempt,
        delivery_id=delivery.delivery_id,
        code=code,
        reason=reason[:2_000],
    )


def _failed(delivery: DeliveryToNormalise, error: str, *, retryable: bool) -> JobFailed:
    return JobFailed(job_id=delivery.job_id, attempt=delivery.attempt, error=error, retryable=retryable)
