"""Sign in with a token, and out again. The browser keeps what the API gives it: a cookie no script can read."""

from http import HTTPStatus

from flask import Blueprint, Response, render_template, request

from services.gateway.ui.answering import HTML, led_to, local_address, page
from services.gateway.ui.ask import Answer, ApiRefused, write

blueprint = Blueprint("signing_in", __name__)


@blueprint.get("/sign-in")
def ask_token() -> Response:
    """Show the form that asks for a token."""
    return page("sign_in.html", next=local_address(request.args.get("next", "/")), problem=None)


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """Begin a session, and go on to where the person was going."""
    address = local_address(request.form.get("next", "/"))
    try:
        answer = write("POST", "/api/session", {"token": request.form.get("token", "").strip()})
    except ApiRefused as error:
        text = render_template("sign_in.html", next=address, problem=error.problem)
        return Response(text, error.status, content_type=HTML)
    return _with_cookie(led_to(address), answer)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session; one that is over already is as good as ended."""
    try:
        answer = write("DELETE", "/api/session")
    except ApiRefused as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        answer = error.answer
    return _with_cookie(led_to("/sign-in"), answer)


def _with_cookie(response: Response, answer: Answer) -> Response:
    """Hand the browser the cookie as the API set it."""
    for cookie in answer.headers.getlist("Set-Cookie"):
        response.headers.add("Set-Cookie", cookie)
    return response
