"""The pages of operations: a module a tab."""

from flask import Blueprint

from services.gateway.ui.pages.operations import jobs

blueprint = Blueprint("operations", __name__)
for _tab in (jobs,):
    blueprint.register_blueprint(_tab.blueprint)
