"""Decide who sends a delivery: a signature where the source has one configured, else a token in any of its forms."""

import base64
import binascii

from flask import g, request

from services.gateway.api.auth import Authenticator
from services.gateway.api.current import authenticator, gateway
from services.gateway.api.operation import let_in
from services.gateway.api.routing_keys import read_event
from services.gateway.api.sources import Source
from services.gateway.domain.access import Subject
from services.gateway.domain.records import Role, Scope
from services.gateway.domain.signatures import find_signature
from services.gateway.errors import Forbidden, MalformedRequest


def admit(source: Source, token: str | None = None) -> None:
    """Let in who may send deliveries of ``source``; ``token`` is the one in the path, where the path has one.

    Raises ``Unauthenticated``, ``SignatureInvalid``, ``Forbidden``, ``TooManyBadTokens``, or what ``read_body`` raises.
    """
    limit = gateway().settings.max_body_bytes
    request.max_content_length = min(limit, source.limit or limit)
    auth, address = authenticator(), request.remote_addr or ""
    known = _service(auth, token, address) if token is not None else None
    signing = gateway().settings.signing.get(source.name)
    if signing is not None:
        now = gateway().clock.now().timestamp()
        known, found = auth.vouch(source.name, address, lambda: find_signature(signing, _header, read_body(), now))
        g.signature = found if source.has_telling_bodies or signing.signs_a_time else None
    let_in(known or identify_sender(auth, source, address), Role.SERVICE, Scope.INTAKE_SEND)


def read_body() -> bytes:
    """Return the body of this request, whole. Raises ``MalformedRequest`` if its end is missing."""
    body = request.get_data(cache=True)
    if request.content_length is not None and request.content_length != len(body):
        # Whatever server we run under: half of a delivery must never pass for a whole one.
        raise MalformedRequest("The body is shorter than its Content-Length.")
    return body


def signature() -> str | None:
    """Return the good signature of this request, where it tells the request from all others."""
    found: str | None = g.get("signature")
    return found


def identify_sender(auth: Authenticator, source: Source, address: str) -> Subject:
    """Return whose token this request shows, in whatever form the source uses; raises what ``admit`` raises."""
    header = request.headers.get("Authorization")
    if header is not None:
        return auth.identify(_secret_of(header, source.schemes), address)
    if source.takes_query_token and "access_token" in request.args:
        return _service(auth, request.args["access_token"], address)
    if source.takes_routing_key and (event := read_event(read_body())) is not None and event.routing_key:
        return _service(auth, event.routing_key, address)
    return auth.identify(None, address)


def _service(auth: Authenticator, secret: str, address: str) -> Subject:
    """Return the subject of a token that travels where others may read it: good for a service only."""
    subject = auth.identify(secret, address)
    if subject.role is not Role.SERVICE:
        raise Forbidden("A token in an address or a body must have the role service.")
    return subject


def _header(name: str) -> str:
    return request.headers.get(name, "")


def _secret_of(header: str, schemes: tuple[str, ...]) -> str:
    """Return the token of an Authorization header; empty if it is of a scheme this source does not use."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() not in schemes:
        return ""
    return _password(rest.strip()) if scheme.lower() == "basic" else rest.strip()


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
