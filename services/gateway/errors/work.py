"""What stands against steering jobs and silences."""

from shared.errors import AppError


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
