"""The pages of one incident: a module a tab, over the frame they share."""

from flask import Blueprint

from services.gateway.ui.pages.incident import (
    actions,
    evidence,
    fields,
    graph,
    header,
    jobs,
    overview,
    report,
    signals,
    tasks,
    timeline,
)

blueprint = Blueprint("incident", __name__)
for _tab in (overview, graph, evidence, actions, signals, jobs, report, header, fields, timeline, tasks):
    blueprint.register_blueprint(_tab.blueprint)
