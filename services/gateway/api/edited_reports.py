"""Endpoints of the report as people edited it: read and keep."""

from typing import Any

from flask import Response
from marshmallow import fields

from services.gateway import errors
from services.gateway.api.current import (
    encode,
    entity_tag,
    gateway,
    if_match_versions,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.fields import InputSchema, Text
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import resolve_incident_id
from services.gateway.api.shapes import Shape
from services.gateway.domain.records import Role
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.edit_report import edit_report, get_edited_report

blueprint = ReadingBlueprint("edited_reports", __name__, description="The report as people edited it.")
REPORT_LENGTH = 256 << 10


class EditedReportInput(InputSchema):
    """The report to keep, whole."""

    text = Text(most=REPORT_LENGTH, required=True, metadata={"description": "Markdown."})


class EditedReportShape(Shape):
    """The report as people edited it last."""

    incident_id = fields.String()
    text = fields.String(metadata={"description": "Markdown, as it was written: sanitise it before it is rendered."})
    version = fields.Integer(metadata={"description": "How often it was edited."})
    edited_by = fields.String()
    edited_at = fields.DateTime(format="iso")


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/edited-report",
        role=Role.VIEWER,
        answer=EditedReportShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_edited_report(incident_id: str) -> Response:
    """Read the report as people edited it."""
    store = gateway().store
    found = get_edited_report(store, resolve_incident_id(store, incident_id))
    return read_answer(encode(found), found.version)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/edited-report",
        method="PUT",
        role=Role.RESPONDER,
        answer=EditedReportShape,
        body=EditedReportInput,
        body_example={"text": "# Checkout failed for 40 minutes\n\nThe memory limit was too low."},
        errors=(errors.RecordNotFound, errors.IncidentMerged, errors.VersionConflict),
        keyed=True,
        matched=True,
    ),
)
def put_edited_report(fields: dict[str, Any], incident_id: str) -> Response:
    """Keep the report as somebody edited it; If-Match names the version it is based on, 0 for the first."""
    store, actor, versions = gateway().store, subject(), if_match_versions()
    found = resolve_incident_id(store, incident_id)
    answer = answer_once(
        store, repeat_guard(), lambda tx: edit_report(tx, found, actor, fields["text"], versions), _show
    )
    return write_answer(answer)


def _show(incident_id: str) -> Answer:
    found = get_edited_report(gateway().store, incident_id)
    body = encode(found)
    return Answer(200, body.decode(), etag=entity_tag(body, found.version))
