"""Declare an endpoint once: its path, least role, input, answers and errors; enforced and documented alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import marshmallow as ma
from flask import Response, g, request

from services.gateway import errors
from services.gateway.api.browser import check_write, session_secret
from services.gateway.api.current import authenticator
from services.gateway.api.problems import MEDIA_TYPE
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.shapes import ProblemShape
from services.gateway.domain.access import Subject, may
from services.gateway.domain.records import Role, Scope
from services.gateway.domain.scopes import usual_scope
from shared.errors import AppError

View = TypeVar("View", bound=Callable[..., Response])
Errors = tuple[type[AppError], ...]

_AUTH_ERRORS: Errors = (errors.Unauthenticated, errors.Forbidden, errors.TooManyBadTokens)
_BODY_ERRORS: Errors = (
    errors.MalformedJson,
    errors.JsonTooDeep,
    errors.BodyTooLarge,
    errors.UnsupportedMediaType,
    errors.ValidationFailed,
)
_WRITE_ERRORS: Errors = (errors.StoreUnavailable, errors.StoreBusy, errors.StoreFull)
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes repeats of this request have one effect and get the same answer, for two days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_MATCH_HEADER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag the change is based on; only its version, before the dash, is compared.",
    "schema": {"type": "string"},
}
_NONE_MATCH_HEADER = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An ETag the client holds; 304 if it is still what would be sent.",
    "schema": {"type": "string"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What an endpoint promises. ``role`` None: open to everyone who reaches the port.

    ``scope`` is the one it asks of tokens that name scopes, where it is not the usual one; ``is_scoped`` False: none,
    because it is about the subject itself.

    ``admit`` stands in place of the check for a bearer token of that role: it is handed what the path names, and
    sets the subject or raises. ``security`` names the schemes of the document that it takes, each by itself; empty
    where the credential travels in the path or the body, which no scheme can say.
    """

    path: str
    method: str = "GET"
    role: Role | None
    scope: Scope | None = None
    is_scoped: bool = True
    admit: Callable[..., None] | None = None
    security: tuple[str, ...] = ("bearer", "session")
    status: int = 200
    answer: type[ma.Schema] | ma.Schema | Mapping[str, Any] | None = None
    media_type: str = "application/json"
    example: Mapping[str, Any] | None = None
    query: type[ma.Schema] | None = None
    body: type[ma.Schema] | None = None
    body_example: Mapping[str, Any] | None = None
    errors: Errors = ()
    keyed: bool = False
    matched: bool = False
    conditional: bool = False
    # The shape of the answer that leads elsewhere, with its Location; None where none does.
    redirect: type[ma.Schema] | None = None
    parameters: tuple[Mapping[str, Any], ...] = ()
    # Headers of the answer, with what each says.
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def required_scope(self) -> Scope | None:
        """The scope a token must have, if it names any; None if none is asked for."""
        if self.role is None or not self.is_scoped:
            return None
        return self.scope or usual_scope(self.role, is_read=self.method == "GET")

    @property
    def all_errors(self) -> Errors:
        """Every error this endpoint may answer, those included that follow from what it takes."""
        found: list[type[AppError]] = [*self.errors]
        found += _AUTH_ERRORS if self.role else ()
        found += (errors.ScopeMissing,) if self.required_scope else ()
        found += (errors.CsrfFailed,) if self.method != "GET" and self.role and "session" in self.security else ()
        found += _BODY_ERRORS if self.body else ()
        found += (errors.ValidationFailed,) if self.query or self.keyed else ()
        found += _WRITE_ERRORS if self.method != "GET" else ()
        found += (errors.IdempotencyKeyReused,) if self.keyed else ()
        return tuple(dict.fromkeys(found))


def endpoint(blueprint: ReadingBlueprint, spec: Operation) -> Callable[[View], View]:
    """Return the decorator that puts a view behind its role, reads its input, and documents it."""

    def decorate(view: View) -> View:
        reading: Callable[..., Any] = view
        # Made once: a schema made anew for each request copies all its fields.
        if spec.body:
            required = not getattr(spec.body, "may_be_absent", False)
            reading = blueprint.arguments(spec.body(), location="json", required=required, example=spec.body_example)(
                reading
            )
        if spec.query:
            reading = blueprint.arguments(spec.query(), location="query")(reading)
        guarded = _guard(spec, reading)
        # flask-smorest documents by wrapping, once per answer. Only its notes are taken over: a dozen
        # wrappers around every request would cost more than the routing.
        guarded.__dict__["_apidoc"] = _document(blueprint, spec, reading)
        rule = spec.path.replace("{", "<").replace("}", ">")
        blueprint.route(rule, methods=[spec.method])(guarded)
        return view

    return decorate


