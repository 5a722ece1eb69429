"""Endpoints about the product itself: alive, ready, metrics, verification."""

from typing import Any

from flask import Response, request

from services.gateway import errors
from services.gateway.api import inputs, system_shapes
from services.gateway.api.current import JSON, encode, gateway, metrics
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.readiness import check_readiness
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Role, is_audit_chain, month_of
from services.gateway.handlers.verify_chains import ChainProblem, verify_chains
from shared.bearer import shows_key

blueprint = ReadingBlueprint("system", __name__, description="The product itself.")
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_NOT_READY = {
    "responses": {
        "503": {
            "description": "Not ready; the checks say why",
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/Readiness"}}},
        },
    },
}


@endpoint(blueprint, Operation(path="/healthz", role=None, answer=system_shapes.HealthShape))
def read_health() -> Response:
    """Say that the process is alive."""
    return Response(encode({"status": "alive", "version": gateway().version}), content_type=JSON)


@endpoint(blueprint, Operation(path="/readyz", role=None, answer=system_shapes.ReadinessShape, extra=_NOT_READY))
def read_readiness() -> Response:
    """Say whether the whole product can work: store, broker, workers, backlog."""
    readiness = check_readiness(gateway())
    headers = {} if readiness.ready else {"Retry-After": "5"}
    return Response(encode(readiness), 200 if readiness.ready else 503, headers, content_type=JSON)


def _check_metrics_key() -> None:
    """Return if the request shows the key of the metrics, or none was set; raise ``MetricsKeyNeeded`` if not."""
    key = gateway().settings.metrics_key
    if key is not None and not shows_key(request.headers.get("Authorization", ""), key):
        raise errors.MetricsKeyNeeded("Send the header `Authorization: Bearer <FAULTLINE_METRICS_KEY>`.")


@endpoint(
    blueprint,
    Operation(
        path="/metrics",
        role=None,
        admit=_check_metrics_key,
        answer={"type": "string"},
        media_type="text/plain",
        errors=(errors.MetricsKeyNeeded,),
    ),
)
def read_metrics() -> Response:
    """Show the figures Prometheus collects. They hold no secret; where the operator set a key, it must be shown."""
    return Response(metrics().render(), content_type=_PROMETHEUS)


@endpoint(
    blueprint,
    Operation(
        path="/api/verify",
        role=Role.ADMIN,
        answer=system_shapes.VerificationShape,
        query=inputs.VerifyQuery,
        errors=(errors.BadCursor,),
    ),
)
def verify(args: dict[str, Any]) -> Response:
    """Check the hash chains of timelines, and of the audit log, against what is stored."""
    found = verify_chains(gateway().store, limit=args["limit"], cursor=args.get("cursor"))
    body = {
        "incidents": found.incidents,
        "entries": found.entries,
        "auditMonths": found.audit_months,
        "auditEntries": found.audit_entries,
        "problems": [_problem(one) for one in found.problems],
        "nextCursor": found.next_cursor,
    }
    return Response(encode(body), content_type=JSON)


def _problem(found: ChainProblem) -> dict[str, Any]:
    is_audit = is_audit_chain(found.chain_id)
    return {
        "incidentId": None if is_audit else found.chain_id,
        "auditMonth": month_of(found.chain_id) if is_audit else None,
        "sequence": found.sequence,
        "problem": found.problem,
    }
