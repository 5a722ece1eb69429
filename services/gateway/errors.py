"""The gateway's own error conditions; ``docs/api.md`` documents every code."""

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
    """Someone changed the incident since the version the client names."""

    code = "version_conflict"
    http_status = 412
    title = "The incident has changed since you read it"


class TransitionNotAllowed(AppError):
    """The lifecycle has no such move; the body says what is allowed."""

    code = "transition_not_allowed"
    http_status = 409
    title = "The incident cannot move there"


class SignalsFiring(AppError):
    """Linked signals still fire; resolving all the same needs ``force`` and a reason."""

    code = "signals_firing"
    http_status = 409
    title = "Linked signals still fire"


class ReasonRequired(AppError):
    """This move needs a reason for the timeline."""

    code = "reason_required"
    http_status = 422
    title = "A reason is required"


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


class TokenNameTaken(AppError):
    """Names of tokens stand on timelines, so none is ever given twice."""

    code = "token_name_taken"
    http_status = 409
    title = "Another token has or had this name"


class IntakeBusy(TransientError):
    """Too many deliveries wait; the sender should come again."""

    code = "intake_busy"
    http_status = 503
    title = "Too many deliveries are waiting"


class IntakeLimited(IntakeBusy):
    """The same condition, told to senders that come again after a 429 and obey its ``Retry-After``."""

    http_status = 429
