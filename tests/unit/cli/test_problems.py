"""How a refusal of the API is worded, and the exit code it gives."""

import pytest

from services.cli.api_client import describe_problem, failure, is_loopback
from services.cli.exit_codes import ExitCode


def test_a_problem_is_one_line_with_title_detail_and_code() -> None:
    problem = {"title": "Not found", "detail": "There is no incident INC-9.", "code": "not_found"}

    assert describe_problem(404, problem) == "Not found: There is no incident INC-9. [not_found]"


def test_every_refused_field_is_named() -> None:
    problem = {
        "title": "Not valid",
        "code": "validation_failed",
        "errors": {"title": ["must not be blank"], "labels.team": ["too long", "not clean"]},
    }

    assert describe_problem(422, problem) == (
        "Not valid; title: must not be blank; labels.team: too long not clean [validation_failed]"
    )


def test_an_illegal_move_says_what_is_allowed() -> None:
    problem = {"title": "Illegal move", "code": "illegal_transition", "allowed": ["triage", "cancelled"]}

    assert describe_problem(409, problem) == "Illegal move; allowed: triage, cancelled [illegal_transition]"


def test_an_answer_that_is_no_problem_document_is_still_worded() -> None:
    assert describe_problem(502, {}) == "The gateway answered 502"


def test_a_problem_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in describe_problem(400, {"title": "\x1b[2Jgone", "detail": "two\nlines"})


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (401, "unauthenticated", ExitCode.NOT_AUTHORISED),
        (403, "forbidden", ExitCode.NOT_AUTHORISED),
        (404, "not_found", ExitCode.NOT_FOUND),
        (409, "illegal_transition", ExitCode.FAILED),
        (500, "blob_damaged", ExitCode.DAMAGED),
        (503, "storage_unavailable", ExitCode.FAILED),
    ],
)
def test_the_exit_code_says_what_kind_of_refusal_it_was(status: int, code: str, exit_code: ExitCode) -> None:
    assert failure(status, {"code": code}).exit_code == exit_code


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://localhost", True),
        ("http://[::1]:8080", True),
        ("https://faultline.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://127.0.0.1@example.com", False),
    ],
)
def test_only_this_machine_counts_as_here(url: str, here: bool) -> None:
    assert is_loopback(url) is here
