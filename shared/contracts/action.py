"""What an action asks to be done: to an object of a cluster, or by a program."""

from enum import StrEnum
from typing import Any

from shared.contracts.base import Contract


class KubernetesVerb(StrEnum):
    """What may be proposed to be done to an object of a cluster."""

    SCALE = "scale"
    RESTART = "restart"
    ROLLBACK = "rollback"
    DELETE_POD = "delete-pod"
    CORDON = "cordon"
    UNCORDON = "uncordon"
    DRAIN = "drain"
    PATCH = "patch"
    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"
    EVICT = "evict"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    SET_IMAGE = "set-image"
    SET_RESOURCES = "set-resources"
    APPLY = "apply"


class KubernetesPayload(Contract, frozen=True, kw_only=True):
    """One change of one object. No ``namespace`` means that the object has none; nothing ever takes a default."""

    verb: KubernetesVerb
    context: str
    namespace: str | None = None
    kind: str
    name: str
    parameters: dict[str, Any] = {}


class CommandPayload(Contract, frozen=True, kw_only=True):
    """A program with its arguments, each as it is: no shell reads them. ``target`` says where it is to run."""

    argv: tuple[str, ...]
    target: str


class RbacRule(Contract, frozen=True, kw_only=True):
    """A right an account needs, as a role would grant it. ``resource`` may be ``pods/eviction``."""

    api_group: str
    resource: str
    verbs: tuple[str, ...]
    # None: it is needed in the whole cluster.
    namespace: str | None = None


class ExpectationCheck(StrEnum):
    """Which look tells whether a change had its effect."""

    ROLLOUT = "rollout"
    REPLICAS = "replicas"
    FIELD = "field"
    GONE = "gone"
    DRAINED = "drained"
    ENDPOINTS = "endpoints"


class Expectation(Contract, frozen=True, kw_only=True):
    """What should become true of one object once a change of it was made.

    ``uid`` is the object's; none where only its name counts. ``field`` is a path such as ``spec.paused``, and
    ``value`` what should stand there (None: nothing).
    """

    check: ExpectationCheck
    context: str
    namespace: str | None = None
    kind: str
    name: str
    uid: str | None = None
    # The least generation that holds the change; an older status says nothing of it.
    generation: int = 0
    field: str = ""
    value: bool | int | str | None = None
    # What a drain was allowed to evict beside the rest.
    parameters: dict[str, Any] = {}
    words: str = ""


class VerdictState(StrEnum):
    """What one look said of an expectation; ``cannot_hold`` is for ever, unless somebody does something.

    ``not_seen``: it could not be looked at, which says nothing of what was to be seen.
    """

    HOLDS = "holds"
    NOT_YET = "not_yet"
    CANNOT_HOLD = "cannot_hold"
    NOT_SEEN = "not_seen"


class Verdict(Contract, frozen=True, kw_only=True):
    """What one look said, and in words why."""

    state: VerdictState
    words: str


class NoPreviewReason(StrEnum):
    """Why there is no dry run of a change."""

    # The request itself makes no sense, or not for this object as it is.
    NOT_POSSIBLE = "not_possible"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    ADMISSION_REFUSED = "admission_refused"
    NO_DRY_RUN = "no_dry_run"
    CONFLICT = "conflict"
    BUSY = "busy"
    # Nobody answered, or not as an API server does.
    UNAVAILABLE = "unavailable"


class NoPreview(Contract, frozen=True, kw_only=True):
    """Why nothing can be shown, for a person; ``problems`` by place (``payload.parameters.replicas``)."""

    reason: NoPreviewReason
    words: str
    problems: dict[str, list[str]] = {}
    # What would have to be granted, where that is the reason.
    needs: tuple[RbacRule, ...] = ()


class PreviewOutcome(Contract, frozen=True, kw_only=True):
    """What a change would do, by a dry run on the server; or why that cannot be said.

    ``target_digest`` (SHA-256, hex) stands for the object, the parameters and the fields that the change reads or
    writes; execution demands the same. ``fields`` are for people: secrets masked, long values cut. Where there is
    ``no_preview`` but the object was read, digest, uid, fields and warnings are still given.
    """

    target_digest: str | None = None
    uid: str | None = None
    fields: dict[str, Any] = {}
    diff: str = ""
    # The diff was longer than may be kept, and says so at its end.
    truncated: bool = False
    warnings: tuple[str, ...] = ()
    # What would undo it; None where nothing would.
    rollback: KubernetesPayload | None = None
    rollback_words: str = ""
    needs: tuple[RbacRule, ...] = ()
    no_preview: NoPreview | None = None


class ApprovedChange(Contract, frozen=True, kw_only=True):
    """A change with the digest of the target that was approved."""

    payload: KubernetesPayload
    target_digest: str


class ExecutionState(StrEnum):
    """What came of an execution."""

    SUCCEEDED = "succeeded"
    # Nothing was done.
    FAILED = "failed"
    # Nothing was done: the target is not any more what was approved.
    STALE = "stale"
    # Some steps were done (``done`` lists them), and then one failed for good.
    PARTIAL = "partial"
    # Whether the last step was done is not known; ``look`` says how to find out.
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class StepsDone(Contract, frozen=True, kw_only=True):
    """How far a change of several steps has got; ``doing`` is the step under way, which may or may not be done."""

    done: tuple[str, ...] = ()
    doing: str = ""
    total: int = 1


class ExecutionOutcome(Contract, frozen=True, kw_only=True):
    """What came of an execution, in words for a person and in parts for the record."""

    state: ExecutionState
    words: str
    # The frozen name of what went wrong, such as ``forbidden``; empty where nothing did.
    code: str = ""
    problems: dict[str, list[str]] = {}
    needs: tuple[RbacRule, ...] = ()
    done: tuple[str, ...] = ()
    # The change as it was made, as a preview shows it.
    diff: str = ""
    uid: str | None = None
    resource_version: str | None = None
    # Of a stale target: what would be done now, and the digest that an approval would have to name.
    preview: PreviewOutcome | None = None
    # Of an unknown end: the command that shows it, for a person to read and run.
    look: str = ""
    expectation: Expectation | None = None
    rollback: KubernetesPayload | None = None
    rollback_words: str = ""
