"""Who is behind a request, and what they may not do."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.errors import AppError


class Unauthenticated(AppError):
    """There is no bearer token or session, or none that is good."""

    code = "unauthenticated"
    http_status = 401
    title = "A valid bearer token or session is needed"


class SignatureInvalid(AppError):
    """The source signs what it sends, and this was not signed by it, or too long ago."""

    code = "signature_invalid"
    http_status = 401
    title = "The signature is missing or wrong"


class MetricsKeyNeeded(AppError):
    """The operator set a key for the metrics, and the request does not show it."""

    code = "metrics_key_needed"
    http_status = 401
    title = "The key of the metrics is needed"


class Forbidden(AppError):
    """The subject's role does not reach this far."""

    code = "forbidden"
    http_status = 403
    title = "Your role does not allow this"


class ScopeMissing(AppError):
    """The subject's role reaches this far, but the scopes of its token do not."""

    code = "scope_missing"
    http_status = 403
    title = "The scopes of your token do not allow this"


class CsrfFailed(AppError):
    """A browser's write did not prove that it comes from a page of this gateway."""

    code = "csrf_failed"
    http_status = 403
    title = "This write did not come from a page of this gateway"


class TooManyBadTokens(AppError):
    """This address has tried too many tokens that are not good."""

    code = "too_many_bad_tokens"
    http_status = 429
    title = "Too many tokens that are not good"


class TokenNameTaken(AppError):
    """Names of tokens stand on timelines, so none is ever given twice."""

    code = "token_name_taken"
    http_status = 409
    title = "Another token has or had this name"
    example: ClassVar[Mapping[str, Any]] = {"errors": {"name": ["is taken"]}}
