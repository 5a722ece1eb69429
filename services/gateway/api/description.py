"""What the OpenAPI document says of the API as a whole, and when it is made: once somebody asks for it."""

import threading

import msgspec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask_smorest import Api, Blueprint

from services.gateway.api.action_inputs import PAYLOADS
from services.gateway.api.browser import cookie_name
from services.gateway.api.fields import describe_keys, schema_name
from services.gateway.api.operation import problem_examples
from services.gateway.settings import Settings

_DESCRIPTION = (
    "The incident workbench for teams that run Kubernetes. Send a bearer token with every request; each operation "
    "names its least role, and the scope it asks of tokens that have scopes. Errors are application/problem+json with "
    "a frozen code. docs/api.md holds the conventions."
)
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The password is the token; the user is not read."},
    "genieKey": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`GenieKey <token>`"},
    "accessToken": {"type": "apiKey", "in": "query", "name": "access_token"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "faultline_session",
        "description": "A browser's session, begun with POST /api/session. Writes also send the header `X-CSRF-Token`.",
    },
}


class DescribedApi(Api):  # type: ignore[misc]  # flask-smorest ships no annotations.
    """Registers blueprints at once, and describes them when the document is asked for.

    To describe them takes longer than all else a start does, and few gateways are ever asked.
    """

    # Every answer is listed by its status; a catch-all would make any answer a documented one.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask, settings: Settings, version: str) -> None:
        super().__init__(
            app,
            spec_kwargs={
                "title": "Faultline",
                "version": version,
                "openapi_version": "3.1.0",
                "marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=schema_name),
                "info": {"description": _DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            },
        )
        self._settings = settings
        self._undescribed: list[Blueprint] = []
        self._described: bytes | None = None
        self._describing = threading.Lock()

    def register_blueprint(self, blueprint: Blueprint) -> None:
        """Serve ``blueprint``; its description waits."""
        # What flask-smorest's own method does, but for the description.
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._undescribed.append(blueprint)

    def describe(self) -> bytes:
        """Return the OpenAPI document of all that is registered, as JSON; made at the first call, of any thread."""
        with self._describing:
            if self._described is None:
                self._describe_common_parts()
                for blueprint in self._undescribed:
                    blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=None)
                    self.spec.tag({"name": blueprint.name, "description": blueprint.description})
                self._described = msgspec.json.format(msgspec.json.encode(self.spec.to_dict()), indent=2)
            return self._described

    def _describe_common_parts(self) -> None:
        self.ma_plugin.converter.add_attribute_function(describe_keys)
        components = self.spec.components
        for payload in PAYLOADS.values():
            # Named by what may stand in a field, which is no nesting that apispec follows by itself.
            components.schema(payload.__name__, schema=payload)
        schemes = {**_SECURITY, "session": {**_SECURITY["session"], "name": cookie_name(self._settings)}}
        for name, scheme in schemes.items():
            components.security_scheme(name, scheme)
        raised = set().union(*(blueprint.errors for blueprint in self._undescribed))
        for name, example in problem_examples(raised).items():
            components.example(name, example)
