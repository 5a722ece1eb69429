"""What protects browsers: the session's cookie, and the proof that a write comes from our own page."""

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Response, request

from services.gateway.api.current import gateway
from services.gateway.errors import CsrfFailed
from services.gateway.settings import Settings

CSRF_HEADER = "X-CSRF-Token"
_COOKIE = "faultline_session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ADVICE = f"Send `{CSRF_HEADER}` as GET /api/me shows it, from a page of this gateway."


def cookie_name(settings: Settings) -> str:
    """Return the name of the cookie. Over HTTPS it has the prefix that keeps other hosts from planting one."""
    return f"__Host-{_COOKIE}" if is_secure(settings) else _COOKIE


def is_secure(settings: Settings) -> bool:
    """Answer whether people reach the gateway over HTTPS, as far as we were told."""
    return settings.public_url is not None and settings.public_url.startswith("https:")


def session_secret() -> str | None:
    """Return the secret in the cookie of this request; None if there is none."""
    # Parsed only where there is one: most requests come from machines.
    if "Cookie" not in request.headers:
        return None
    return request.cookies.get(cookie_name(gateway().settings))


def give_cookie(response: Response, secret: str, lifetime: timedelta) -> None:
    """Have the browser keep the session: out of reach of scripts, and of requests that other sites begin."""
    _set_cookie(response, secret, int(lifetime.total_seconds()))


def take_cookie(response: Response) -> None:
    """Have the browser forget the session."""
    _set_cookie(response, "", 0)


def _set_cookie(response: Response, value: str, max_age: int) -> None:
    settings = gateway().settings
    response.set_cookie(
        cookie_name(settings),
        value,
        max_age=max_age,
        path="/",
        secure=is_secure(settings),
        httponly=True,
        samesite="Strict",
    )


def csrf_token(secret: str) -> str:
    """Return what a page must send with every write of this session: only who holds its cookie can be told it."""
    return hashlib.sha256(b"faultline csrf " + secret.encode()).hexdigest()


def check_write(secret: str) -> None:
    """Raise ``CsrfFailed`` if this request of the session writes, and no page of ours sent it."""
    if request.method in _SAFE_METHODS:
        return
    check_origin()
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(), csrf_token(secret).encode()):
        raise CsrfFailed(_ADVICE)


def check_origin() -> None:
    """Raise ``CsrfFailed`` if the browser says that a page of another site sent this request.

    Who sends neither header is no browser of these days, and must show a secret of its own all the same.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        raise CsrfFailed(_ADVICE)
    public_url = gateway().settings.public_url
    if public_url is not None:
        is_ours = origin is None or origin == public_url
    else:
        # A proxy may have changed the Host; where the browser itself said that it is the same site, that is enough.
        is_ours = origin is None or site is not None or urlsplit(origin).netloc == request.host
    if not is_ours:
        raise CsrfFailed(_ADVICE)
