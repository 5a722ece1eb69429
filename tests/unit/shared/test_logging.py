import io
import json
import logging

import pytest
import structlog

from shared.adapters.logging import configure_logging


@pytest.fixture
def stream(capsys):
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield capsys
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream):
    return [json.loads(line) for line in stream.readouterr().err.splitlines()]


def test_our_lines_and_those_of_libraries_look_alike(stream):
    configure_logging(service="gateway")

    structlog.get_logger("ours").info("request answered", status=200)
    logging.getLogger("theirs").warning("request %s", "refused")

    ours, theirs = lines(stream)
    assert (ours["event"], ours["status"], ours["logger"]) == ("request answered", 200, "ours")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("request refused", "warning", "theirs")
    assert {"event", "level", "logger", "timestamp", "service"} <= ours.keys() & theirs.keys()


def test_what_is_below_the_level_is_not_written(stream):
    configure_logging(service="gateway", level="warning")

    structlog.get_logger("ours").info("quiet")
    structlog.get_logger("ours").warning("loud")

    assert [line["event"] for line in lines(stream)] == ["loud"]


@pytest.mark.parametrize("value", [object, "\ud800", {1: 2}, b"\xff"])
def test_no_value_keeps_a_line_from_being_written(stream, value):
    configure_logging(service="gateway")

    structlog.get_logger("ours").info("odd", value=value)

    assert lines(stream)[0]["event"] == "odd"


def test_an_exception_is_written_whole_in_one_line(stream):
    configure_logging(service="gateway")

    try:
        raise ValueError("first\nsecond")
    except ValueError:
        structlog.get_logger("ours").exception("it failed")

    (line,) = lines(stream)
    assert line["exception"].endswith("ValueError: first\nsecond")


def test_a_stream_that_is_gone_fails_nobody(stream):
    configure_logging(service="gateway")
    gone = io.StringIO()
    logging.getLogger().handlers[0].setStream(gone)
    gone.close()

    structlog.get_logger("ours").info("into the void")
