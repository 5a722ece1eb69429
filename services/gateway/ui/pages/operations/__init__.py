"""The pages of operations: a module a tab."""

from flask import Blueprint, Response

from services.gateway.ui.ask import ApiRefused
from services.gateway.ui.pages.operations import (
    access,
    audit,
    deliveries,
    health,
    jobs,
    mapping,
    noise,
    previews,
    rules,
    rules_edit,
    silences,
)
from services.gateway.ui.pages.operations.frame import answer_refused

blueprint = Blueprint("operations", __name__)
for _tab in (jobs, deliveries, previews, rules, rules_edit, mapping, silences, noise, health, access, audit):
    blueprint.register_blueprint(_tab.blueprint)


@blueprint.errorhandler(ApiRefused)
def _answer_refused(error: ApiRefused) -> Response:
    return answer_refused(error)
