"""The endpoint of the audit log."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api.access_inputs import AuditQuery
from services.gateway.api.access_shapes import AuditPageShape
from services.gateway.api.access_views import view_audit_entry, view_audit_head
from services.gateway.api.current import encode, gateway, read_answer
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Role
from services.gateway.handlers.read_audit import find_audit_head, list_audit
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("audit", __name__, description="Who changed configuration and access, and when.")


@endpoint(
    blueprint,
    Operation(
        path="/api/audit",
        role=Role.ADMIN,
        answer=AuditPageShape,
        query=AuditQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def read_audit(args: dict[str, Any]) -> Response:
    """List the audit log, newest first."""
    store = gateway().store
    query = RecordQuery(
        parent=args.get("actor"),
        tags=tuple(args["type"]),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page, head = list_audit(store, query), find_audit_head(store)
    return read_answer(
        encode(
            {
                "items": [view_audit_entry(chained) for chained in page.entries],
                "total": page.total,
                "nextCursor": page.next_cursor,
                "head": view_audit_head(head) if head is not None else None,
            },
        ),
    )
