"""The gateway's own error conditions; ``docs/api.md`` documents every code."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.errors import AppError, TransientError


class RecordNotFound(AppError):
    """There is no such record."""

    code = "not_found"
    http_status = 404
    title = "Not found"


class StoreFull(TransientError):
    """The disk is full; nothing was written."""

    code = "storage_full"
    http_status = 507
    title = "The disk is full; nothing was written"


class StoreUnavailable(TransientError):
    """The store cannot be written now."""

    code = "storage_unavailable"
    http_status = 503
    title = "The store cannot be written now"


class StoreBusy(TransientError):
    """Too many writers changed the same records at once."""

    code = "storage_busy"
    http_status = 503
    title = "Too many writers at once; nothing was written"


class StoreLocked(AppError):
    """Another gateway owns the data folder."""

    code = "storage_locked"
    title = "Another gateway owns the data folder"


class StoreDamaged(AppError):
    """The data on disk is not what was written; ``detail`` names the file."""

    code = "storage_damaged"
    title = "The data on disk is damaged"


class RecordTooLarge(AppError):
    """One record is larger than the store takes."""

    code = "record_too_large"
    http_status = 413
    title = "Too large to be kept"


class TransactionTooLarge(AppError):
    """One change touches more records than the store takes at once."""

    code = "change_too_large"
    http_status = 413
    title = "Too many changes at once"


class ArchiveUnusable(AppError):
    """The archive cannot be made or put in place; nothing was changed."""

    code = "archive_unusable"
    http_status = 422
    title = "The archive cannot be used"


class BlobNotFound(AppError):
    """There is no blob with this digest."""

    code = "blob_not_found"
    http_status = 404
    title = "No such blob"


class BlobDamaged(AppError):
    """A blob's bytes do not have the digest it is named by."""

    code = "blob_damaged"
    title = "A stored blob is damaged"


class BrokerUnavailable(TransientError):
    """The broker did not take the message."""

    code = "broker_unavailable"
    title = "The broker does not answer"


# --- requests ------------------------------------------------------------------------------------------


class MalformedRequest(AppError):
    """The request is not HTTP as it should be."""

    code = "malformed_request"
    http_status = 400
    title = "The request cannot be read"


class MalformedJson(AppError):
    """The body is not JSON in UTF-8."""

    code = "malformed_json"
    http_status = 400
    title = "The body is not JSON"


class JsonTooDeep(AppError):
    """The body is nested deeper than anything the API takes."""

    code = "json_too_deep"
    http_status = 400
    title = "The body is nested too deeply"


class BadCursor(AppError):
    """The cursor was not made by this list."""

    code = "bad_cursor"
    http_status = 400
    title = "The cursor is not one of ours"


class Unauthenticated(AppError):
    """There is no bearer token or session, or none that is good."""

    code = "unauthenticated"
    http_status = 401
    title = "A valid bearer token or session is needed"


class SignatureInvalid(AppError):
    """The source signs what it sends, and this was not signed by it, or too long ago."""

    code = "signature_invalid"
    http_status = 401
    title = "The signature is missing or wrong"


class Forbidden(AppError):
    """The subject's role does not reach this far."""

    code = "forbidden"
    http_status = 403
    title = "Your role does not allow this"


class ScopeMissing(AppError):
    """The subject's role reaches this far, but the scopes of its token do not."""

    code = "scope_missing"
    http_status = 403
    title = "The scopes of your token do not allow this"


class CsrfFailed(AppError):
    """A browser's write did not prove that it comes from a page of this gateway."""

    code = "csrf_failed"
    http_status = 403
    title = "This write did not come from a page of this gateway"


class RouteNotFound(AppError):
    """No endpoint has this path."""

    code = "route_not_found"
    http_status = 404
    title = "There is no such path"


class MethodNotAllowed(AppError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"
    http_status = 405
    title = "This path does not take this method"


class RequestTimeout(AppError):
    """The request did not arrive in time."""

    code = "request_timeout"
    http_status = 408
    title = "The request took too long to arrive"


class BodyTooLarge(AppError):
    """The body is larger than this gateway takes."""

    code = "body_too_large"
    http_status = 413
    title = "The body is too large"


class UnsupportedMediaType(AppError):
    """The body is declared as something this endpoint does not read."""

    code = "unsupported_media_type"
    http_status = 415
    title = "The body is of a media type that is not read here"


class ValidationFailed(AppError):
    """Some input is not what the endpoint takes; ``errors`` names each field."""

    code = "validation_failed"
    http_status = 422
    title = "The input is not valid"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"title": ["must not be blank"]}}


