"""The tab of an incident: actions. Propose, preview, approve, execute, and what came of it."""

from flask import Blueprint

from services.gateway.ui.pages.incident.actions import asking, proposing, showing

blueprint = Blueprint("actions", __name__)
for _part in (showing, proposing, asking):
    blueprint.register_blueprint(_part.blueprint)
