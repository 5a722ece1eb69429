"""The pages of one incident: a module a tab, over the frame they share."""

from flask import Blueprint

from services.gateway.ui.pages.incident import actions, evidence, graph, jobs, overview, report, signals

blueprint = Blueprint("incident", __name__)
for _tab in (overview, graph, evidence, actions, signals, jobs, report):
    blueprint.register_blueprint(_tab.blueprint)