class TooManyBadTokens(AppError):
    """This address has tried too many tokens that are not good."""

    code = "too_many_bad_tokens"
    http_status = 429
    title = "Too many tokens that are not good"


class IdempotencyKeyReused(AppError):
    """The key came with another request before."""

    code = "idempotency_key_reused"
    http_status = 422
    title = "The idempotency key was used for another request"


# --- what stands against a change ----------------------------------------------------------------------


class VersionConflict(AppError):
    """Someone changed it since the version the client names."""

    code = "version_conflict"
    http_status = 412
    title = "It has changed since you read it"
    example: ClassVar[Mapping[str, Any]] = {"currentVersion": 7}


class TransitionNotAllowed(AppError):
    """The lifecycle has no such move; the body says what is allowed."""

    code = "transition_not_allowed"
    http_status = 409
    title = "The incident cannot move there"
    example: ClassVar[Mapping[str, Any]] = {
        "detail": "An incident that is new cannot become closed.",
        "current": "new",
        "requested": "closed",
        "allowed": ["triage", "investigating", "resolved", "cancelled"],
    }


class SignalsFiring(AppError):
    """Linked signals still fire; resolving all the same needs ``force`` and a reason."""

    code = "signals_firing"
    http_status = 409
    title = "Linked signals still fire"
    example: ClassVar[Mapping[str, Any]] = {"firingCount": 2}


class ReasonRequired(AppError):
    """This move needs a reason for the timeline."""

    code = "reason_required"
    http_status = 422
    title = "A reason is required"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"reason": ["required"]}}


class TooManyTasks(AppError):
    """An incident has as many tasks as it may have."""

    code = "too_many_tasks"
    http_status = 409
    title = "The incident has as many tasks as it may have"


class TooManyDiagnoses(AppError):
    """An incident has as many diagnoses as it may have."""

    code = "too_many_diagnoses"
    http_status = 409
    title = "The incident has as many diagnoses as it may have"


class DiagnosisDiffers(AppError):
    """Another diagnosis is attached under this id."""

    code = "diagnosis_differs"
    http_status = 409
    title = "Another diagnosis has this id"


class IncidentMerged(AppError):
    """The incident was merged into another, which is the one to write to; ``mergedInto`` names it."""

    code = "incident_merged"
    http_status = 409
    title = "The incident was merged into another"
    example: ClassVar[Mapping[str, Any]] = {"mergedInto": "inc_01KAVEXAMPLE"}


class IncidentNotMerged(AppError):
    """Only a merge can be undone by a split."""

    code = "incident_not_merged"
    http_status = 409
    title = "The incident is not merged"


class MergeNeedsTarget(AppError):
    """Merging is a move of the lifecycle, but not one that a status alone can make."""

    code = "merge_needs_target"
    http_status = 409
    title = "Merging needs a target"
    example: ClassVar[Mapping[str, Any]] = {
        "current": "triage",
        "requested": "merged",
        "allowed": ["investigating", "mitigated", "resolved", "cancelled", "merged"],
    }


class MergeIntoItself(AppError):
    """The target is the incident itself."""

    code = "merge_into_itself"
    http_status = 409
    title = "An incident cannot be merged into itself"


class MergeCycle(AppError):
    """The target was merged into this very incident, by itself or by way of others."""

    code = "merge_cycle"
    http_status = 409
    title = "The target is part of this incident already"
    example: ClassVar[Mapping[str, Any]] = {"mergedInto": "inc_01KAVEXAMPLE"}


class MergeTargetMerged(AppError):
    """The target was merged itself; ``mergedInto`` names where it leads."""

    code = "merge_target_merged"
    http_status = 409
    title = "The target was merged itself"
    example: ClassVar[Mapping[str, Any]] = {"mergedInto": "inc_01KAVEXAMPLE"}


