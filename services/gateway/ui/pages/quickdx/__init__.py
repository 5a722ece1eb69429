"""QuickDx: ask for a diagnosis, and work with what it found."""

from flask import Blueprint

from services.gateway.ui.pages.quickdx import asking, result

blueprint = Blueprint("quickdx", __name__)
for _part in (asking, result):
    blueprint.register_blueprint(_part.blueprint)
