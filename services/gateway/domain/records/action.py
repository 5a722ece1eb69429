"""An action: what someone proposes to do about an incident, who saw and approved it, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.access import Role
from services.gateway.domain.records.base import Facets, Record
from shared.contracts.action import CommandPayload, KubernetesPayload
from shared.contracts.base import Contract


class ActionType(StrEnum):
    """What kind of work it is: a change of a cluster, a command, or something a person does by hand."""

    KUBERNETES = "kubernetes"
    COMMAND = "command"
    MANUAL = "manual"


class ActionRisk(StrEnum):
    """How much can go wrong, from least to most; the approval policy goes by it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class ActionState(StrEnum):
    """Where an action stands; ``domain.actions.states`` says which calls each state takes."""

    PROPOSED = "proposed"
    PREVIEWED = "previewed"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    EXECUTED = "executed"
    FAILED = "failed"


class ManualPayload(Contract, frozen=True, kw_only=True):
    """What a person is to do by hand."""

    instructions: str


Payload = KubernetesPayload | CommandPayload | ManualPayload


class PreviewSeen(Contract, frozen=True, kw_only=True):
    """What an action keeps of one of its previews: whose it is and the digest that stands for it."""

    id: str
    digest: str
    succeeded: bool
    length: int
    redacted: int
    created_by: str
    created_at: datetime


class Approval(Contract, frozen=True, kw_only=True):
    """One person's word that exactly what ``digest`` stands for may be done, until ``expires_at``."""

    by: str
    role: Role
    digest: str
    reason: str = ""
    at: datetime
    expires_at: datetime


class ActionEnd(Contract, frozen=True, kw_only=True):
    """Who rejected or withdrew an action, or let it expire, when and why."""

    by: str
    at: datetime
    reason: str = ""


class Execution(Contract, frozen=True, kw_only=True):
    """Who did it, or says that it was done, when, and what came of it."""

    by: str
    at: datetime
    succeeded: bool
    result: str


class Action(Record, frozen=True, kw_only=True):
    """A proposal with all that was decided about it.

    Its content (type, payload, words, risk) never changes; ``digest`` stands for it. ``expires_at`` is when the
    request, or the approval, ends; ``version`` counts every change of the record.
    """

    KIND: ClassVar[str] = "action"

    id: str
    incident_id: str
    type: ActionType
    # Exactly the one that ``type`` names is set.
    kubernetes: KubernetesPayload | None = None
    command: CommandPayload | None = None
    manual: ManualPayload | None = None
    title: str
    rationale: str = ""
    risk: ActionRisk
    rollback: str = ""
    expected_effect: str = ""
    digest: str
    state: ActionState = ActionState.PROPOSED
    previews: tuple[PreviewSeen, ...] = ()
    approvals: tuple[Approval, ...] = ()
    expires_at: datetime | None = None
    # The timer that lets it expire then.
    expire_job_id: str | None = None
    end: ActionEnd | None = None
    execution: Execution | None = None
    supersedes: str | None = None
    superseded_by: str | None = None
    proposed_by: str
    proposed_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def record_id(self) -> str:
        """The action id."""
        return self.id

    @property
    def payload(self) -> Payload:
        """What is to be done."""
        payload = self.kubernetes or self.command or self.manual
        if payload is None:
            raise ValueError(f"action {self.id} has no payload")
        return payload

    def facets(self) -> Facets:
        """Listed by incident, state and risk, newest first."""
        return Facets(parent=self.incident_id, state=self.state, tag=self.risk, at=self.proposed_at)


class ActionPreview(Record, frozen=True, kw_only=True):
    """What a dry run of an action put out: short text inline, long text as a blob. Never changed."""

    KIND: ClassVar[str] = "action_preview"

    id: str
    action_id: str
    incident_id: str
    text: str | None = None
    blob: str | None = None
    created_at: datetime

    @property
    def record_id(self) -> str:
        """The id."""
        return self.id

    def facets(self) -> Facets:
        """Goes with its incident; ``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(parent=self.incident_id, tag=self.blob, at=self.created_at)
