"""What an API server's refusal means: which right is missing, which field is wrong, who refused."""

import re
from collections.abc import Mapping

import msgspec

from services.actions.adapters.kube_http import Answer
from services.actions.errors import (
    AdmissionRefused,
    BudgetRefuses,
    Conflict,
    CutOff,
    FieldsOwned,
    Forbidden,
    Invalid,
    KindNotServed,
    KubeError,
    NoDryRun,
    TargetNotFound,
    TooManyRequests,
    Unauthorized,
    Unreadable,
)
from shared.contracts.action import RbacRule

_MOST_TEXT = 1_000
_UNAUTHORIZED = "the server does not accept the credentials (401): they are missing, wrong or expired"
_MOST_CAUSES = 50
_MOST_SECONDS = 300
# What the server says of its own accord has no other mark than its text; these have been the same since 1.13.
_NO_DRY_RUN = re.compile(r"does not support dry ?run|dryRun.{0,80}(?:not supported|disabled)", re.IGNORECASE)
_BY_ADMISSION = re.compile(
    r"admission webhook|failed calling webhook|ValidatingAdmissionPolicy|denied (?:the )?request|exceeded quota"
    r"|violates PodSecurity|admission",
    re.IGNORECASE,
)
_BY_RIGHTS = re.compile(r' cannot [a-z*]+ resource "|no RBAC policy matched', re.IGNORECASE)


class _Cause(msgspec.Struct, frozen=True):
    reason: str | None = None
    message: str | None = None
    field: str | None = None


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    name: str | None = None
    causes: tuple[_Cause, ...] | None = None
    retry_after_seconds: int | None = None


class _Status(msgspec.Struct, frozen=True):
    kind: str | None = None
    reason: str | None = None
    message: str | None = None
    details: _Details | None = None


_decode = msgspec.json.Decoder(_Status).decode


def refusal_of(answer: Answer, rule: RbacRule, *, is_write: bool) -> KubeError:
    """Return the error that a status of 300 or more stands for. ``rule`` is the right the request needs."""
    status = _read(answer)
    if status is None:
        return _not_from_api(answer, is_write=is_write)
    said = _clean(status.message)
    details = status.details or _Details()
    if answer.status in {400, 403, 422, 500} and _NO_DRY_RUN.search(said):
        return NoDryRun(said)
    match answer.status:
        case 401:
            found: KubeError = Unauthorized(_UNAUTHORIZED)
        case 403:
            found = _forbidden(said, rule)
        case 404 | 410:
            found = _absent(said, details)
        case 409:
            found = _conflict(said, details)
        case 429:
            found = _too_many(said, details, answer.headers)
        case 400 | 405 | 406 | 413 | 415 | 422:
            found = AdmissionRefused(said) if _BY_ADMISSION.search(said) else Invalid(said, _causes(details))
        case 500 if "failed calling webhook" in said:
            # It was called before anything was kept.
            found = AdmissionRefused(said)
        case code:
            found = _server_trouble(f"the server answered {code}: {said}", is_write=is_write)
    return found


def _forbidden(said: str, rule: RbacRule) -> KubeError:
    if not _BY_RIGHTS.search(said):
        # Quotas, policies and webhooks refuse with 403 too; no right would help.
        return AdmissionRefused(said)
    place = f"in the namespace {rule.namespace}" if rule.namespace else "in the whole cluster"
    resource = f"{rule.resource}.{rule.api_group}" if rule.api_group else rule.resource
    # The server's own text names the account, which is nobody's business here.
    return Forbidden(f"the account may not {', '.join(rule.verbs)} {resource} {place}", rule)


def _absent(said: str, details: _Details) -> KubeError:
    if details.name:
        return TargetNotFound(f"not found: {details.name}")
    return KindNotServed(said or "the server does not serve this kind")


def _conflict(said: str, details: _Details) -> KubeError:
    causes = details.causes or ()
    if any(cause.reason == "FieldManagerConflict" for cause in causes):
        fields = ", ".join(_clean(cause.field) for cause in causes[:_MOST_CAUSES])
        return FieldsOwned(f"others manage these fields, and nothing is taken from them by force: {fields}")
    return Conflict(said or "the object has changed")


def _too_many(said: str, details: _Details, headers: Mapping[str, str]) -> KubeError:
    asked = next((value for key, value in headers.items() if key.lower() == "retry-after"), "")
    seconds = int(asked) if re.fullmatch("[0-9]{1,6}", asked) else details.retry_after_seconds
    # 0 is what API servers send where they do not know.
    wait = float(min(seconds, _MOST_SECONDS)) if seconds else None
    if any(cause.reason == "DisruptionBudget" for cause in details.causes or ()) or "disruption budget" in said:
        return BudgetRefuses(said, wait)
    return TooManyRequests(said or "the server has too much to do", wait)


def _server_trouble(said: str, *, is_write: bool) -> KubeError:
    # The storage may have taken what the server then failed to answer for.
    return CutOff(said) if is_write else Unreadable(said)


def _not_from_api(answer: Answer, *, is_write: bool) -> KubeError:
    """Judge an answer that no API server writes: of a proxy, a login page or a server that is not served."""
    match answer.status:
        case 404 if answer.body.startswith(b"404 page not found"):
            return KindNotServed("the server does not serve this kind")
        case 401:
            return Unauthorized(_UNAUTHORIZED)
        case code if 300 <= code < 500 and code != 408:  # noqa: PLR2004 - redirects and refusals, but no timeout.
            return Unreadable(f"the server answered {code}, and not as an API server does; nothing was taken")
        case code:
            return _server_trouble(f"the server answered {code}, and not as an API server does", is_write=is_write)


def _read(answer: Answer) -> _Status | None:
    try:
        found = _decode(answer.body)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found if found.kind == "Status" else None


def _causes(details: _Details) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for cause in (details.causes or ())[:_MOST_CAUSES]:
        found.setdefault(_clean(cause.field) or "object", []).append(_clean(cause.message))
    return found


def _clean(text: str | None) -> str:
    """Return a text of the server as one line that is safe to show; webhooks may write anything into it."""
    shown = "".join(one if one.isprintable() else " " for one in (text or "")[:_MOST_TEXT])
    return " ".join(shown.split())
