"""An action: what someone proposes to do about an incident, who saw and approved it, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.access import Role
from services.gateway.domain.records.base import Facets, Record
from shared.contracts.action import CommandPayload, Expectation, KubernetesPayload
from shared.contracts.base import Contract

KNOWN_PLACES = "current"


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
    EXECUTING = "executing"
    # The target is not any more what was approved; nothing was done, and it waits for approval of what it would do now.
    STALE = "stale"
    EXECUTED = "executed"
    # It was executed, and what it was to bring about is so; or is not so.
    VERIFIED = "verified"
    INEFFECTIVE = "ineffective"
    FAILED = "failed"
    # Whether it was done is not known: a person must look.
    UNKNOWN = "unknown"


class ManualPayload(Contract, frozen=True, kw_only=True):
    """What a person is to do by hand."""

    instructions: str


Payload = KubernetesPayload | CommandPayload | ManualPayload


class PreviewSeen(Contract, frozen=True, kw_only=True):
    """What an action keeps of one of its previews: whose it is and the digest that stands for it.

    ``target_digest`` is set where the actions worker made it: it stands for the object and the fields that the change
    reads or writes. ``no_preview`` is why there is no dry run all the same.
    """

    id: str
    digest: str
    succeeded: bool
    length: int
    redacted: int
    target_digest: str | None = None
    no_preview: str | None = None
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
    """Who had it done, or says that it was done, when, and what came of it.

    ``succeeded`` is None while it is under way, and where nobody knows. ``code`` is the frozen name of what went wrong,
    ``look`` the command that shows whether it was done, ``output_id`` what it put out. ``rollback`` would undo it.
    """

    by: str
    at: datetime
    succeeded: bool | None
    result: str
    code: str = ""
    # Why it could not wait for a freeze to end.
    break_glass: str = ""
    job_id: str | None = None
    finished_at: datetime | None = None
    done: tuple[str, ...] = ()
    look: str = ""
    output_id: str | None = None
    rollback: KubernetesPayload | None = None


class Verification(Contract, frozen=True, kw_only=True):
    """Whether what an action was to bring about has become so; ``until`` is when it must have.

    ``words`` are those of the last look; ``job_id`` is that of the next, and None when there is none any more.
    """

    expectation: Expectation
    until: datetime
    looks: int = 0
    words: str = ""
    checked_at: datetime | None = None
    job_id: str | None = None


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
    # Since when it waits for approval, by whatever it became so; None while it does not.
    waits_since: datetime | None = None
    # The timer that lets it expire then.
    expire_job_id: str | None = None
    end: ActionEnd | None = None
    execution: Execution | None = None
    verification: Verification | None = None
    # The dry run that the actions worker was asked for and has not reported.
    preview_job_id: str | None = None
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


class ActionOutput(Record, frozen=True, kw_only=True):
    """What an execution put out, secrets taken out of it: short text inline, long text as a blob. Never changed.

    ``digest`` and ``length`` are those of the whole, of which the middle may be left out (``truncated``).
    """

    KIND: ClassVar[str] = "action_output"

    id: str
    action_id: str
    incident_id: str
    text: str | None = None
    blob: str | None = None
    digest: str
    length: int
    truncated: bool = False
    redacted: int = 0
    created_at: datetime

    @property
    def record_id(self) -> str:
        """The id."""
        return self.id

    def facets(self) -> Facets:
        """Goes with its incident; ``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(parent=self.incident_id, tag=self.blob, at=self.created_at)


class ActionPlaces(Record, frozen=True, kw_only=True):
    """Which clusters all actions workers heard lately can change, and whether they run commands; there is one."""

    KIND: ClassVar[str] = "action_places"

    names: tuple[str, ...] = ()
    runs_commands: bool = False
    updated_at: datetime

    @property
    def record_id(self) -> str:
        """Always the same."""
        return KNOWN_PLACES

    def facets(self) -> Facets:
        """It is found by its id."""
        return Facets()
