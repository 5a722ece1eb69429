"""The inbox: which incidents there are, what is done with several at once, and a new one by hand."""

from flask import Blueprint

from services.gateway.ui.pages.inbox import listing, new_incident, several

blueprint = Blueprint("inbox", __name__)
for _part in (listing, several, new_incident):
    blueprint.register_blueprint(_part.blueprint)
