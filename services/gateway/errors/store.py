"""What the store, its blobs and the broker may refuse."""

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
