"""Endpoints that hand an incident out whole: the report for people, and the bundle that proves itself."""

from collections.abc import Iterator
from typing import IO

from flask import Response

from services.gateway import errors
from services.gateway.api.current import gateway, read_text, subject
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import resolve_incident_id
from services.gateway.domain.records import Role, Scope
from services.gateway.handlers.export_incident import Exporter, tell_of_export
from services.gateway.handlers.write_report import report_incident

blueprint = ReadingBlueprint("reports", __name__, description="An incident handed out whole.")
_CHUNK = 64 << 10
_MARKDOWN = "text/markdown"
_ZIP = "application/zip"


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/report",
        role=Role.VIEWER,
        answer={"type": "string"},
        media_type=_MARKDOWN,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_report(incident_id: str) -> Response:
    """Read the report of an incident: a postmortem draft in Markdown, from the record alone."""
    parts = gateway()
    text = report_incident(parts.store, parts.blobs, resolve_incident_id(parts.store, incident_id))
    return read_text(text.encode(), f"{_MARKDOWN}; charset=utf-8")


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/export",
        # It holds bodies of deliveries, which are what a source sent, unredacted.
        role=Role.RESPONDER,
        scope=Scope.DELIVERIES_READ,
        answer={"type": "string", "format": "binary"},
        media_type=_ZIP,
        headers={
            "Faultline-Manifest": "SHA-256 of the manifest; keep it to prove that nothing in the bundle changed.",
            "Faultline-Chain-Head": "The last timeline entry in the bundle: its sequence and its hash.",
        },
        extra={"x-also-required-scope": str(Scope.INCIDENTS_READ)},
        errors=(errors.RecordNotFound, errors.StoreFull, errors.StoreUnavailable, errors.StoreBusy),
    ),
)
def export_incident(incident_id: str) -> Response:
    """Export an incident as a bundle that can be verified without Faultline."""
    parts = gateway()
    exporter = Exporter(parts.store, parts.blobs, parts.clock, parts.version)
    found, actor = resolve_incident_id(parts.store, incident_id), subject()
    if not actor.has(Scope.INCIDENTS_READ):
        raise errors.ScopeMissing(f"It needs the scope {Scope.INCIDENTS_READ} too.")
    exported = exporter.export(found, actor)
    parts.store.transact(lambda tx: tell_of_export(tx, found, exported, actor))
    headers = {
        "Content-Length": str(exported.size_bytes),
        "Content-Disposition": f'attachment; filename="{exported.ref}.zip"',
        "ETag": f'"{exported.manifest_digest}"',
        "Faultline-Manifest": exported.manifest_digest,
        "Faultline-Chain-Head": f"{exported.chain.sequence} {exported.chain.hash}",
    }
    response = Response(_chunks(exported.file), 200, headers, content_type=_ZIP)
    # Where the client is gone before the first chunk, nobody asks for the chunks.
    response.call_on_close(exported.file.close)
    return response


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
