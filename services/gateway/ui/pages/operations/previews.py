"""Previews: past deliveries read again without effect, each as it was and as it would be."""

from typing import Any

from flask import Blueprint, Response

from services.gateway.ui.answering import is_part, led_to, page
from services.gateway.ui.ask import read, write
from services.gateway.ui.pages.operations.frame import how_often_asked, made, operations_page

blueprint = Blueprint("previews", __name__)


@blueprint.get("/operations/previews/<preview_id>")
def show(preview_id: str) -> Response:
    """Show a preview on a page of its own."""
    return operations_page("operations/preview.html", "deliveries", **_preview(preview_id))


@blueprint.get("/operations/previews/<preview_id>/part")
def show_part(preview_id: str) -> Response:
    """Show a preview where it was asked for; it asks again until it is ready."""
    return page("operations/preview_part.html", **_preview(preview_id))


@blueprint.post("/operations/deliveries/<delivery_id>/preview")
def preview_replay(delivery_id: str) -> Response:
    """Have the delivery read again without effect."""
    return follow(write("POST", f"/api/deliveries/{delivery_id}/preview").body["previewId"])


def follow(preview_id: str) -> Response:
    """Answer a form that began a preview: beside the form, or on its own page where there is no script."""
    if is_part():
        return made("operations/preview_part.html", **_preview(preview_id))
    return led_to(f"/operations/previews/{preview_id}")


def _preview(preview_id: str) -> dict[str, Any]:
    return {"preview": read(f"/api/previews/{preview_id}"), **how_often_asked()}
