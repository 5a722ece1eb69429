"""What the gateway puts in the queues for its workers to do."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from shared.contracts.base import Contract
from shared.contracts.diagnosis import DiagnosedResource
from shared.contracts.investigation import InvestigationQuestion
from shared.contracts.trail import Trail


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


decode_normalise_deliveries = msgspec.json.Decoder(NormaliseDeliveries).decode
decode_diagnose_resource = msgspec.json.Decoder(DiagnoseResource).decode
decode_take_inventory = msgspec.json.Decoder(TakeInventory).decode
decode_investigate_incident = msgspec.json.Decoder(InvestigateIncident).decode
decode_action_job = msgspec.json.Decoder(ActionJob).decode
