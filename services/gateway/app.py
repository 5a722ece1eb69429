"""Put the public API together: blueprints, authentication, request ids, headers, logs, and errors in one place."""

import re
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BaseConverter

from services.gateway.api import (
    access,
    action_places,
    action_stats,
    actions,
    alerts,
    approvals,
    audit,
    deliveries,
    demo,
    diagnoses,
    docs,
    edited_reports,
    incident_moves,
    incidents,
    intake,
    investigations,
    jobs,
    policy,
    previews,
    queues,
    quickdx,
    reports,
    retention,
    rules,
    sessions,
    silences,
    statistics,
    streams,
    summaries,
    system,
    tasks,
)
from services.gateway.api.auth import Authenticator
from services.gateway.api.description import DescribedApi
from services.gateway.api.kept_answers import KeptAnswers
from services.gateway.api.metrics import Metrics
from services.gateway.api.problems import from_http_exception, problem_response
from services.gateway.api.request_trail import begin_trail, end_trail
from services.gateway.api.streams import Live
from services.gateway.handlers.judge import Judge
from services.gateway.live.board import LiveBoard
from services.gateway.trail import follow
from services.gateway.ui.ask import IN_PROCESS
from services.gateway.ui.assets import Assets
from services.gateway.ui.screens import add_screens, unknown_page
from services.gateway.wiring import Gateway
from shared.errors import AppError
from shared.ids import new_request_id

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics", "/assets/<name>"})
_QUIET_BLUEPRINTS = frozenset({intake.blueprint.name, alerts.blueprint.name})
_REFUSED = 400
_SERVER_ERROR = 500
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# Answers may be kept by the client, but never used without asking, nor by a proxy for someone else.
_CACHING = ("Cache-Control", "private, no-cache")
_POLICY = "Content-Security-Policy"
_STRICT_POLICY = (_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
# In the order of the document.
_BLUEPRINTS = (
    incidents.blueprint,
    incident_moves.blueprint,
    actions.blueprint,
    action_places.blueprint,
    action_stats.blueprint,
    approvals.blueprint,
    policy.blueprint,
    tasks.blueprint,
    diagnoses.blueprint,
    investigations.blueprint,
    quickdx.blueprint,
    reports.blueprint,
    edited_reports.blueprint,
    statistics.blueprint,
    summaries.blueprint,
    jobs.blueprint,
    queues.blueprint,
    deliveries.blueprint,
    demo.blueprint,
    intake.blueprint,
    rules.blueprint,
    silences.blueprint,
    streams.blueprint,
    previews.blueprint,
    alerts.blueprint,
    access.blueprint,
    sessions.blueprint,
    audit.blueprint,
    retention.blueprint,
    system.blueprint,
)


class _IdConverter(BaseConverter):
    """Takes every id but the words of operations that stand beside the records of some kinds."""

    regex = r"(?!(?:try|facets|summaries|inventory|precision)(?:/|\Z))[^/]+"
    part_isolating = True


class _App(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func``: no view here is a coroutine, and asking costs more than some views."""
        return func

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Add the headers every answer has. On the finished list: werkzeug's own container looks at each twice."""

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None
        ) -> Callable[[bytes], object]:
            headers.extend(_HEADERS)
            headers.append(("Date", _date_of(int(time.time()))))
            named = {name for name, _ in headers}
            headers.extend(one for one in (_STRICT_POLICY, _CACHING) if one[0] not in named)
            return start_response(status, headers, exc_info)

        try:
            return super().wsgi_app(environ, start)
        finally:
            # The thread serves others next.
            follow(None)


def create_app(
    gateway: Gateway,
    authenticator: Authenticator | None = None,
    board: LiveBoard | None = None,
    assets: Assets | None = None,
) -> Flask:
    """Return the WSGI app of the public API and the screens over ``gateway``.

    Close ``board`` to end the streams it has open. ``assets`` are the scripts and styles of the screens, by default
    those that ``make setup`` built.
    """
    app = _App("services.gateway", static_folder=None)
    app.url_map.converters["id"] = _IdConverter
    # A path with a slash too many is unknown, rather than led elsewhere by the Host header's word.
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=gateway.settings.max_body_bytes,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    app.extensions["faultline"] = gateway
    idle = timedelta(seconds=gateway.settings.session_idle_seconds)
    app.extensions["faultline_auth"] = authenticator or Authenticator(gateway.store, gateway.clock, idle=idle)
    app.extensions["faultline_judge"] = Judge(gateway.policy)
    app.extensions["faultline_kept"] = KeptAnswers(gateway.store, gateway.clock)
    app.extensions["faultline_live"] = live = Live(board or LiveBoard(gateway.store), gateway.settings)
    app.extensions["faultline_metrics"] = Metrics(gateway, open_streams=lambda: live.slots.taken)
    app.extensions["faultline_api"] = _register(app, gateway)
    add_screens(app, gateway.clock, assets)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(AppError, _answer_error)
    app.register_error_handler(Exception, _answer_unexpected)
    return app


def _register(app: Flask, gateway: Gateway) -> DescribedApi:
    api = DescribedApi(app, gateway.settings, gateway.version)
    for blueprint in _BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
    return api


@lru_cache(maxsize=1)
def _date_of(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _begin() -> None:
    g.began = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else new_request_id()
    # How an id is told from a word beside it is nobody's business who counts requests.
    g.route = route = request.url_rule.rule.replace("<id:", "<") if request.url_rule else "(none)"
    is_by_page = IN_PROCESS in request.environ
    begin_trail(g.request_id, route, is_traced=route not in _QUIET_ROUTES, is_asked_by_page=is_by_page)


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    route: str = g.route
    seconds = time.perf_counter() - g.began
    metrics: Metrics = current_app.extensions["faultline_metrics"]
    metrics.count_request(request.method, route, response.status_code, seconds)
    subject = g.get("subject")
    report = log.debug if route in _QUIET_ROUTES or _says_nothing_new(response) else log.info
    report(
        "request answered",
        request_id=g.request_id,
        subject=subject.id if subject else None,
        method=request.method,
        route=route,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 2),
    )
    end_trail(response.status_code)
    return response


def _says_nothing_new(response: Response) -> bool:
    """Answer whether others say as much: the records of deliveries that were taken, the line of a page that asked."""
    if response.status_code >= _REFUSED:
        return False
    is_read_by_page = IN_PROCESS in request.environ and request.method == "GET"
    return is_read_by_page or request.blueprint in _QUIET_BLUEPRINTS


def _answer_http(error: HTTPException) -> Response:
    page = unknown_page() if isinstance(error, NotFound) else None
    return page or from_http_exception(error)


def _answer_error(error: AppError) -> Response:
    if error.http_status >= _SERVER_ERROR:
        log.error("request failed", request_id=g.get("request_id"), code=error.code, detail=error.detail)
    return problem_response(error)


def _answer_unexpected(error: Exception) -> Response:
    """The outermost edge: whatever nobody foresaw is logged whole and told to the client as nothing but 500."""
    log.error("request met an unexpected error", request_id=g.get("request_id"), exc_info=error)
    return problem_response(AppError())
