"""The errors Faultline raises on purpose. Branch on type or ``code``, never on message text."""

from collections.abc import Mapping
from typing import Any, ClassVar


class AppError(Exception):
    """A condition with a name.

    ``code`` is snake_case and frozen once released; ``http_status`` is what the API answers; ``detail``
    is for a person; ``fields`` are extra members of the problem+json body, as ``example`` shows them.
    """

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    example: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, detail: str = "", *, retry_after_seconds: int | None = None, **fields: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.fields = fields


class TransientError(AppError):
    """Trying again later may succeed; the only family of errors a job is retried for."""

    code = "temporarily_unavailable"
    http_status = 503
    title = "Temporarily unavailable"


class SettingsInvalid(AppError):
    """The environment holds settings that are missing, misspelt or out of range; ``detail`` lists every one."""

    code = "settings_invalid"
    title = "The settings are not usable"
