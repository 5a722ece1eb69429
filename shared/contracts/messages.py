"""What travels between the gateway and its workers: queue messages, and the calls of the internal door.

Every message carries ``schema_version``; a reader refuses a version it does not know.
"""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from shared.contracts.action import (
    ApprovedChange,
    CommandPayload,
    ExecutionOutcome,
    Expectation,
    KubernetesPayload,
    PreviewOutcome,
    Verdict,
)
from shared.contracts.base import Contract
from shared.contracts.command import CommandOutcome
from shared.contracts.diagnosis import DiagnosedResource
from shared.contracts.investigation import InvestigationQuestion
from shared.contracts.signal import ChangeEvent, NormalisedSignal
from shared.contracts.trail import Trail

SCHEMA_VERSION = 1


# --- gateway → queue → worker -------------------------------------------------------------------


class DeliveryToNormalise(Contract, frozen=True, kw_only=True):
    """One delivery in a batch. Exactly one of ``body`` (small, UTF-8) and ``blob`` (its digest) is set.

    ``context`` is what the request said beside its body and the reader needs: the kept headers by lower-case
    name (``content-type``, ``ce-…``, ``sentry-hook-resource``) and, where the address names an operation,
    ``action``, ``identifier`` and ``identifier_type``. ``mapping`` holds the paths of the generic mapping by
    field where the gateway has one; it stands in place of the worker's own.
    """

    job_id: str
    attempt: int
    delivery_id: str
    source: str
    received_at: datetime
    body: str | None = None
    blob: str | None = None
    context: dict[str, str] = {}
    mapping: dict[str, tuple[str, ...]] | None = None
    trail: Trail | None = None

    # A delivery is of no incident yet.
    incident_id: ClassVar[None] = None


class NormaliseDeliveries(Contract, frozen=True, kw_only=True):
    """A batch of deliveries for the intake worker; each is a job of its own and is answered on its own.

    ``claim`` asks the worker to claim each job before it works on it: set for work that was lost once, so
    that only attempts which really began count towards a dead letter.
    """

    message_id: str
    deliveries: tuple[DeliveryToNormalise, ...]
    claim: bool = False
    schema_version: Literal[1] = 1


class DiagnoseResource(Contract, frozen=True, kw_only=True):
    """Diagnose one object; ``resource.cluster`` is the context it is looked for in. The attempt is always claimed."""

    message_id: str
    job_id: str
    attempt: int
    resource: DiagnosedResource
    incident_id: str | None = None
    trail: Trail | None = None
    schema_version: Literal[1] = 1


class TakeInventory(Contract, frozen=True, kw_only=True):
    """List the contexts a worker knows, and what there is in each by name. The attempt is always claimed."""

    message_id: str
    job_id: str
    attempt: int
    incident_id: str | None = None
    trail: Trail | None = None
    schema_version: Literal[1] = 1


class InvestigateIncident(Contract, frozen=True, kw_only=True):
    """Investigate around an incident, in the cluster the worker calls ``context``. The attempt is always claimed.

    ``earlier`` is the digest of what an earlier investigation kept, to be compared with; None: there is none.
    """

    message_id: str
    job_id: str
    attempt: int
    context: str
    question: InvestigationQuestion
    earlier: str | None = None
    incident_id: str | None = None
    trail: Trail | None = None
    schema_version: Literal[1] = 1


class ActionJob(Contract, frozen=True, kw_only=True):
    """Preview, execute or verify an action, as the task's name says. The attempt is always claimed.

    What is to be done comes with the claim and never through the broker: whoever can write to a queue can make the
    worker ask, and nothing else.
    """

    message_id: str
    job_id: str
    attempt: int
    incident_id: str | None = None
    trail: Trail | None = None
    schema_version: Literal[1] = 1


# --- worker → internal door ---------------------------------------------------------------------


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


class Claim(Contract, frozen=True, kw_only=True):
    """A worker asks to begin (job, attempt). Answered with ``Claimed``, or refused with 409.

    ``task`` is the task it was handed; a job of another is not begun. Empty: it does not matter.
    """

    job_id: str
    attempt: int
    worker: str
    task: str = ""


class PreviewOrder(Contract, frozen=True, kw_only=True, tag="preview", tag_field="type"):
    """Say what this change would do."""

    payload: KubernetesPayload


class ExecuteOrder(Contract, frozen=True, kw_only=True, tag="execute", tag_field="type"):
    """Do what was approved, and nothing else; exactly one of ``change`` and ``command`` is set."""

    action_id: str
    change: ApprovedChange | None = None
    command: CommandPayload | None = None


class VerifyOrder(Contract, frozen=True, kw_only=True, tag="verify", tag_field="type"):
    """Look whether this is so."""

    expectation: Expectation


ActionOrder = PreviewOrder | ExecuteOrder | VerifyOrder


class Claimed(Contract, frozen=True, kw_only=True):
    """The job is the worker's for ``lease_seconds``; every beat renews it.

    ``order`` is what the actions worker is to do; other jobs have none.
    """

    token: str
    lease_seconds: float
    order: ActionOrder | None = None


class Beat(Contract, frozen=True, kw_only=True):
    """The worker is alive; ``progress`` is 0..1, or None where the worker cannot tell.

    ``output`` is the end of what a command put out so far, secrets taken out of it; ``done`` are the steps that were
    done outside, the newest last: what is known of them should the worker die.
    """

    token: str
    progress: float | None = None
    note: str = ""
    output: str = ""
    done: tuple[str, ...] = ()


class BeatAnswer(Contract, frozen=True, kw_only=True):
    """Go on, or stop: because someone cancelled the job (``is_cancelled``), or it is not this attempt's any more."""

    cancel: bool
    is_cancelled: bool = False


class Hello(Contract, frozen=True, kw_only=True):
    """What a worker says of itself when it starts, every few seconds after, and when it was told to stop.

    ``clusters`` are the names it can read (the actions worker: change) them by; a worker that reads none has none.
    ``runs_commands``: it has a policy for commands. ``is_leaving``: it takes no more work.
    """

    service: str
    worker: str
    version: str
    queues: tuple[str, ...]
    clusters: tuple[str, ...] = ()
    runs_commands: bool = False
    is_leaving: bool = False


encode = msgspec.json.Encoder().encode
decode_results = msgspec.json.Decoder(Results).decode
decode_normalise_deliveries = msgspec.json.Decoder(NormaliseDeliveries).decode
decode_diagnose_resource = msgspec.json.Decoder(DiagnoseResource).decode
decode_take_inventory = msgspec.json.Decoder(TakeInventory).decode
decode_investigate_incident = msgspec.json.Decoder(InvestigateIncident).decode
decode_action_job = msgspec.json.Decoder(ActionJob).decode
decode_claim = msgspec.json.Decoder(Claim).decode
decode_beat = msgspec.json.Decoder(Beat).decode
decode_hello = msgspec.json.Decoder(Hello).decode