class MergeTargetEnded(AppError):
    """Nobody works on the target any more."""

    code = "merge_target_ended"
    http_status = 409
    title = "The target has ended"
    example: ClassVar[Mapping[str, Any]] = {"targetStatus": "closed"}


class TooManyRelations(AppError):
    """An incident has as many relations as it may have."""

    code = "too_many_relations"
    http_status = 409
    title = "An incident has as many relations as it may have"


class MilestoneNotReached(AppError):
    """Only a milestone that was reached has a time to correct; ``milestones`` names those that were not."""

    code = "milestone_not_reached"
    http_status = 409
    title = "The incident has not reached this milestone"
    example: ClassVar[Mapping[str, Any]] = {"milestones": ["closedAt"]}


class TimesNotChronological(AppError):
    """The milestones would not stand in their order, or lie in the future; ``errors`` names them."""

    code = "times_not_chronological"
    http_status = 422
    title = "The times are not in their order"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"resolvedAt": ["must not be before mitigatedAt"]}}


class JobNotRetryable(AppError):
    """Only a job that ended without success can be done again."""

    code = "job_not_retryable"
    http_status = 409
    title = "This job cannot be retried"


class JobNotCancellable(AppError):
    """The job has ended."""

    code = "job_not_cancellable"
    http_status = 409
    title = "This job cannot be cancelled"


class SilenceEnded(AppError):
    """The silence is over already."""

    code = "silence_ended"
    http_status = 409
    title = "The silence is over already"


class TooManySilences(AppError):
    """As many silences are live as may be."""

    code = "too_many_silences"
    http_status = 409
    title = "As many silences are live as may be"


class ActionNotApproved(AppError):
    """Nobody may execute what was not approved exactly as it is, whatever their role."""

    code = "action_not_approved"
    http_status = 403
    title = "The action is not approved"
    example: ClassVar[Mapping[str, Any]] = {"state": "pending", "approvalsGiven": 0, "approvalsNeeded": 1}


class ApproverIsProposer(AppError):
    """The policy wants another person than the proposer to approve this."""

    code = "approver_is_proposer"
    http_status = 403
    title = "Someone else must approve this"


class ActionChanged(AppError):
    """What is to be approved is not what the approver says to have seen."""

    code = "action_changed"
    http_status = 409
    title = "The action is not as you have seen it"
    example: ClassVar[Mapping[str, Any]] = {
        "currentDigest": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
    }


class CallNotAllowed(AppError):
    """The action's state does not take this call; the body says which it takes."""

    code = "call_not_allowed"
    http_status = 409
    title = "The action's state does not allow this"
    example: ClassVar[Mapping[str, Any]] = {
        "state": "executed",
        "requested": "withdraw",
        "allowed": [],
    }


class ExecutionUnavailable(AppError):
    """This version cannot execute actions of this type; nothing was done."""

    code = "execution_unavailable"
    http_status = 409
    title = "This version cannot execute it; nothing was done"
    example: ClassVar[Mapping[str, Any]] = {"actionType": "kubernetes"}


class TooManyPreviews(AppError):
    """The action has as many previews as it may have."""

    code = "too_many_previews"
    http_status = 409
    title = "The action has as many previews as it may have"


class IncidentEnded(AppError):
    """Nothing is done any more about an incident that is closed, cancelled or merged."""

    code = "incident_ended"
    http_status = 409
    title = "The incident has ended"
    example: ClassVar[Mapping[str, Any]] = {"incidentStatus": "closed"}


class TokenNameTaken(AppError):
    """Names of tokens stand on timelines, so none is ever given twice."""

    code = "token_name_taken"
    http_status = 409
    title = "Another token has or had this name"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"name": ["is taken"]}}


class TooManyStreams(TransientError):
    """As many live streams are open as may be; reading with ``If-None-Match`` works as ever."""

    code = "too_many_streams"
    http_status = 503
    title = "As many live streams are open as may be"


class IntakeBusy(TransientError):
    """Too many deliveries wait; the sender should come again."""

    code = "intake_busy"
    http_status = 503
    title = "Too many deliveries are waiting"


class IntakeLimited(IntakeBusy):
    """The same condition, told to senders that come again after a 429 and obey its ``Retry-After``."""

    http_status = 429
