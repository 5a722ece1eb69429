"""Translate a source's word for badness into one of ours."""

from collections.abc import Iterable

from services.intake.domain.text import one_line, warn
from shared.contracts.severity import Severity

_WORDS: dict[Severity, tuple[str, ...]] = {
    Severity.CRITICAL: ("critical", "crit", "page", "emergency", "emerg", "fatal", "disaster", "p1", "sev1", "1"),
    Severity.HIGH: ("high", "error", "err", "major", "urgent", "p2", "sev2", "2"),
    Severity.MEDIUM: ("medium", "warning", "warn", "minor", "moderate", "average", "p3", "sev3", "3"),
    Severity.LOW: ("low", "ticket", "p4", "sev4", "4"),
    Severity.INFO: ("info", "information", "informational", "none", "notice", "ok", "debug", "p5", "sev5", "5"),
}
_BY_WORD = {word: severity for severity, words in _WORDS.items() for word in words}
DEFAULT_SEVERITY = Severity.MEDIUM


def read_severity(word: str) -> Severity | None:
    """Return the severity a source's word stands for, or None if we do not know the word."""
    return _BY_WORD.get(word) or _BY_WORD.get(word.strip().lower())


def first_severity(words: Iterable[str], warnings: list[str]) -> Severity:
    """Return the severity of the first word we know; medium, with a warning, where there is none."""
    unknown = None
    for word in words:
        severity = read_severity(word)
        if severity is not None:
            return severity
        unknown = unknown or word
    said = f"unknown severity {one_line(unknown, 40)!r}" if unknown else "no severity"
    warn(warnings, f"{said}: read as medium")
    return DEFAULT_SEVERITY