def _guard(spec: Operation, view: Callable[..., Any]) -> Callable[..., Any]:
    role, admit, scope = spec.role, spec.admit, spec.required_scope

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if admit is not None:
            admit(**kwargs)
        elif role is not None:
            authorise(role, scope)
        return view(*args, **kwargs)

    return guarded


def authorise(role: Role, scope: Scope | None) -> None:
    """Let the request's subject through to what needs ``role`` and ``scope``; raise what says why not.

    A token goes before a cookie: who can send that header is no page of another site.
    """
    header, address = request.headers.get("Authorization"), request.remote_addr or ""
    secret = session_secret() if header is None else None
    if secret is None:
        let_in(authenticator().authenticate(header, address), role, scope)
        return
    subject = authenticator().recognise(secret, address)
    check_write(secret)
    let_in(subject, role, scope)


def let_in(subject: Subject, role: Role, scope: Scope | None) -> None:
    """Make ``subject`` the one behind this request; raise ``Forbidden`` or ``ScopeMissing`` if it is not for it."""
    g.subject = subject
    if not may(subject.role, role):
        raise errors.Forbidden(f"It needs the role {role}, and {subject.id} is {subject.role}.")
    if not subject.has(scope):
        raise errors.ScopeMissing(f"It needs the scope {scope}, which this token of {subject.id} does not have.")


def _document(blueprint: ReadingBlueprint, spec: Operation, view: Callable[..., Any]) -> dict[str, Any]:
    headers = _answer_headers(spec)
    documented = blueprint.response(
        spec.status,
        spec.answer,
        content_type=spec.media_type if spec.answer is not None else None,
        description=_describe(spec.status),
        example=spec.example,
        headers=headers or None,
    )(view)
    if spec.conditional:
        documented = blueprint.alt_response(304, description="The client holds this already")(documented)
    blueprint.errors.update(spec.all_errors)
    if spec.redirect:
        elsewhere = {"Location": {"schema": {"type": "string"}, "description": "Where it is now."}}
        documented = blueprint.alt_response(
            307, schema=spec.redirect, description="It is elsewhere", headers=elsewhere
        )(documented)
    for status, group in sorted(_by_status(spec.all_errors).items()):
        documented = blueprint.alt_response(
            status,
            schema=ProblemShape,
            content_type=MEDIA_TYPE,
            description="; ".join(f"`{error.code}`: {error.title}" for error in group),
            examples={error.code: {"$ref": f"#/components/examples/{error.__name__}"} for error in group},
        )(documented)
    apidoc: dict[str, Any] = documented.__dict__["_apidoc"]
    if "arguments" in apidoc:
        # Its own words for 422 would replace ours.
        apidoc["arguments"]["responses"] = {}
    apidoc["manual_doc"] = _manual(spec)
    apidoc["faultline_parameters"] = _header_parameters(spec)
    return apidoc


def _manual(spec: Operation) -> dict[str, Any]:
    manual: dict[str, Any] = {
        "x-required-role": str(spec.role) if spec.role else "none",
        "x-required-scope": str(spec.required_scope) if spec.required_scope else "none",
        **spec.extra,
    }
    manual["security"] = [{name: []} for name in spec.security] if spec.role else []
    return manual


def _header_parameters(spec: Operation) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = [*spec.parameters]
    found += [_KEY_HEADER] if spec.keyed else []
    found += [_MATCH_HEADER] if spec.matched else []
    found += [_NONE_MATCH_HEADER] if spec.conditional else []
    return found


def _answer_headers(spec: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {
        name: {"schema": {"type": "string"}, "description": text} for name, text in spec.headers.items()
    }
    if spec.conditional or spec.matched:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "Names exactly what is shown."}
    if spec.status in {201, 202}:
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where to look at it."}
    return headers


def _by_status(found: Iterable[type[AppError]]) -> dict[int, list[type[AppError]]]:
    groups: dict[int, list[type[AppError]]] = {}
    for error in found:
        groups.setdefault(error.http_status, []).append(error)
    return groups


def problem_examples(described: Iterable[type[AppError]]) -> dict[str, dict[str, Any]]:
    """Return the example of each error by its name in the document; a test provokes each and compares."""
    return {
        error.__name__: {
            "summary": error.title,
            "value": {
                "type": f"urn:faultline:problem:{error.code}",
                "title": error.title,
                "status": error.http_status,
                "detail": error.title,
                "code": error.code,
                "instance": "req_01KAVEXAMPLE",
                **error.example,
            },
        }
        for error in sorted(described, key=lambda error: error.__name__)
    }


def _describe(status: int) -> str:
    words = {200: "As asked", 201: "Made", 202: "Accepted; the job does the rest", 204: "Done", 302: "Elsewhere"}
    return words[status]
