"""Makes generated requests as well-meaning as the check they are for supposes."""

import os
import uuid

import schemathesis
from schemathesis.core.parameters import ParameterLocation

OWN_TOKENS = frozenset(os.environ["FUZZ_TOKEN_IDS"].split(","))
SERVICE_TOKEN = os.environ["FUZZ_SERVICE_TOKEN"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Give every well-formed request an idempotency key of its own.

    Generated ones repeat across requests, which the API refuses as it promises; other tests cover that.
    """
    if case.operation.label == "DELETE /api/tokens/{token_id}" and case.path_parameters.get("token_id") in OWN_TOKENS:
        # Revoking a token the runs themselves use would turn every later answer into 401.
        case.path_parameters["token_id"] = "tok_of_nobody"
    if "{token}" in case.operation.path and case.method == case.operation.method.upper():
        # The credential is in the path here, where no security scheme can say so.
        case.path_parameters["token"] = SERVICE_TOKEN
    if case.operation.path.endswith("/stream") and not _is_negative(case, ParameterLocation.QUERY):
        # Left to itself a stream stays open for minutes.
        case.query = {**(case.query or {}), "seconds": 0}
    if case.headers and "Idempotency-Key" in case.headers and not _is_negative(case, ParameterLocation.HEADER):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex


def _is_negative(case, location) -> bool:
    component = case.meta.components.get(location) if case.meta else None
    return component is not None and component.mode.is_negative
