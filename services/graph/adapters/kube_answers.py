"""What an API server's answer means for what is known: read, forbidden, missing, late, or no answer at all."""

from typing import Any

import msgspec

from services.graph.adapters.kube_http import Answer, Trouble
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import Kind

OK, CREATED, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NOT_ACCEPTABLE, GONE, TOO_MANY = 200, 201, 401, 403, 404, 406, 410, 429


# As API servers write it; any other page with 404 is a proxy's, and says nothing of APIs.
_NO_SUCH_API = b"404 page not found"


class StatusDetails(msgspec.Struct, frozen=True):
    """Which object a Status is about."""

    name: str | None = None
    kind: str | None = None


class Status(msgspec.Struct, frozen=True):
    """The body of a refusal, as API servers write it."""

    kind: str | None = None
    reason: str | None = None
    message: str | None = None
    details: StatusDetails | None = None


def read_status(answer: Answer) -> Status | None:
    """Return the Status in an answer; None where the body is something else, such as a proxy's page."""
    try:
        found = _decode(answer.body)
    except msgspec.MsgspecError:
        return None
    return found if found.kind == "Status" else None


def text_of(answer: Answer) -> str:
    """Return what a refusal says, of a Status or of plain text."""
    status = read_status(answer)
    return (status.message or "") if status else answer.body[:2_000].decode("utf-8", "replace")


def judge(answer: Answer, kind: Kind, verb: str, namespace: str | None) -> tuple[CoverageState, str]:
    """Return what an answer means for reading ``kind``, and in short words why.

    The server's own text is not repeated: it names the account, and a proxy's may hold anything.
    """
    if answer.trouble is Trouble.TIMEOUT:
        return CoverageState.TIMEOUT, answer.reason
    if answer.trouble:
        return CoverageState.UNAVAILABLE, answer.reason
    if answer.status == OK:
        return CoverageState.OK, ""
    if answer.status == FORBIDDEN:
        return _judge_refusal(answer, kind, verb, namespace)
    if answer.status == NOT_FOUND and (read_status(answer) or answer.body.startswith(_NO_SUCH_API)):
        return CoverageState.MISSING, f"the server does not serve {kind.api}"
    return CoverageState.UNAVAILABLE, _describe(answer)


def _judge_refusal(answer: Answer, kind: Kind, verb: str, namespace: str | None) -> tuple[CoverageState, str]:
    if read_status(answer) is None:
        # Only an API server knows rights; a proxy's refusal says nothing of them.
        return CoverageState.UNAVAILABLE, "403 from what is not the API server"
    place = f"in the namespace {namespace}" if namespace else "in the whole cluster"
    return CoverageState.FORBIDDEN, f"the account may not {verb} {kind.api} {place}"


def _describe(answer: Answer) -> str:
    match answer.status:
        case 401:
            return "the server does not accept the credentials (401): they are missing, wrong or expired"
        case 410:
            return "the place in the list had expired (410)"
        case 429:
            return "the server has too much to do (429)"
        case 503 if read_status(answer) is None:
            return "what serves this API does not answer (503)"
        case status if 300 <= status < 400:  # noqa: PLR2004 - every redirect.
            return f"the server answered with a redirect ({status}), as a login page does"
        case status:
            return f"the server answered {status}"


def is_about(answer: Answer, name: str) -> bool:
    """Answer whether a 404 says that this object does not exist, rather than that its API does not."""
    status = read_status(answer)
    return status is not None and status.details is not None and status.details.name == name


def decode_review(body: bytes) -> dict[str, Any]:
    """Return the status of an access review; empty where there is none."""
    try:
        return _decode_review(body).status or {}
    except msgspec.MsgspecError:
        return {}


class _Review(msgspec.Struct, frozen=True):
    status: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(Status).decode
_decode_review = msgspec.json.Decoder(_Review).decode
