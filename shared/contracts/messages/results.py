"""What workers report at the internal door of the jobs they did."""

from typing import Literal

import msgspec

from shared.contracts.action import ExecutionOutcome, PreviewOutcome, Verdict
from shared.contracts.base import Contract
from shared.contracts.command import CommandOutcome
from shared.contracts.signal import ChangeEvent, NormalisedSignal


class DeliveryNormalised(Contract, frozen=True, kw_only=True, tag="normalised", tag_field="type"):
    """The delivery was understood: its signals, in the order of the body, and what the reader should know."""

    job_id: str
    attempt: int
    delivery_id: str
    signals: tuple[NormalisedSignal, ...]
    # What was changed on purpose, as far as the body tells of that; context, never an incident.
    changes: tuple[ChangeEvent, ...] = ()
    warnings: tuple[str, ...] = ()
    # How many alerts the sender says it left out of the body; those are unknown, not resolved.
    truncated: int = 0


class DeliveryQuarantined(Contract, frozen=True, kw_only=True, tag="quarantined", tag_field="type"):
    """The delivery can never be understood as it is: a frozen ``code`` and a reason a person can act on."""

    job_id: str
    attempt: int
    delivery_id: str
    code: str
    reason: str


class ResourceDiagnosed(Contract, frozen=True, kw_only=True, tag="diagnosed", tag_field="type"):
    """The diagnosis as JSON. Exactly one of ``text`` (small) and ``blob`` (its digest, put before) is set."""

    job_id: str
    attempt: int
    text: str | None = None
    blob: str | None = None


class InventoryTaken(Contract, frozen=True, kw_only=True, tag="inventory_taken", tag_field="type"):
    """A ``ClusterNames`` as JSON. Exactly one of ``text`` (small) and ``blob`` (its digest, put before) is set."""

    job_id: str
    attempt: int
    text: str | None = None
    blob: str | None = None


class IncidentInvestigated(Contract, frozen=True, kw_only=True, tag="investigated", tag_field="type"):
    """An ``Investigation`` as JSON. Exactly one of ``text`` (small) and ``blob`` (its digest, put before) is set.

    ``snapshot`` is the digest of what was looked at, put before.
    """

    job_id: str
    attempt: int
    snapshot: str
    text: str | None = None
    blob: str | None = None


class ActionPreviewed(Contract, frozen=True, kw_only=True, tag="action_previewed", tag_field="type"):
    """What a dry run of an action said."""

    job_id: str
    attempt: int
    outcome: PreviewOutcome


class ActionDone(Contract, frozen=True, kw_only=True, tag="action_done", tag_field="type"):
    """What came of an execution; exactly one of ``change`` and ``command`` is set."""

    job_id: str
    attempt: int
    change: ExecutionOutcome | None = None
    command: CommandOutcome | None = None


class ActionVerified(Contract, frozen=True, kw_only=True, tag="action_verified", tag_field="type"):
    """What one look said of what an action was to bring about."""

    job_id: str
    attempt: int
    verdict: Verdict


class JobFailed(Contract, frozen=True, kw_only=True, tag="failed", tag_field="type"):
    """This attempt failed; ``retryable`` says whether another may do better."""

    job_id: str
    attempt: int
    error: str
    retryable: bool


JobResult = (
    DeliveryNormalised
    | DeliveryQuarantined
    | ResourceDiagnosed
    | InventoryTaken
    | IncidentInvestigated
    | ActionPreviewed
    | ActionDone
    | ActionVerified
    | JobFailed
)


class Results(Contract, frozen=True, kw_only=True):
    """A batch of results. Reporting the same (job, attempt) again changes nothing.

    ``traces`` holds the span each was worked out in, as a W3C ``traceparent`` by job id, where work is traced.
    """

    results: tuple[JobResult, ...]
    traces: dict[str, str] = {}
    schema_version: Literal[1] = 1


class ResultsRecorded(Contract, frozen=True, kw_only=True):
    """How many results were new, and how many were known already or came too late and were ignored."""

    recorded: int
    ignored: int


decode_results = msgspec.json.Decoder(Results).decode
