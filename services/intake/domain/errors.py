"""Why a delivery cannot be understood."""


class NotUnderstood(Exception):
    """The body can never be understood as it is: a frozen ``code`` and a ``reason`` a person can act on."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
