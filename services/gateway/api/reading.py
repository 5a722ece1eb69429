"""Read bodies and query strings: well-formed, not too deep, clean text, and nothing the schema does not know."""

from typing import Any, NoReturn

import marshmallow as ma
import msgspec
from flask import Request, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser

from services.gateway.api.fields import Words
from services.gateway.errors import JsonTooDeep, MalformedJson, UnsupportedMediaType, ValidationFailed
from shared.errors import AppError

MAX_DEPTH = 50
_CONTAINERS = (dict, list)


def decode_json(body: bytes) -> Any:
    """Return the value of a JSON document. Raises ``MalformedJson`` or ``JsonTooDeep``.

    Text that cannot be stored and shown again unchanged, such as NUL, is refused by the fields; half of a
    surrogate pair is no JSON text at all and is refused here.
    """
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise JsonTooDeep(f"At most {MAX_DEPTH} levels are read.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJson(f"The body is not JSON in UTF-8: {error}") from None
    if is_deeper(value, MAX_DEPTH):
        raise JsonTooDeep(f"At most {MAX_DEPTH} levels are read.")
    return value


def is_deeper(value: Any, limit: int) -> bool:
    """Answer whether objects and arrays are nested more than ``limit`` levels."""
    level = [value]
    for _ in range(limit):
        level = [child for parent in level if isinstance(parent, _CONTAINERS) for child in _children(parent)]
        if not level:
            return False
    return any(isinstance(left, _CONTAINERS) for left in level)


def _children(parent: Any) -> Any:
    return parent.values() if isinstance(parent, dict) else parent


class Reader(FlaskParser):
    """webargs with our words: strict about what it does not know, and every refusal a problem of ours."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": ma.RAISE, "query": ma.RAISE}

    def __init__(self) -> None:
        super().__init__()
        self._of_no_query: dict[ma.Schema, dict[str, Any]] = {}

    def parse(self, argmap: Any, req: Request | None = None, *, location: str | None = None, **options: Any) -> Any:
        """Read the input from ``location``. No query at all says the same each time: that is worked out once."""
        if location != "query" or request.query_string:
            return super().parse(argmap, req, location=location, **options)
        found = self._of_no_query.get(argmap)
        if found is None:
            found = self._of_no_query[argmap] = super().parse(argmap, req, location=location, **options)
        return {**found}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Return the decoded body; the field rules come after. No body is an empty one where the schema says so."""
        if getattr(schema, "may_be_absent", False) and not req.get_data(cache=True):
            return {}
        if req.mimetype != "application/json":
            raise UnsupportedMediaType(f"The body came as {req.mimetype or 'nothing'}; send application/json.")
        value = decode_json(req.get_data(cache=True))
        if not isinstance(value, dict):
            raise ValidationFailed("The body must be a JSON object.", errors={"body": ["must be an object"]})
        return value

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """Return the query: lists may be repeated or separated by commas, everything else comes once."""
        many = {field.data_key or name for name, field in schema.fields.items() if isinstance(field, Words)}
        query: dict[str, Any] = {}
        for name, values in req.args.lists():
            if name in many:
                query[name] = values
            elif len(values) > 1:
                raise ValidationFailed(f"{name} was given more than once.", errors={name: ["may be given once"]})
            else:
                query[name] = values[0]
        return query

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Name every field that was refused, in one flat list per field."""
        errors: dict[str, list[str]] = {}
        messages = error.messages
        # webargs puts the location, json or query, around them.
        for inner in messages.values() if isinstance(messages, dict) else [messages]:
            _flatten(inner, "", errors)
        detail = f"Not valid: {', '.join(sorted(errors))}."
        raise ValidationFailed(detail, errors=errors) from None


def _flatten(messages: Any, path: str, into: dict[str, list[str]]) -> None:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            # What stands below the key of a map says "key" or "value"; the name of the entry is enough.
            name = path if key in {"key", "value", "_schema"} and path else f"{path}.{key}" if path else str(key)
            _flatten(inner, name, into)
    else:
        into.setdefault(path or "body", []).extend(str(message) for message in messages)


class ReadingBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest ships no annotations.
    """A flask-smorest blueprint that reads with ``Reader``, and documents header parameters and errors."""

    ARGUMENTS_PARSER = Reader()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What its endpoints may answer, so that the document shows an example of each once.
        self.errors: set[type[AppError]] = set()
        self._prepare_doc_cbks.append(_document_headers)


def _document_headers(doc: dict[str, Any], doc_info: dict[str, Any], **_: Any) -> dict[str, Any]:
    parameters = doc_info.get("faultline_parameters")
    if parameters:
        doc["parameters"] = [*doc.get("parameters", []), *parameters]
    return doc
