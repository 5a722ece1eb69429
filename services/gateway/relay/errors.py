"""What the relay refuses."""

from shared.errors import AppError


class ClaimRefused(AppError):
    """The attempt is not the caller's to begin: it was begun already, is not next, or the job is finished."""

    code = "claim_refused"
    http_status = 409
    title = "This attempt cannot be begun"
