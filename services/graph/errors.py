"""Why a job of the graph queue ends before its work does."""

from shared.errors import AppError


class JobStopped(AppError):
    """The job is not wanted any more: someone cancelled it, or it counts as lost."""

    code = "job_stopped"


class TookTooLong(AppError):
    """The job took longer than any may; asking again would take as long."""

    code = "took_too_long"
