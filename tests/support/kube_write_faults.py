"""What can go wrong with a write on the stand-in API server, before and after it is done."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.support.kube_rights import status


class WriteFaultKind(StrEnum):
    """One way in which a write fails."""

    CONFLICT = "conflict"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    BUSY = "busy"
    DENIED = "denied"
    NO_DRY_RUN = "no_dry_run"
    WEBHOOK_DOWN = "webhook_down"
    QUOTA = "quota"
    ERROR = "error"
    # A page of a proxy, without a word of an API server.
    PROXY_502 = "proxy_502"
    # The connection falls silent, or is cut: nothing of the write is done, or all of it.
    SLOW_BEFORE = "slow_before"
    SLOW_AFTER = "slow_after"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    # All of it is done, and the answer breaks off in the middle.
    TRUNCATED_AFTER = "truncated_after"


AFTER = frozenset({WriteFaultKind.SLOW_AFTER, WriteFaultKind.CUT_AFTER, WriteFaultKind.TRUNCATED_AFTER})
SILENT = frozenset({WriteFaultKind.SLOW_BEFORE, WriteFaultKind.CUT_BEFORE})


@dataclass
class WriteFault:
    """A fault of writes whose path contains ``path``; of dry runs, of real ones, or (None) of both."""

    kind: WriteFaultKind
    path: str = ""
    dry_run: bool | None = None
    times: int | None = None

    def strikes(self, path: str, *, dry_run: bool) -> bool:
        """Answer whether it meets this write; count it."""
        if self.path not in path or self.dry_run not in {None, dry_run} or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


def refusal_by(kind: WriteFaultKind, named: str) -> tuple[int, dict[str, Any]]:
    """Return what an API server answers for a fault that is a refusal."""
    k = WriteFaultKind
    webhook = 'admission webhook "policy.example.org"'
    cause = {"reason": "FieldValueInvalid", "message": "Invalid value: -1: must be >= 0", "field": "spec.replicas"}
    answers: dict[WriteFaultKind, tuple[int, str, str, dict[str, Any] | None]] = {
        k.CONFLICT: (409, "Conflict", conflict(named), None),
        k.NOT_FOUND: (404, "NotFound", f"{named} not found", {"name": named.partition('"')[2].rstrip('"')}),
        k.INVALID: (422, "Invalid", f"{named} is invalid", {"causes": [cause]}),
        k.BUSY: (429, "TooManyRequests", "too many requests, please try again later", {"retryAfterSeconds": 1}),
        k.DENIED: (403, "Forbidden", f"{webhook} denied the request: not on a Friday", None),
        k.NO_DRY_RUN: (400, "BadRequest", f"{webhook} does not support dry run", None),
        k.WEBHOOK_DOWN: (500, "InternalError", f'failed calling webhook "{named}": connection refused', None),
        k.QUOTA: (403, "Forbidden", f"{named} is forbidden: exceeded quota: small", None),
        k.ERROR: (500, "InternalError", "etcdserver: request timed out", None),
    }
    code, reason, message, details = answers[kind]
    return code, status(code, reason, message, details)


def conflict(named: str) -> str:
    """Return the words of a 409."""
    return (
        f"Operation cannot be fulfilled on {named}: the object has been modified; "
        "please apply your changes to the latest version and try again"
    )
